//! The K8ssandraTask's status as it was recorded, and what of a CassandraTask's status is recorded in it.
//!
//! It may have been written by an older version or by k8ssandra-operator, so anything is read, and what makes no sense
//! counts as not recorded. The types and reasons of conditions that decisions depend on are constants here, and API.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cassandra_task::{COUNTS, Progress};
use super::json::{self, condition, transition, true_condition};
use super::names;
use super::time::Time;

/// The reason of `Running` in a task that has finished: its status stays as it is from then on.
pub const FINISHED: &str = "Finished";
/// The reason of `Failed` where a failure has cancelled the remaining datacenters.
pub const CANCELLED: &str = "RemainingCancelled";

/// The reasons of the condition `Stalled`. API.
pub mod stalled {
    /// A task was restored from a backup without its status.
    pub const STATUS_LOST: &str = "StatusLost";
    /// A task that has started has no cluster any more.
    pub const CLUSTER_NOT_FOUND: &str = "ClusterNotFound";
    /// The API server refuses a patch of the metadata: finalizer, owner reference or record.
    pub const RECORD_REFUSED: &str = "RecordRefused";
    /// The API server refuses a CassandraTask. A decision depends on it: a host that was started anew knows of no failure.
    pub const CREATE_REFUSED: &str = "CreateRefused";
    pub const DELETION_BLOCKED: &str = "DeletionBlocked";
    pub const CONTEXT_UNAVAILABLE: &str = "ContextUnavailable";
    /// An object that does not belong to the task has the name of a CassandraTask that was started.
    pub const NAME_CONFLICT: &str = "NameConflict";
    /// cass-operator has not picked a CassandraTask up for long.
    pub const NOT_PICKED_UP: &str = "NotPickedUp";
    /// cass-operator has picked a CassandraTask up, and nothing comes of it.
    pub const NOT_PROGRESSING: &str = "NotProgressing";
}

#[derive(Debug, Default, Clone)]
pub struct Recorded {
    status: Value,
    /// Read when it is asked for: of a status that is about to be written it seldom is.
    datacenters: OnceCell<BTreeMap<String, Progress>>,
}

impl Recorded {
    pub fn read(status: Value) -> Recorded {
        Recorded {
            status,
            ..Recorded::default()
        }
    }

    pub fn status(&self) -> &Value {
        &self.status
    }

    /// Its fields but for these, those of others included.
    pub fn fields_without(&self, names: &[&str]) -> Map<String, Value> {
        json::fields(&self.status)
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The copies of the CassandraTasks' statuses, by datacenter.
    pub fn datacenters(&self) -> &BTreeMap<String, Progress> {
        self.datacenters.get_or_init(|| {
            json::fields(&self.status["datacenters"])
                .filter(|(_, copy)| copy.is_object())
                .map(|(name, copy)| (name.clone(), Progress::read(copy)))
                .collect()
        })
    }

    /// The copy of the status of a datacenter's CassandraTask, and what it says.
    pub fn copy(&self, datacenter: &str) -> Option<(&Value, &Progress)> {
        let progress = self.datacenters().get(datacenter)?;
        Some((&self.status["datacenters"][datacenter], progress))
    }

    pub fn condition(&self, kind: &str) -> Option<&Value> {
        condition(&self.status, kind)
    }

    pub fn is_true(&self, kind: &str) -> bool {
        true_condition(&self.status, kind).is_some()
    }

    pub fn true_reason(&self, kind: &str) -> Option<&str> {
        true_condition(&self.status, kind)?["reason"].as_str()
    }

    pub fn true_since(&self, kind: &str) -> Option<Time> {
        true_condition(&self.status, kind).and_then(transition)
    }

    /// Whether a failure has cancelled the remaining datacenters. That is final.
    pub fn is_cancelled(&self) -> bool {
        self.true_reason("Failed") == Some(CANCELLED)
    }

    pub fn start(&self) -> Option<Time> {
        Time::read(&self.status["startTime"])
    }

    pub fn completion(&self) -> Option<Time> {
        Time::read(&self.status["completionTime"])
    }

    /// Whether the task was recorded as finished: completed, or stopped by a failure.
    pub fn is_finished(&self) -> bool {
        let running = self.condition("Running");
        self.completion().is_some()
            || self.is_true("Complete")
            || running.is_some_and(|it| it["reason"] == FINISHED)
    }
}

/// A copy of a CassandraTask's status that an API server takes into a K8ssandraTask as it is: fields that the definition
/// does not have, or that are of another type, are left out, for they would be dropped or refused; what it requires of
/// conditions and older cass-operators left out is filled in.
pub fn copy(status: &Value, created: Option<Time>) -> Value {
    let mut copy = known_fields(status, &COUNTS, &[]);
    let since = copy
        .get("completionTime")
        .or(copy.get("startTime"))
        .cloned();
    let since = since.or_else(|| created.map(|time| json!(time.to_string())));
    let conditions: Vec<Value> = json::items(&status["conditions"])
        .filter_map(|condition| copied_condition(condition, since.as_ref()))
        .collect();
    let pods: Map<String, Value> = json::fields(&status["podStatuses"])
        .filter(|(_, pod)| pod["status"].is_string())
        .map(|(name, pod)| {
            let known = known_fields(pod, &["retries"], &["status", "jobId", "error"]);
            (name.clone(), Value::Object(known))
        })
        .collect();
    if !conditions.is_empty() {
        copy.insert("conditions".into(), Value::Array(conditions));
    }
    if !pods.is_empty() {
        copy.insert("podStatuses".into(), Value::Object(pods));
    }
    Value::Object(copy)
}

/// The startTime and completionTime of a status, its numbers and texts of these names.
fn known_fields(status: &Value, numbers: &[&str], texts: &[&str]) -> Map<String, Value> {
    let is_known = |name: &str, value: &Value| match name {
        "startTime" | "completionTime" => Time::read(value).is_some(),
        _ if numbers.contains(&name) => value.is_i64(),
        _ => texts.contains(&name) && value.is_string(),
    };
    json::fields(status)
        .filter(|(name, value)| is_known(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The longest message of a condition that Kubernetes takes, in characters.
const MAX_MESSAGE: usize = 32_768;

/// A copy of a condition that an API server takes; `None` if it is none. One without a time gets that one.
pub fn copied_condition(condition: &Value, since: Option<&Value>) -> Option<Value> {
    let text = |field: &str| condition[field].as_str();
    let kind = text("type").filter(|kind| names::is_label_key(kind))?;
    let status = text("status").filter(|it| ["True", "False", "Unknown"].contains(it))?;
    let message = text("message").unwrap_or_default();
    let mut reasons = text("reason").into_iter().chain([kind]);
    let mut copy = json!({
        "type": kind,
        "status": status,
        "reason": reasons.find(|it| is_reason(it)).unwrap_or("Unknown"),
        "message": message.chars().take(MAX_MESSAGE).collect::<String>(),
        "lastTransitionTime": match transition(condition) {
            Some(_) => &condition["lastTransitionTime"],
            None => since?,
        },
    });
    let generation = &condition["observedGeneration"];
    if generation.as_i64().is_some_and(|it| it >= 0) {
        copy["observedGeneration"] = generation.clone();
    }
    Some(copy)
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
mod tests {
    use super::*;

    const START: &str = "2022-12-15T19:43:35Z";
    const END: &str = "2022-12-15T19:44:25Z";

    #[test]
    fn finished_is_what_completed_or_was_stopped() {
        let condition = |kind: &str, status: &str, reason: &str| json!({"conditions": [{"type": kind, "status": status, "reason": reason}]});
        for (status, finished) in [
            (json!(null), false),
            (json!({ "completionTime": END }), true),
            (condition("Complete", "True", "Complete"), true),
            (condition("Running", "False", FINISHED), true),
            (condition("Failed", "True", CANCELLED), false),
            (json!({"completionTime": 3, "conditions": "none"}), false),
        ] {
            let recorded = Recorded::read(status);
            assert_eq!(recorded.is_finished(), finished, "{recorded:?}");
        }
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
        let pods = json!({"p": {"status": 1}, "q": {"status": "RUNNING", "x": 1, "y": "newer", "jobId": 2}});
        check_copy(
            json!({"startTime": "soon", "active": 1.5, "newer": {}, "podStatuses": pods}),
            json!({"podStatuses": {"q": {"status": "RUNNING"}}}),
        );
        let filled = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": START});
        let bare = json!({"type": "Complete", "status": "True"});
        let odd = json!({"type": "a.b/C", "status": "True", "reason": "not one"});
        let rare = json!({"type": "D", "status": "True", "reason": "Ends_"});
        let unnamed = json!({"type": "a b", "status": "True"});
        let negative = json!({"type": "E", "status": "True", "observedGeneration": -1});
        check_copy(
            json!({"conditions": [bare, {"type": ""}, {"type": "X"}, {"type": "X", "status": "Yes"}, 1, odd, rare, unnamed, negative]}),
            json!({"conditions": [filled("Complete", "Complete"), filled("a.b/C", "Unknown"), filled("D", "Ends_"), filled("E", "E")]}),
        );
        let long = json!({"type": "A", "status": "True", "message": "é".repeat(40_000)});
        let copied = copied_condition(&long, Some(&json!(START))).unwrap();
        assert_eq!(copied["message"], "é".repeat(32_768));
    }
}
