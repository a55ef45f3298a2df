//! The K8ssandraTask's status as it was recorded: JSON in, what the next decision builds on out.
//!
//! The policy remembers nothing but this. It may have been written by an older version or another operator, so
//! anything is read, and what makes no sense counts as not recorded.

use serde_json::{Map, Value};

use crate::progress::{condition, is_true, transition};
use crate::time::Time;

/// The reason of `Running` in the status of a task that has finished: the status stays as it is from then on.
pub const FINISHED: &str = "Finished";

/// A recorded status.
#[derive(Debug, Default, Clone)]
pub struct Recorded {
    status: Value,
}

impl Recorded {
    /// Takes the status as it is.
    pub fn read(status: Value) -> Recorded {
        Recorded { status }
    }

    /// The whole, as it is.
    pub fn status(&self) -> &Value {
        &self.status
    }

    /// Its fields, those that are not ours included, but for these.
    pub fn fields_without(&self, names: &[&str]) -> Map<String, Value> {
        let fields = self.status.as_object().into_iter().flatten();
        fields
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The copy of the CassandraTask's status of a datacenter.
    pub fn datacenter(&self, name: &str) -> Option<&Value> {
        self.status["datacenters"]
            .as_object()?
            .get(name)
            .filter(|status| status.is_object())
    }

    /// The names of the datacenters that were recorded, in alphabetical order.
    pub fn datacenters(&self) -> impl Iterator<Item = &str> {
        let recorded = self.status["datacenters"].as_object();
        recorded
            .into_iter()
            .flatten()
            .filter(|(_, status)| status.is_object())
            .map(|(name, _)| name.as_str())
    }

    /// Whether anything was created, or about to be.
    pub fn has_begun(&self) -> bool {
        self.datacenters().next().is_some()
    }

    /// The condition of that type.
    pub fn condition(&self, kind: &str) -> Option<&Value> {
        condition(&self.status, kind)
    }

    /// Whether a failure was recorded.
    pub fn has_failed(&self) -> bool {
        self.condition("Failed").is_some_and(is_true)
    }

    /// Whether that condition is True, for that reason.
    pub fn is_true_because(&self, kind: &str, reason: &str) -> bool {
        self.condition(kind)
            .is_some_and(|condition| is_true(condition) && condition["reason"] == reason)
    }

    /// The message of that condition, where it has that reason.
    pub fn message_because(&self, kind: &str, reason: &str) -> Option<&str> {
        self.condition(kind)
            .filter(|condition| condition["reason"] == reason)?["message"]
            .as_str()
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
            || self.condition("Complete").is_some_and(is_true)
            || self
                .condition("Running")
                .is_some_and(|running| running["reason"] == FINISHED)
    }

    /// When the condition of that type turned to what it is.
    pub fn transition(&self, kind: &str) -> Option<Time> {
        self.condition(kind).and_then(transition)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finished_is_what_completed_or_was_stopped() {
        for (status, finished) in [
            (json!(null), false),
            (json!({"completionTime": "2022-12-15T19:44:25Z"}), true),
            (
                json!({"conditions": [{"type": "Complete", "status": "True"}]}),
                true,
            ),
            (
                json!({"conditions": [{"type": "Running", "status": "False", "reason": "Finished"}]}),
                true,
            ),
            (
                json!({"conditions": [{"type": "Failed", "status": "True"}]}),
                false,
            ),
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
    fn only_objects_are_records_of_datacenters() {
        let recorded = Recorded::read(json!({"datacenters": {"dc1": {}, "dc2": 1}}));
        assert_eq!(recorded.datacenters().collect::<Vec<_>>(), ["dc1"]);
        assert!(recorded.datacenter("dc1").is_some() && recorded.datacenter("dc2").is_none());
        assert_eq!(Recorded::read(json!([])).datacenters().count(), 0);
    }
}
