use serde_json::json;

use super::*;

const START: &str = "2022-12-15T19:43:35Z";
const END: &str = "2022-12-15T19:44:25Z";

#[test]
fn the_statuses_of_cass_operator() {
    let started = Progress::read(&json!({"startTime": START, "active": 1}));
    assert!(started.has_started && !started.has_ended && !started.is_running);
    assert_eq!(started.counts, [1, 0, 0]);

    let done = Progress::read(&json!({
        "startTime": START,
        "completionTime": END,
        "succeeded": 3,
        "conditions": [{"type": "Complete", "status": "True"}, {"type": "Running", "status": "False"}],
    }));
    assert!(done.has_ended && done.is_complete && done.has_stopped && done.failure.is_none());
    assert_eq!(done.end, Time::parse(END));

    let failing = Progress::read(&json!({"conditions": [
        {"type": "Running", "status": "True"},
        {"type": "Failed", "status": "True", "message": "1 pods failed during processing"},
    ]}));
    assert_eq!(
        failing.failure.as_deref(),
        Some("1 pods failed during processing")
    );
    assert!(failing.is_running && !failing.has_stopped && !failing.is_lost);
}

#[test]
fn failed_pods_are_a_failure_once_it_has_ended_without_a_condition() {
    let failure = |status: Value| Progress::read(&status).failure;
    let ended = |failed: i64| json!({"completionTime": END, "failed": failed});
    assert_eq!(failure(ended(2)).as_deref(), Some("2 pods failed"));
    assert_eq!(failure(ended(1)).as_deref(), Some("1 pod failed"));
    assert_eq!(failure(ended(0)), None);
    assert_eq!(
        failure(json!({"failed": 1})),
        None,
        "cass-operator's count goes up and down"
    );
}

#[test]
fn complete_without_a_completion_time_ended_when_it_turned() {
    let status =
        json!({"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": END}]});
    assert_eq!(Progress::read(&status).end, Time::parse(END));
}

#[test]
fn pods_are_those_that_were_begun() {
    let status = json!({"podStatuses": {
        "a": {"status": "COMPLETED", "error": "no"},
        "b": {"status": "ERROR", "error": " a\n b "},
        "c": {"status": "RUNNING", "startTime": START},
        "d": 1,
        "e": {"status": "WAITING"},
    }});
    let progress = Progress::read(&status);
    let names = |state| {
        progress
            .pods_in(state)
            .map(|pod| pod.name.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(PodState::Completed), ["a"]);
    assert_eq!(names(PodState::Failed), ["b"]);
    assert_eq!(names(PodState::Running), ["c"]);
    assert_eq!(progress.pods[1].error, "a b");
    assert!(progress.has_pod_times);
    assert!(progress.has_processed_pods());
}

#[test]
fn nothing_has_not_started_and_anything_is_read() {
    for empty in [
        json!(null),
        json!({}),
        json!({"conditions": [], "podStatuses": {}, "startTime": null}),
        json!([1]),
    ] {
        assert!(!Progress::read(&empty).has_started, "{empty}");
    }
    for started in [
        json!({"active": 1}),
        json!({"conditions": [{"type": "Running"}]}),
    ] {
        assert!(Progress::read(&started).has_started, "{started}");
    }
    let odd = Progress::read(
        &json!({"completionTime": 1, "active": "x", "conditions": {"type": "Failed"}}),
    );
    assert!(!odd.has_ended && odd.failure.is_none() && odd.counts == [0, 0, 0]);
}

/// Compares the copy of a status with what is expected of it.
fn check_copy(status: Value, expected: Value) {
    assert_eq!(copy(&status, Time::parse(START)), expected, "{status}");
}

#[test]
fn a_copy_is_as_it_is() {
    let status = json!({
        "startTime": START, "completionTime": END, "active": 0, "succeeded": 2, "failed": 1,
        "conditions": [{"type": "Failed", "status": "True", "reason": "Failed", "message": "no", "lastTransitionTime": END, "observedGeneration": 1}],
        "podStatuses": {"p": {"status": "ERROR", "startTime": START, "completionTime": END, "jobId": "1", "error": "no", "retries": 1}},
    });
    check_copy(status.clone(), status);
    check_copy(json!(null), json!({}));
}

#[test]
fn a_copy_has_nothing_that_an_api_server_would_drop_or_refuse() {
    check_copy(
        json!({"startTime": "soon", "active": 1.5, "newer": {}, "podStatuses": {"p": {"status": 1}, "q": {"status": "RUNNING", "x": 1}}}),
        json!({"podStatuses": {"q": {"status": "RUNNING"}}}),
    );
    let filled = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": START});
    for (condition, expected) in [
        (
            json!({"type": "Complete", "status": "True"}),
            json!([filled("Complete", "Complete")]),
        ),
        (
            json!({"type": "a.b/C", "status": "True", "reason": "not one"}),
            json!([filled("a.b/C", "Unknown")]),
        ),
    ] {
        check_copy(
            json!({"conditions": [condition]}),
            json!({"conditions": expected}),
        );
    }
    for dropped in [
        json!({"type": "", "status": "True"}),
        json!({"type": "X", "status": "Yes"}),
        json!({"type": "X"}),
        json!(1),
    ] {
        check_copy(json!({"conditions": [dropped]}), json!({}));
    }
}
