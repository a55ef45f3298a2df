//! A CassandraTask: JSON in, facts out. Reading is total: an object that makes no sense is one that belongs to nobody, and what
//! in its status is not as cass-operator writes it counts for nothing.

use serde_json::{Map, Value};

use super::json::{self, transition, true_condition};
use super::names;
use super::time::Time;
use crate::contract::{Deletion, ObjectRef};

/// The reason of `Failed` in the copy of a CassandraTask that was deleted before it completed. API: decisions depend on it.
pub const DELETED: &str = "CassandraTaskDeleted";

/// The names of [`Progress::counts`], in their order.
pub const COUNTS: [&str; 3] = ["active", "succeeded", "failed"];

/// A CassandraTask that was observed.
#[derive(Debug)]
pub struct CassandraTask {
    document: Value,
    /// The context that it is in; `None` is the control plane.
    pub context: Option<String>,
    pub progress: Progress,
}

impl CassandraTask {
    pub fn read(context: Option<&str>, text: &str) -> CassandraTask {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        CassandraTask {
            progress: Progress::read(&document["status"]),
            context: context.map(str::to_owned),
            document,
        }
    }

    /// Its name; the empty text if it has none, as of the two that follow.
    pub fn name(&self) -> &str {
        self.metadata("name").as_str().unwrap_or_default()
    }

    pub fn namespace(&self) -> &str {
        self.metadata("namespace").as_str().unwrap_or_default()
    }

    fn uid(&self) -> &str {
        self.metadata("uid").as_str().unwrap_or_default()
    }

    fn metadata(&self, field: &str) -> &Value {
        &self.document["metadata"][field]
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        self.metadata("labels")[name].as_str()
    }

    /// The uid of the primary that it was created for, if a host has marked it.
    pub fn created_for(&self) -> Option<&str> {
        self.metadata("annotations")[names::CREATED_FOR].as_str()
    }

    pub fn created(&self) -> Option<Time> {
        Time::read(self.metadata("creationTimestamp"))
    }

    pub fn is_being_deleted(&self) -> bool {
        !self.metadata("deletionTimestamp").is_null()
    }

    pub fn deleted(&self) -> Option<Time> {
        Time::read(self.metadata("deletionTimestamp"))
    }

    /// What keeps it once its deletion was asked for.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        json::items(self.metadata("finalizers")).filter_map(Value::as_str)
    }

    /// The datacenter it is for: what its name says after the task's, or else what its specification says.
    pub fn datacenter(&self, task: &str) -> &str {
        let by_name = self.name().strip_prefix(task);
        by_name
            .and_then(|rest| rest.strip_prefix('-'))
            .or_else(|| self.document["spec"]["datacenter"]["name"].as_str())
            .unwrap_or(self.name())
    }

    pub fn spec(&self) -> Option<&Map<String, Value>> {
        self.document["spec"].as_object()
    }

    pub fn status(&self) -> Option<&Value> {
        Some(&self.document["status"]).filter(|status| status.is_object())
    }

    /// The time before which it does not start, if it has one.
    pub fn scheduled(&self) -> Option<Time> {
        Time::read(&self.document["spec"]["scheduledTime"])
    }

    /// Since when cass-operator could have picked it up: its creation, or its scheduled time if that is later.
    pub fn due(&self) -> Option<Time> {
        self.created().max(self.scheduled())
    }

    /// Whether cass-operator has labelled it completed. If its status does not say so, too, it was stopped between the two
    /// writes, and never goes on.
    pub fn is_labelled_completed(&self) -> bool {
        self.label(names::STATUS_LABEL) == Some("completed")
    }

    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            context: self.context.clone(),
            gvk: names::cassandra_task(),
            namespace: Some(self.namespace().to_owned()),
            name: self.name().to_owned(),
        }
    }

    /// Its deletion, guarded by its uid; `None` if it has no name or no uid.
    pub fn deletion(&self) -> Option<Deletion> {
        let is_named = !self.name().is_empty() && !self.uid().is_empty();
        is_named.then(|| Deletion {
            object: self.reference(),
            uid: self.uid().to_owned(),
        })
    }
}

/// What the status of a CassandraTask says, or the copy of it that was recorded. The default is that of an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether cass-operator has picked the CassandraTask up: there is anything in the status at all. A startTime is no better
    /// sign, since cass-operator goes on when its write of that is lost.
    pub has_started: bool,
    pub start: Option<Time>,
    /// Whether the job has ended, well or badly: it has a completionTime, or Complete is True.
    pub has_ended: bool,
    /// When it ended: the completionTime, or else when Complete turned True.
    pub end: Option<Time>,
    pub is_complete: bool,
    pub is_running: bool,
    /// Why it failed, if it did; empty if nothing is said.
    pub failure: Option<String>,
    pub failed_at: Option<Time>,
    /// Whether it was recorded as deleted before it completed.
    pub is_lost: bool,
    /// Whether a failed one has stopped: it has a completionTime, or Running is not True.
    pub has_stopped: bool,
    /// What [`COUNTS`] names.
    pub counts: [i64; 3],
    /// The pods that were begun.
    pub pods: Vec<Pod>,
    /// Whether it says when any pod was begun or done.
    pub has_pod_times: bool,
    /// The latest time at which cass-operator is known to have done something.
    pub latest: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    pub name: String,
    pub state: PodState,
    /// Why it failed, on one line; empty if nothing is said.
    pub error: String,
}

/// How far a pod is. Other states (`WAITING`) say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodState {
    Running,
    Completed,
    /// For good.
    Failed,
}

impl Progress {
    pub fn read(status: &Value) -> Progress {
        let start = Time::read(&status["startTime"]);
        // Anything else as a completionTime is no end: the next datacenter would be started beside this one.
        let completion = Time::read(&status["completionTime"]);
        let complete = true_condition(status, "Complete");
        let failed = true_condition(status, "Failed");
        let is_running = true_condition(status, "Running").is_some();
        let has_ended = completion.is_some() || complete.is_some();
        let counts = COUNTS.map(|name| status[name].as_i64().unwrap_or(0));
        let message = failed.map(|it| it["message"].as_str().unwrap_or_default().trim());
        // cass-operator before 1.18 counts the pods that failed, and sets no condition.
        let [_, _, failed_pods] = counts;
        let plural = if failed_pods == 1 { "" } else { "s" };
        let counted =
            (has_ended && failed_pods > 0).then(|| format!("{failed_pods} pod{plural} failed"));
        Progress {
            has_started: has_content(status),
            start,
            has_ended,
            end: completion.or_else(|| complete.and_then(transition)),
            is_complete: complete.is_some(),
            is_running,
            failure: message.map(str::to_owned).or(counted),
            failed_at: failed.and_then(transition),
            is_lost: failed.is_some_and(|it| it["reason"] == DELETED),
            has_stopped: completion.is_some() || !is_running,
            counts,
            pods: json::fields(&status["podStatuses"])
                .filter_map(|(name, pod)| Pod::read(name, pod))
                .collect(),
            has_pod_times: pod_times(status).next().is_some(),
            latest: pod_times(status).chain(start).max(),
        }
    }

    pub fn pods_in(&self, state: PodState) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(move |pod| pod.state == state)
    }

    /// Whether any pod was processed, as far as the status says.
    pub fn has_processed_pods(&self) -> bool {
        let [_, succeeded, failed] = self.counts;
        succeeded > 0 || failed > 0 || !self.pods.is_empty()
    }
}

impl Pod {
    fn read(name: &str, pod: &Value) -> Option<Pod> {
        let state = match pod["status"].as_str()? {
            "RUNNING" => PodState::Running,
            "COMPLETED" => PodState::Completed,
            "ERROR" => PodState::Failed,
            _ => return None,
        };
        let error = pod["error"].as_str().unwrap_or_default();
        Some(Pod {
            name: name.to_owned(),
            state,
            error: error.split_whitespace().collect::<Vec<_>>().join(" "),
        })
    }
}

/// Whether a status says anything at all.
pub fn has_content(status: &Value) -> bool {
    json::fields(status).any(|(_, field)| !json::is_empty(field))
}

fn pod_times(status: &Value) -> impl Iterator<Item = Time> {
    json::fields(&status["podStatuses"])
        .flat_map(|(_, pod)| [&pod["startTime"], &pod["completionTime"]])
        .filter_map(Time::read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_datacenter_is_what_the_name_says_or_else_the_specification() {
        for (name, expected) in [("task1-dc-1", "dc-1"), ("odd", "dc1")] {
            let spec = json!({"datacenter": {"name": "dc1"}});
            let child = json!({"metadata": {"name": name}, "spec": spec}).to_string();
            assert_eq!(
                CassandraTask::read(None, &child).datacenter("task1"),
                expected
            );
        }
        let odd = CassandraTask::read(None, r#"{"metadata": {"name": "odd"}}"#);
        assert_eq!(odd.datacenter("task1"), "odd");
    }

    #[test]
    fn anything_is_read() {
        for text in ["{", "3", r#"{"metadata": [], "spec": 1, "status": []}"#] {
            let odd = CassandraTask::read(None, text);
            assert!(odd.name().is_empty() && odd.status().is_none() && odd.spec().is_none());
            assert_eq!(odd.progress, Progress::read(&json!({})));
        }
        let odd = json!({"completionTime": 1, "active": "x", "conditions": {"type": "Failed"}});
        let odd = Progress::read(&odd);
        assert!(!odd.has_ended && odd.failure.is_none() && odd.counts == [0, 0, 0]);
    }

    #[test]
    fn pods_are_those_that_were_begun() {
        let progress = Progress::read(&json!({"podStatuses": {
            "a": {"status": "ERROR", "error": " a\n b "},
            "b": {"status": "RUNNING", "startTime": "2022-12-15T19:43:35Z"},
            "c": 1,
            "d": {"status": "WAITING"},
        }}));
        let pods = progress.pods.iter();
        let pods = pods.map(|it| (&*it.name, it.state, &*it.error));
        let expected = [("a", PodState::Failed, "a b"), ("b", PodState::Running, "")];
        assert!(pods.eq(expected) && progress.has_processed_pods());
        assert_eq!(progress.latest, Time::parse("2022-12-15T19:43:35Z"));
    }
}
