//! What the checks need to know of a K8ssandraTask's status: its text in, a few facts out.
//!
//! Read independently of the policy's own reading, since it is the policy that is checked; and as the property tests read it.

use policy_properties::laws::{find, is_finished, is_true};
use serde_json::{Value, json};

use crate::render::{dc_name, number};
use crate::state::MAX_DCS;

/// The facts of one status.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The whole, parsed.
    pub value: Value,
    /// What is recorded of each datacenter.
    pub records: [Record; MAX_DCS],
    /// Whether it has completed, or was stopped by a failure.
    pub is_finished: bool,
    /// Whether Complete is True.
    pub is_complete: bool,
    /// Whether Failed is True.
    pub has_failed: bool,
    /// The message of Invalid, if that is True.
    pub invalid: String,
    /// The reason of Running.
    pub reason: String,
    /// The reason of Stalled, if that is True.
    pub stalled: String,
    /// The message of Stalled, if that is True.
    pub stalled_message: String,
    /// Whether a failure has cancelled the remaining datacenters.
    pub is_cancelled: bool,
}

/// The facts of the record that the policy keeps in an annotation; of none, that nothing is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordFacts {
    /// Which K8ssandraTask it was written for; 0 is none.
    pub task: u8,
    /// Which K8ssandraCluster that was for.
    pub cluster: u8,
    /// The datacenters that the first creates are for.
    pub creating: [bool; MAX_DCS],
}

impl RecordFacts {
    /// Reads a record.
    pub fn read(text: &str) -> RecordFacts {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let uid = |kind: &str, prefix: &str| {
            let uid = value[kind]["uid"].as_str().unwrap_or_default();
            number(uid, prefix).unwrap_or_default()
        };
        let creating = value["creating"].as_array();
        let is_creating = |dc| creating.is_some_and(|names| names.contains(&json!(dc_name(dc))));
        RecordFacts {
            task: uid("task", "task-"),
            cluster: uid("cluster", "cluster-"),
            creating: std::array::from_fn(is_creating),
        }
    }

    /// The same, unless it was written for another K8ssandraTask than this.
    pub fn own(self, incarnation: u8) -> RecordFacts {
        if self.task == incarnation {
            self
        } else {
            RecordFacts::default()
        }
    }
}

/// What is recorded of a datacenter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// Nothing.
    #[default]
    None,
    /// That it is known of; it has not started.
    Known,
    /// That it has started.
    Started,
    /// That it has ended well.
    Done,
    /// That it has failed.
    Failed,
    /// That its CassandraTask was deleted before it completed.
    Lost,
}

impl Facts {
    /// Reads a status; an empty text is none.
    pub fn read(text: &str) -> Facts {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let text = |kind: &str, field: &str| {
            let text = find(&value, kind).and_then(|it| it[field].as_str());
            text.unwrap_or_default().to_owned()
        };
        let if_true = |kind: &str, field: &str| {
            let text = is_true(&value, kind).then(|| text(kind, field));
            text.unwrap_or_default()
        };
        let records = std::array::from_fn(|dc| record(&value["datacenters"][dc_name(dc)]));
        Facts {
            records,
            is_finished: is_finished(&value),
            is_complete: is_true(&value, "Complete"),
            has_failed: is_true(&value, "Failed"),
            invalid: if_true("Invalid", "message"),
            stalled: if_true("Stalled", "reason"),
            stalled_message: if_true("Stalled", "message"),
            is_cancelled: if_true("Failed", "reason") == "RemainingCancelled",
            reason: text("Running", "reason"),
            value,
        }
    }
}

impl Record {
    /// How far it says that the datacenter is: what is recorded once is not reverted.
    pub fn rank(self) -> u8 {
        match self {
            Record::None => 0,
            Record::Known => 1,
            Record::Started => 2,
            Record::Done | Record::Failed | Record::Lost => 3,
        }
    }
}

fn record(status: &Value) -> Record {
    if !status.is_object() {
        Record::None
    } else if find(status, "Failed").is_some_and(|it| it["reason"] == "CassandraTaskDeleted") {
        Record::Lost
    } else if is_true(status, "Failed") {
        Record::Failed
    } else if !status["completionTime"].is_null() {
        Record::Done
    } else if !status["startTime"].is_null() {
        Record::Started
    } else {
        Record::Known
    }
}
