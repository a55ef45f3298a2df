//! What a CassandraTask's status says: JSON in, facts out.
//!
//! It may be anything: what is not as cass-operator writes it counts for nothing. The same reading serves for a status that
//! was observed and for the copy that was recorded.

use serde_json::{Map, Value, json};

use super::time::Time;

/// The reason of `Failed` in the copy of a CassandraTask that was deleted before it completed. API: decisions depend on it.
pub const DELETED: &str = "CassandraTaskDeleted";

/// The names of [`Progress::counts`], in their order.
pub const COUNTS: [&str; 3] = ["active", "succeeded", "failed"];

/// A pod that cass-operator has listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: PodState,
    /// Why it failed, on one line; empty if nothing is said.
    pub error: String,
}

/// How far a pod is. Other states (`WAITING`) say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodState {
    /// `RUNNING`.
    Running,
    /// `COMPLETED`.
    Completed,
    /// `ERROR`: failed for good.
    Failed,
}

/// The facts of one CassandraTask's status. The default is that of an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether cass-operator has picked the CassandraTask up: there is anything in the status at all. A startTime is no better
    /// sign, since cass-operator goes on when its write of that is lost.
    pub has_started: bool,
    /// The startTime.
    pub start: Option<Time>,
    /// Whether the job has ended, well or badly: it has a completionTime, or Complete is True.
    pub has_ended: bool,
    /// When it ended: the completionTime, or else when Complete turned True.
    pub end: Option<Time>,
    /// Whether the condition Complete is True.
    pub is_complete: bool,
    /// Whether the condition Running is True.
    pub is_running: bool,
    /// Why it failed, if it did; empty if nothing is said.
    pub failure: Option<String>,
    /// When the condition Failed turned True.
    pub failed_at: Option<Time>,
    /// Whether it was recorded as deleted before it completed.
    pub is_lost: bool,
    /// Whether a failed one has stopped: it has a completionTime, or Running is not True.
    pub has_stopped: bool,
    /// `active`, `succeeded` and `failed`.
    pub counts: [i64; 3],
    /// The pods that were begun.
    pub pods: Vec<Pod>,
    /// Whether it says when any pod was begun or done.
    pub has_pod_times: bool,
    /// The latest time at which cass-operator is known to have done something.
    pub latest: Option<Time>,
}

impl Progress {
    /// Reads a status.
    pub fn read(status: &Value) -> Progress {
        let completion = time(&status["completionTime"]);
        let complete = condition(status, "Complete").filter(|it| is_true(it));
        let failed = condition(status, "Failed").filter(|it| is_true(it));
        let is_running = condition(status, "Running").is_some_and(is_true);
        let counts = COUNTS.map(|name| status[name].as_i64().unwrap_or(0));
        // Anything else as a completionTime is no end: the next datacenter would be started beside this one.
        let has_ended = completion.is_some() || complete.is_some();
        // cass-operator before 1.18 counts the pods that failed, and sets no condition.
        let [_, _, failed_pods] = counts;
        let start = time(&status["startTime"]);
        let counted =
            || (has_ended && failed_pods > 0).then(|| count(failed_pods, "pod", "failed"));
        Progress {
            has_started: has_content(status),
            start,
            has_ended,
            end: completion.or_else(|| complete.and_then(transition)),
            is_complete: complete.is_some(),
            is_running,
            failure: failed.map(message).or_else(counted),
            failed_at: failed.and_then(transition),
            is_lost: failed.is_some_and(|it| it["reason"] == DELETED),
            has_stopped: completion.is_some() || !is_running,
            counts,
            pods: pods(status),
            has_pod_times: pod_times(status).next().is_some(),
            latest: pod_times(status).chain(start).max(),
        }
    }

    /// The pods in a state.
    pub fn pods_in(&self, state: PodState) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(move |pod| pod.state == state)
    }

    /// Whether any pod was processed, as far as the status says.
    pub fn has_processed_pods(&self) -> bool {
        let [_, succeeded, failed] = self.counts;
        succeeded > 0 || failed > 0 || !self.pods.is_empty()
    }
}

/// "1 pod failed", "2 pods failed".
pub fn count(number: i64, noun: &str, verb: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural} {verb}")
}

/// Whether a status says anything at all.
pub fn has_content(status: &Value) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    let fields = status.as_object();
    fields.is_some_and(|fields| !fields.values().all(is_empty))
}

/// The condition of that type in a status, whatever else the status is.
pub fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = status["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == kind)
}

/// Whether a condition's status is True.
pub fn is_true(condition: &Value) -> bool {
    condition["status"] == "True"
}

/// When a condition's status changed.
pub fn transition(condition: &Value) -> Option<Time> {
    time(&condition["lastTransitionTime"])
}

fn message(condition: &Value) -> String {
    let message = condition["message"].as_str().unwrap_or_default();
    message.trim().to_owned()
}

fn time(value: &Value) -> Option<Time> {
    value.as_str().and_then(Time::parse)
}

fn pod_times(status: &Value) -> impl Iterator<Item = Time> + '_ {
    let pods = status["podStatuses"].as_object().into_iter().flatten();
    pods.flat_map(|(_, pod)| [time(&pod["startTime"]), time(&pod["completionTime"])])
        .flatten()
}

fn pods(status: &Value) -> Vec<Pod> {
    let pods = status["podStatuses"].as_object().into_iter().flatten();
    let read = |(name, pod): (&String, &Value)| {
        let state = match pod["status"].as_str()? {
            "RUNNING" => PodState::Running,
            "COMPLETED" => PodState::Completed,
            "ERROR" => PodState::Failed,
            _ => return None,
        };
        let words = pod["error"].as_str().unwrap_or_default().split_whitespace();
        Some(Pod {
            name: name.clone(),
            state,
            error: words.collect::<Vec<_>>().join(" "),
        })
    };
    pods.filter_map(read).collect()
}

/// A copy of a CassandraTask's status that an API server takes into a K8ssandraTask as it is: fields that the definition
/// does not have, or that are of another type, are left out, for they would be dropped or refused; what it requires of
/// conditions and older cass-operators left out is filled in.
pub fn copy(status: &Value, created: Option<Time>) -> Value {
    let mut copy = known_fields(status, &["startTime", "completionTime"], &COUNTS, &[]);
    let since = ["completionTime", "startTime"]
        .iter()
        .find_map(|name| copy.get(*name).cloned())
        .or_else(|| created.map(|time| json!(time.to_string())));
    let conditions: Vec<Value> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|condition| copied_condition(condition, since.as_ref()))
        .collect();
    if !conditions.is_empty() {
        copy.insert("conditions".into(), Value::Array(conditions));
    }
    let pods = status["podStatuses"].as_object().into_iter().flatten();
    let pods: Map<String, Value> = pods
        .filter(|(_, pod)| pod["status"].is_string())
        .map(|(name, pod)| {
            let times = ["startTime", "completionTime"];
            (
                name.clone(),
                Value::Object(known_fields(
                    pod,
                    &times,
                    &["retries"],
                    &["status", "jobId", "error"],
                )),
            )
        })
        .collect();
    if !pods.is_empty() {
        copy.insert("podStatuses".into(), Value::Object(pods));
    }
    Value::Object(copy)
}

fn known_fields(
    value: &Value,
    times: &[&str],
    numbers: &[&str],
    texts: &[&str],
) -> Map<String, Value> {
    let is_known = |name: &str, value: &Value| {
        (times.contains(&name) && time(value).is_some())
            || (numbers.contains(&name) && value.is_i64())
            || (texts.contains(&name) && value.is_string())
    };
    let fields = value.as_object().into_iter().flatten();
    let known = fields.filter(|(name, value)| is_known(name, value));
    known
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A copy of a condition that an API server takes; `None` if it is none. One without a time gets that one.
pub fn copied_condition(condition: &Value, since: Option<&Value>) -> Option<Value> {
    let kind = condition["type"].as_str().filter(|kind| !kind.is_empty())?;
    let status = condition["status"].as_str()?;
    let is_status = ["True", "False", "Unknown"].contains(&status);
    let reason = condition["reason"]
        .as_str()
        .filter(|reason| is_reason(reason));
    let transition = match transition(condition) {
        Some(_) => condition["lastTransitionTime"].clone(),
        None => since?.clone(),
    };
    let mut copy = known_fields(condition, &[], &["observedGeneration"], &[]);
    copy.insert("type".into(), json!(kind));
    copy.insert("status".into(), json!(status));
    copy.insert(
        "reason".into(),
        json!(
            reason
                .or_else(|| is_reason(kind).then_some(kind))
                .unwrap_or("Unknown")
        ),
    );
    copy.insert(
        "message".into(),
        json!(condition["message"].as_str().unwrap_or_default()),
    );
    copy.insert("lastTransitionTime".into(), transition);
    is_status.then_some(Value::Object(copy))
}

/// Whether Kubernetes takes it as the reason of a condition.
fn is_reason(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_,:".contains(c);
    text.len() <= 1_024
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(is_part)
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
