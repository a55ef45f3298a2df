//! The K8ssandraTask's status as it was recorded: JSON in, what the next decision builds on out.
//!
//! It may have been written by an older version or by k8ssandra-operator, so anything is read, and what makes no sense
//! counts as not recorded. The types and reasons of conditions that decisions depend on are constants here, and API.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::progress::{Progress, condition, is_true, transition};
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
    /// Something keeps a task from being deleted.
    pub const DELETION_BLOCKED: &str = "DeletionBlocked";
    /// A context has been unavailable for long.
    pub const CONTEXT_UNAVAILABLE: &str = "ContextUnavailable";
    /// An object that does not belong to the task has the name of a CassandraTask that was started.
    pub const NAME_CONFLICT: &str = "NameConflict";
    /// cass-operator has not picked a CassandraTask up for long.
    pub const NOT_PICKED_UP: &str = "NotPickedUp";
    /// cass-operator has picked a CassandraTask up, and nothing comes of it.
    pub const NOT_PROGRESSING: &str = "NotProgressing";
}

/// A recorded status.
#[derive(Debug, Default, Clone)]
pub struct Recorded {
    status: Value,
    /// Read when it is asked for: of a status that is about to be written it seldom is.
    datacenters: OnceCell<BTreeMap<String, Progress>>,
}

impl Recorded {
    /// Reads a status.
    pub fn read(status: Value) -> Recorded {
        Recorded {
            status,
            datacenters: OnceCell::new(),
        }
    }

    /// The whole, as it is.
    pub fn status(&self) -> &Value {
        &self.status
    }

    /// Its fields but for these, those of others included.
    pub fn fields_without(&self, names: &[&str]) -> Map<String, Value> {
        let fields = self.status.as_object().into_iter().flatten();
        fields
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The copies of the CassandraTasks' statuses, by datacenter.
    pub fn datacenters(&self) -> &BTreeMap<String, Progress> {
        self.datacenters.get_or_init(|| {
            let copies = self.status["datacenters"].as_object();
            let copies = copies.into_iter().flatten();
            let copies = copies.filter(|(_, copy)| copy.is_object());
            copies
                .map(|(name, copy)| (name.clone(), Progress::read(copy)))
                .collect()
        })
    }

    /// The copy of the status of a datacenter's CassandraTask, as it is.
    pub fn copy(&self, datacenter: &str) -> Option<&Value> {
        self.datacenters()
            .contains_key(datacenter)
            .then(|| &self.status["datacenters"][datacenter])
    }

    /// The condition of that type.
    pub fn condition(&self, kind: &str) -> Option<&Value> {
        condition(&self.status, kind)
    }

    /// Whether that condition is True.
    pub fn is_true(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(is_true)
    }

    /// The reason of that condition, where it is True.
    pub fn true_reason(&self, kind: &str) -> Option<&str> {
        self.condition(kind).filter(|it| is_true(it))?["reason"].as_str()
    }

    /// When that condition turned True, if it is.
    pub fn true_since(&self, kind: &str) -> Option<Time> {
        self.condition(kind)
            .filter(|it| is_true(it))
            .and_then(transition)
    }

    /// Whether a failure has cancelled the remaining datacenters. That is final.
    pub fn is_cancelled(&self) -> bool {
        self.true_reason("Failed") == Some(CANCELLED)
    }

    /// The recorded startTime.
    pub fn start(&self) -> Option<Time> {
        self.status["startTime"].as_str().and_then(Time::parse)
    }

    /// The recorded completionTime.
    pub fn completion(&self) -> Option<Time> {
        self.status["completionTime"].as_str().and_then(Time::parse)
    }

    /// Whether the task was recorded as finished: completed, or stopped by a failure.
    pub fn is_finished(&self) -> bool {
        self.completion().is_some()
            || self.is_true("Complete")
            || self
                .condition("Running")
                .is_some_and(|it| it["reason"] == FINISHED)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finished_is_what_completed_or_was_stopped() {
        let condition = |kind: &str, status: &str, reason: &str| json!({"conditions": [{"type": kind, "status": status, "reason": reason}]});
        for (status, finished) in [
            (json!(null), false),
            (json!({"completionTime": "2022-12-15T19:44:25Z"}), true),
            (condition("Complete", "True", "Complete"), true),
            (condition("Running", "False", FINISHED), true),
            (condition("Failed", "True", CANCELLED), false),
            (json!({"completionTime": 3, "conditions": "none"}), false),
        ] {
            assert_eq!(
                Recorded::read(status.clone()).is_finished(),
                finished,
                "{status}"
            );
        }
    }

    #[test]
    fn only_objects_are_copies() {
        let recorded = Recorded::read(json!({"datacenters": {"dc1": {}, "dc2": 1}}));
        assert_eq!(recorded.datacenters().keys().collect::<Vec<_>>(), ["dc1"]);
        assert!(recorded.copy("dc1").is_some() && recorded.copy("dc2").is_none());
        assert!(Recorded::read(json!([])).datacenters().is_empty());
    }
}
