//! What the checks need to know of a K8ssandraTask's status: its text in, a few facts out.
//!
//! Read independently of the policy's own reading, since it is the policy that is checked.

use serde_json::Value;

use crate::render::dc_name;
use crate::state::MOST;

/// The facts of one status.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The whole, parsed.
    pub value: Value,
    /// What is recorded of each datacenter.
    pub records: [Record; MOST],
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
    /// The message of Running.
    pub message: String,
}

/// What is recorded of a datacenter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// Nothing.
    #[default]
    None,
    /// That it is known of; it has not begun.
    Known,
    /// That it has begun.
    Begun,
    /// That it has ended well.
    Done,
    /// That it has failed.
    Failed,
}

impl Facts {
    /// Reads a status; an empty text is none.
    pub fn read(text: &str) -> Facts {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let text = |kind: &str, field: &str| {
            let condition = condition(&value, kind);
            condition
                .and_then(|condition| condition[field].as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let is_complete = is_true(&value, "Complete");
        let reason = text("Running", "reason");
        let records = std::array::from_fn(|dc| record(&value["datacenters"][dc_name(dc)]));
        Facts {
            records,
            is_finished: is_complete || !value["completionTime"].is_null() || reason == "Finished",
            is_complete,
            has_failed: is_true(&value, "Failed"),
            invalid: if is_true(&value, "Invalid") {
                text("Invalid", "message")
            } else {
                String::new()
            },
            message: text("Running", "message"),
            reason,
            value,
        }
    }
}

impl Record {
    /// How far it says that the datacenter is: what is recorded once is not taken back.
    pub fn rank(self) -> u8 {
        match self {
            Record::None => 0,
            Record::Known => 1,
            Record::Begun => 2,
            Record::Done | Record::Failed => 3,
        }
    }
}

fn record(status: &Value) -> Record {
    if !status.is_object() {
        Record::None
    } else if is_true(status, "Failed") {
        Record::Failed
    } else if !status["completionTime"].is_null() {
        Record::Done
    } else if !status["startTime"].is_null() {
        Record::Begun
    } else {
        Record::Known
    }
}

/// A condition of a status.
pub fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = status["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == kind)
}

/// Whether a condition is there and True.
pub fn is_true(status: &Value, kind: &str) -> bool {
    condition(status, kind).is_some_and(|condition| condition["status"] == "True")
}
