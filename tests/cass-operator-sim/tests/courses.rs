//! What holds in every course of the table, in datacenters of any size.
#![allow(clippy::unwrap_used, reason = "a test")]

use cass_operator_sim::{Datacenter, Ends, Times, Write, table};
use serde_json::{Value, json};

const TIMES: Times<'_> = Times {
    now: "2022-12-15T19:44:26Z",
    reconcile: "2022-12-15T19:44:25Z",
};

fn writes(course: &str, pods: usize, fails: usize) -> Vec<Write> {
    let datacenter = Datacenter {
        fails,
        retries: usize::from(fails > 0),
        ..Datacenter::new("demo", "dc1", pods)
    };
    table().writes(course, &datacenter)
}

/// The status after each write of it.
fn statuses(writes: &[Write]) -> Vec<Value> {
    let mut status = json!({});
    let writes = writes.iter().filter(|write| write.is_of_status());
    let statuses = writes.map(|write| {
        write.apply(&mut status, TIMES);
        status.clone()
    });
    statuses.collect()
}

fn is(status: &Value, condition: &str) -> Option<String> {
    let conditions = status["conditions"].as_array()?;
    let found = conditions.iter().find(|it| it["type"] == condition)?;
    Some(found["status"].as_str()?.to_owned())
}

fn states(status: &Value) -> Vec<&str> {
    let pods = status["podStatuses"].as_object().into_iter().flatten();
    pods.map(|(_, pod)| pod["status"].as_str().unwrap())
        .collect()
}

#[test]
fn every_course_keeps_to_what_is_always_so() {
    for course in table().courses() {
        for (pods, fails) in [(1, 0), (2, 1), (3, 0), (3, 3), (10, 2)] {
            let all = statuses(&writes(course, pods, fails));
            for status in &all {
                let has_ended = status["completionTime"].is_string();
                let at = format!("{course}: {status:#}");
                assert!(has_ended || is(status, "Failed").is_none(), "{at}");
                assert_eq!(has_ended, is(status, "Complete").is_some(), "{at}");
                assert_eq!(has_ended, status["active"].is_null(), "{at}");
                for count in ["active", "succeeded", "failed"] {
                    assert_ne!(status[count], 0, "{at}");
                }
                if has_ended {
                    assert_eq!(is(status, "Running").as_deref(), Some("False"), "{at}");
                }
            }
            let ended = all.iter().filter(|it| it["completionTime"].is_string());
            let expected = usize::from(table().ends(course) == Ends::Always);
            assert_eq!(ended.count(), expected, "{course}");
        }
    }
}

#[test]
fn pods_are_listed_once_they_have_begun() {
    let all = statuses(&writes("asynchronous", 3, 0));
    let expected: [&[&str]; 10] = [
        &[],
        &[],
        &["RUNNING"],
        &["COMPLETED", "RUNNING"],
        &["COMPLETED", "RUNNING"],
        &["COMPLETED", "RUNNING"],
        &["COMPLETED", "COMPLETED"],
        &["COMPLETED", "COMPLETED", "RUNNING"],
        &["COMPLETED", "COMPLETED", "RUNNING"],
        &["COMPLETED", "COMPLETED", "COMPLETED"],
    ];
    let seen: Vec<_> = all.iter().map(states).collect();
    assert_eq!(seen[..10], expected);
    let counts: Vec<_> = all.iter().map(|it| it["succeeded"].as_u64()).collect();
    let two = Some(2);
    let expected = [
        None,
        None,
        None,
        None,
        Some(1),
        None,
        None,
        None,
        two,
        two,
        Some(3),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn the_order_of_the_conditions() {
    let order = |course, fails| {
        let all = statuses(&writes(course, 3, fails));
        let conditions = all.last().unwrap()["conditions"]
            .as_array()
            .unwrap()
            .clone();
        let types = conditions.into_iter().map(|it| it["type"].clone());
        types.collect::<Vec<_>>()
    };
    let running = ["Running", "Complete", "Failed"];
    assert_eq!(order("asynchronous", 0), running[..2]);
    assert_eq!(order("asynchronous", 1), running);
    assert_eq!(order("restart", 0), ["Complete", "Running"]);
    let refresh = ["DatacenterUpdated", "Complete", "Running"];
    assert_eq!(order("refresh", 0), refresh);
    let error = ["Complete", "Running", "Failed"];
    assert_eq!(order("terminal-error", 0), error);
}

#[test]
fn a_restart_counts_old_pods_and_lists_none() {
    let all = statuses(&writes("restart", 3, 0));
    let counts: Vec<_> = all.iter().map(|it| it["succeeded"].as_u64()).collect();
    assert_eq!(counts, [None, Some(2), Some(3), Some(3)]);
    assert!(all.iter().all(|status| status["podStatuses"].is_null()));
}

#[test]
fn a_retried_pod_stays_running_with_another_job() {
    let all = statuses(&writes("asynchronous", 1, 1));
    let pod = |status: &Value| status["podStatuses"]["demo-dc1-r1-sts-0"].clone();
    let [begun, retried] = [pod(&all[2]), pod(&all[3])];
    assert_eq!(
        [&begun["status"], &retried["status"]],
        ["RUNNING", "RUNNING"]
    );
    assert_ne!(begun["jobId"], retried["jobId"]);
    assert_eq!(retried["retries"], 1);
}

#[test]
fn the_label_comes_before_the_status_and_defaults_only_where_there_is_nothing() {
    let writes = writes("asynchronous", 3, 0);
    let names: Vec<_> = writes.iter().map(Write::name).collect();
    assert_eq!(names[..3], ["label-active", "start", "run"]);
    assert_eq!(names[names.len() - 2..], ["label-completed", "complete"]);
    let spec = json!({"restartPolicy": "Never", "jobs": [{"name": "a"}, {"args": {"x": 1}}]});
    let mut task =
        json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "p"}}, "spec": spec});
    writes[0].apply(&mut task, TIMES);
    let jobs = json!([{"name": "a", "args": {}}, {"args": {"x": 1}}]);
    let expected = json!({"restartPolicy": "Never", "concurrencyPolicy": "Forbid", "jobs": jobs});
    assert_eq!(task["spec"], expected);
    let labels = &task["metadata"]["labels"];
    assert_eq!(labels["app.kubernetes.io/part-of"], "p");
    assert_eq!(labels["cassandra.datastax.com/datacenter"], "dc1");
    assert_eq!(labels["control.k8ssandra.io/status"], "active");
}

#[test]
fn which_course_a_task_takes() {
    let course = |spec: Value, fails| table().course_of(&spec, fails);
    let jobs = |command: &str| json!({"jobs": [{"command": command}]});
    assert_eq!(course(jobs("cleanup"), 0), "asynchronous");
    assert_eq!(course(jobs("tsreload"), 0), "synchronous");
    assert_eq!(course(jobs("replacenode"), 0), "terminal-error");
    let arguments = json!({"jobs": [{"command": "move", "args": {"new_tokens": {"pod": "1"}}}]});
    assert_eq!(course(arguments, 0), "asynchronous");
    assert_eq!(course(jobs("restart"), 1), "restart-pod-never-ready");
    assert_eq!(course(jobs("dance"), 0), "unknown-command");
    assert_eq!(course(json!({"jobs": [{}, {}]}), 0), "several-jobs");
    let none = json!({"maxConcurrentPods": 0, "jobs": [{"command": "flush"}]});
    assert_eq!(course(none, 0), "max-concurrent-pods-0");
}
