//! Conditions as the CRD demands them: type, status, reason, message and lastTransitionTime, in, JSON out.
//!
//! `lastTransitionTime` moves only with `status`. Conditions of other types stay, after ours.

use serde_json::{Value, json};

use crate::progress;
use crate::recorded::Recorded;
use crate::time::Time;

/// The types that are ours, in the order in which they are written.
pub const ORDER: [&str; 4] = ["Running", "Failed", "Complete", "Invalid"];

/// Those that tell how the CassandraTasks stand.
pub const AGGREGATED: [&str; 3] = ["Running", "Failed", "Complete"];

/// The CRD allows 32,768 characters; nobody reads that many.
const LONGEST_MESSAGE: usize = 4_096;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its type, one of [`ORDER`].
    pub kind: &'static str,
    /// True or False.
    pub is_true: bool,
    /// One word, in CamelCase.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// The recorded conditions, in which these take the place of those of their types.
pub fn merged(recorded: &Recorded, now: Time, conditions: &[Condition]) -> Value {
    let of = |kind: &str| conditions.iter().find(|condition| condition.kind == kind);
    let ours = ORDER.iter().filter_map(|kind| match of(kind) {
        Some(condition) => Some(written(recorded, now, condition)),
        None => recorded.condition(kind).cloned(),
    });
    let is_foreign = |condition: &&Value| {
        condition["type"]
            .as_str()
            .is_some_and(|kind| !ORDER.contains(&kind))
    };
    let known = recorded.status()["conditions"].as_array();
    ours.chain(known.into_iter().flatten().filter(is_foreign).cloned())
        .collect()
}

fn written(recorded: &Recorded, now: Time, condition: &Condition) -> Value {
    let status = if condition.is_true { "True" } else { "False" };
    let is_unchanged =
        |known: &&Value| known["status"] == status && progress::transition(known).is_some();
    let transition = match recorded.condition(condition.kind).filter(is_unchanged) {
        Some(known) => known["lastTransitionTime"].clone(),
        None => json!(now.to_string()),
    };
    json!({
        "type": condition.kind,
        "status": status,
        "reason": condition.reason,
        "message": shortened(&condition.message),
        "lastTransitionTime": transition,
    })
}

fn shortened(message: &str) -> String {
    let mut characters = message.chars();
    let start: String = characters.by_ref().take(LONGEST_MESSAGE).collect();
    match characters.next() {
        Some(_) => start + "…",
        None => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "2022-12-15T19:43:35Z";
    const NOW: &str = "2022-12-15T19:44:25Z";

    fn check(recorded: Value, is_true: bool, expected: Value) {
        let condition = Condition {
            kind: "Running",
            is_true,
            reason: "R",
            message: "m".into(),
        };
        let recorded = Recorded::read(json!({"conditions": recorded}));
        assert_eq!(
            merged(&recorded, Time::parse(NOW).unwrap(), &[condition]),
            expected
        );
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let written = |status: &str, time: &str| json!([{"type": "Running", "status": status, "reason": "R", "message": "m", "lastTransitionTime": time}]);
        let known = json!([{"type": "Running", "status": "True", "reason": "Old", "lastTransitionTime": BEFORE}]);
        check(known.clone(), true, written("True", BEFORE));
        check(known, false, written("False", NOW));
        check(json!(null), false, written("False", NOW));
        check(
            json!([{"type": "Running", "status": "True", "lastTransitionTime": 3}]),
            true,
            written("True", NOW),
        );
    }

    #[test]
    fn the_order_is_ours_and_others_stay() {
        let recorded = json!([{"type": "Other"}, {"type": "Invalid", "status": "False"}, 3]);
        let recorded = Recorded::read(json!({"conditions": recorded}));
        let running = Condition {
            kind: "Running",
            is_true: true,
            reason: "R",
            message: String::new(),
        };
        let failed = Condition {
            kind: "Failed",
            is_true: false,
            reason: "R",
            message: String::new(),
        };
        let conditions = merged(&recorded, Time::from_millis(0), &[failed, running]);
        let kinds: Vec<_> = conditions
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["Running", "Failed", "Invalid", "Other"]);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let long = "é".repeat(5_000);
        assert_eq!(shortened(&long).chars().count(), 4_097);
        assert_eq!(shortened("é"), "é");
    }
}
