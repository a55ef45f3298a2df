//! Conditions as the definition of a K8ssandraTask demands them, in, JSON out.
//!
//! `lastTransitionTime` moves only with `status`. Conditions of other types stay, after ours.

use serde_json::{Value, json};

use crate::documents::json;
use crate::documents::status::{self, Recorded};
use crate::documents::time::Time;

/// The types that are ours, in the order in which they are written.
const ORDER: [&str; 5] = ["Running", "Failed", "Complete", "Invalid", "Stalled"];

/// Those that say how the CassandraTasks are.
pub const AGGREGATED: [&str; 3] = ["Running", "Failed", "Complete"];

/// The definition allows 32,768 characters; nobody reads that many.
const MAX_MESSAGE: usize = 4_096;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its type.
    pub kind: &'static str,
    /// True or False.
    pub is_true: bool,
    /// A word in CamelCase.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// What conditions are written with.
pub struct Stamp {
    /// The time of the decision.
    pub now: Time,
    /// The generation of the specification that was decided on.
    pub generation: Option<i64>,
}

/// The recorded conditions, in which these take the place of those of their types.
pub fn merged(recorded: &Recorded, stamp: &Stamp, conditions: &[Condition]) -> Value {
    // Older versions of k8ssandra-operator left out what the definition demands.
    let now = json!(stamp.now.to_string());
    let complete = |condition: &Value| status::copied_condition(condition, Some(&now));
    let of = |kind: &str| conditions.iter().find(|condition| condition.kind == kind);
    let ours = ORDER.iter().filter_map(|kind| match of(kind) {
        Some(condition) => Some(written(recorded, stamp, condition)),
        None => recorded.condition(kind).and_then(complete),
    });
    let is_foreign = |condition: &&Value| {
        condition["type"]
            .as_str()
            .is_some_and(|kind| !ORDER.contains(&kind))
    };
    let known = recorded.status()["conditions"].as_array();
    ours.chain(
        known
            .into_iter()
            .flatten()
            .filter(is_foreign)
            .filter_map(complete),
    )
    .collect()
}

fn written(recorded: &Recorded, stamp: &Stamp, condition: &Condition) -> Value {
    let status = if condition.is_true { "True" } else { "False" };
    let is_unchanged =
        |known: &&Value| known["status"] == status && json::transition(known).is_some();
    let transition = match recorded.condition(condition.kind).filter(is_unchanged) {
        Some(known) => known["lastTransitionTime"].clone(),
        None => json!(stamp.now.to_string()),
    };
    let mut written = json!({
        "type": condition.kind,
        "status": status,
        "reason": condition.reason,
        "message": shortened(&condition.message),
        "lastTransitionTime": transition,
    });
    if let Some(generation) = stamp.generation {
        written["observedGeneration"] = json!(generation);
    }
    written
}

fn shortened(message: &str) -> String {
    let mut characters = message.chars();
    let start: String = characters.by_ref().take(MAX_MESSAGE).collect();
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

    fn condition(kind: &'static str, is_true: bool) -> Condition {
        Condition {
            kind,
            is_true,
            reason: "R",
            message: "m".into(),
        }
    }

    fn check(recorded: Value, is_true: bool, expected: Value) {
        let recorded = Recorded::read(json!({"conditions": recorded}));
        let stamp = Stamp {
            now: Time::parse(NOW).unwrap(),
            generation: Some(2),
        };
        assert_eq!(
            merged(&recorded, &stamp, &[condition("Running", is_true)]),
            expected
        );
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let written = |status: &str, time: &str| json!([{"type": "Running", "status": status, "reason": "R", "message": "m", "lastTransitionTime": time, "observedGeneration": 2}]);
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
        let recorded = json!([{"type": "Other", "status": "Unknown"}, {"type": "Invalid", "status": "False"}, {"type": "Odd"}, 3]);
        let recorded = Recorded::read(json!({"conditions": recorded}));
        let ours = [
            condition("Stalled", true),
            condition("Failed", false),
            condition("Running", true),
        ];
        let stamp = Stamp {
            now: Time::EPOCH,
            generation: None,
        };
        let conditions = merged(&recorded, &stamp, &ours);
        let kinds: Vec<_> = conditions
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["Running", "Failed", "Invalid", "Stalled", "Other"]);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let long = "é".repeat(5_000);
        assert_eq!(shortened(&long).chars().count(), 4_097);
        assert_eq!(shortened("é"), "é");
    }
}
