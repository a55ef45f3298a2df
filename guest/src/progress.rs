//! What a CassandraTask's status says: JSON in, facts out.
//!
//! It may be anything: what is not as cass-operator writes it counts for nothing and is named among the flaws. The same
//! reading serves for a status seen just now and for the copy that was recorded.

use serde_json::Value;

use crate::time::Time;

/// The facts of one CassandraTask's status. The default is that of an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether cass-operator has taken the task up: there is anything in it at all. A startTime is no better a sign, since
    /// cass-operator goes on when its write of that is lost.
    pub has_begun: bool,
    /// When it began.
    pub start: Option<Time>,
    /// Whether the work has ended, well or badly: it has a completionTime that is one, or Complete is True.
    pub has_ended: bool,
    /// When it ended: the completionTime, or else when Complete turned True.
    pub end: Option<Time>,
    /// Whether Running is True.
    pub is_running: bool,
    /// The message of Failed, where that is True.
    pub failure: Option<String>,
    /// Whether a failed one has stopped: it has a completionTime, or Running is not True.
    pub has_stopped: bool,
    /// `active`, `succeeded` and `failed`.
    pub counts: [i64; 3],
    /// How many pods are done, of how many that are known, where `podStatuses` says it.
    pub pods: Option<(usize, usize)>,
    /// The pods that are worked on, and since when.
    pub working: Vec<(String, Option<Time>)>,
    /// The pods that failed, and why, where that is said.
    pub errors: Vec<(String, String)>,
    /// What could not be read.
    pub flaws: Vec<String>,
}

/// The names of [`Progress::counts`], in their order.
pub const COUNTS: [&str; 3] = ["active", "succeeded", "failed"];

impl Progress {
    /// Reads a status.
    pub fn read(status: &Value) -> Progress {
        let mut flaws = Vec::new();
        if !status.is_null() && !status.is_object() {
            flaws.push("status is not an object".to_owned());
        }
        let start = time(status, "startTime", &mut flaws);
        let completion = time(status, "completionTime", &mut flaws);
        if !matches!(&status["conditions"], Value::Null | Value::Array(_)) {
            flaws.push("status.conditions is not a list".to_owned());
        }
        let complete = condition(status, "Complete").filter(|condition| is_true(condition));
        let is_running = condition(status, "Running").is_some_and(is_true);
        // Anything else there is a flaw, and no end: the next datacenter would be begun beside this one.
        let has_completion = completion.is_some();
        Progress {
            has_begun: status
                .as_object()
                .is_some_and(|fields| !fields.values().all(is_empty)),
            start,
            has_ended: has_completion || complete.is_some(),
            end: completion.or_else(|| complete.and_then(transition)),
            is_running,
            failure: condition(status, "Failed")
                .filter(|condition| is_true(condition))
                .map(message),
            has_stopped: has_completion || !is_running,
            counts: COUNTS.map(|name| count(status, name, &mut flaws)),
            pods: pods(status),
            working: working(status),
            errors: errors(status),
            flaws,
        }
    }
}

/// The condition of that type in a status, whatever else the status is.
pub fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"]
        .as_array()?
        .iter()
        .find(|condition| condition["type"] == kind)
}

/// Whether a condition's status is True.
pub fn is_true(condition: &Value) -> bool {
    condition["status"] == "True"
}

/// When a condition turned.
pub fn transition(condition: &Value) -> Option<Time> {
    condition["lastTransitionTime"]
        .as_str()
        .and_then(Time::parse)
}

fn message(condition: &Value) -> String {
    condition["message"]
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn time(status: &Value, name: &str, flaws: &mut Vec<String>) -> Option<Time> {
    let value = &status[name];
    let time = value.as_str().and_then(Time::parse);
    if time.is_none() && !value.is_null() {
        flaws.push(format!("status.{name} is not an RFC 3339 time"));
    }
    time
}

fn count(status: &Value, name: &str, flaws: &mut Vec<String>) -> i64 {
    let value = &status[name];
    if !value.is_null() && !value.is_i64() {
        flaws.push(format!("status.{name} is not an integer"));
    }
    value.as_i64().unwrap_or(0)
}

fn pods(status: &Value) -> Option<(usize, usize)> {
    let pods = status["podStatuses"]
        .as_object()
        .filter(|pods| !pods.is_empty())?;
    let is_done = |pod: &&Value| matches!(pod["status"].as_str(), Some("COMPLETED" | "ERROR"));
    Some((pods.values().filter(is_done).count(), pods.len()))
}

fn in_state<'a>(
    status: &'a Value,
    state: &'static str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let pods = status["podStatuses"].as_object().into_iter().flatten();
    pods.filter(move |(_, pod)| pod["status"] == state)
}

fn working(status: &Value) -> Vec<(String, Option<Time>)> {
    let start = |pod: &Value| pod["startTime"].as_str().and_then(Time::parse);
    let pods = in_state(status, "RUNNING");
    pods.map(|(name, pod)| (name.clone(), start(pod))).collect()
}

fn errors(status: &Value) -> Vec<(String, String)> {
    let pods = in_state(status, "ERROR").filter_map(|(name, pod)| {
        // On one line, since it goes into one.
        let words: Vec<&str> = pod["error"].as_str()?.split_whitespace().collect();
        (!words.is_empty()).then(|| (name.clone(), words.join(" ")))
    });
    pods.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_statuses_of_cass_operator() {
        let started = Progress::read(&json!({"startTime": "2022-12-15T19:43:35Z", "active": 1}));
        assert!(started.has_begun && !started.has_ended && !started.is_running);
        assert_eq!(started.counts, [1, 0, 0]);

        let done = Progress::read(&json!({
            "startTime": "2022-12-15T19:43:35Z",
            "completionTime": "2022-12-15T19:44:25Z",
            "succeeded": 3,
            "conditions": [{"type": "Complete", "status": "True"}, {"type": "Running", "status": "False"}],
        }));
        assert!(done.has_ended && done.has_stopped && done.failure.is_none());
        assert_eq!(done.end, Time::parse("2022-12-15T19:44:25Z"));

        let failing = Progress::read(&json!({"conditions": [
            {"type": "Running", "status": "True"},
            {"type": "Failed", "status": "True", "message": "1 pods failed during processing"},
        ]}));
        assert_eq!(
            failing.failure.as_deref(),
            Some("1 pods failed during processing")
        );
        assert!(failing.is_running && !failing.has_stopped);
    }

    #[test]
    fn complete_without_a_completion_time_ended_when_it_turned() {
        let status = json!({"conditions": [
            {"type": "Complete", "status": "True", "lastTransitionTime": "2022-12-15T19:44:25Z"},
        ]});
        assert_eq!(
            Progress::read(&status).end,
            Time::parse("2022-12-15T19:44:25Z")
        );
    }

    #[test]
    fn pods_are_counted_where_they_are_listed() {
        let status = json!({"podStatuses": {
            "a": {"status": "COMPLETED", "error": "no"},
            "b": {"status": "ERROR", "error": " a\n b "},
            "c": {"status": "RUNNING", "startTime": "2022-12-15T19:43:35Z"},
            "d": 1,
            "e": {"status": "RUNNING", "startTime": 1},
            "f": {"status": "ERROR", "error": ""},
        }});
        let progress = Progress::read(&status);
        assert_eq!(progress.pods, Some((3, 6)));
        assert_eq!(
            progress.working,
            [
                ("c".to_owned(), Time::parse("2022-12-15T19:43:35Z")),
                ("e".to_owned(), None)
            ]
        );
        assert_eq!(progress.errors, [("b".to_owned(), "a b".to_owned())]);
        assert_eq!(Progress::read(&json!({"podStatuses": {}})).pods, None);
    }

    #[test]
    fn nothing_has_not_begun_and_anything_is_read() {
        for blank in [
            json!(null),
            json!({}),
            json!({"conditions": [], "podStatuses": {}, "startTime": null}),
            json!([1]),
        ] {
            assert!(!Progress::read(&blank).has_begun, "{blank}");
        }
        for begun in [
            json!({"active": 1}),
            json!({"conditions": [{"type": "Running"}]}),
        ] {
            assert!(Progress::read(&begun).has_begun, "{begun}");
        }
        let odd = json!({"startTime": 1, "active": "x", "conditions": {"type": "Failed"}});
        let flaws = Progress::read(&odd).flaws;
        assert_eq!(
            flaws,
            [
                "status.startTime is not an RFC 3339 time",
                "status.conditions is not a list",
                "status.active is not an integer",
            ]
        );
        assert_eq!(
            Progress::read(&json!([1])).flaws,
            ["status is not an object"]
        );
    }
}
