//! The events of a task: what is created, and what the status turns to.
//!
//! The events of a turn come *before* the status that records it: after a crash between the two, the turn is not
//! recorded yet, so the event is sent again, and the host merges the two. The other way round it would be lost. Only
//! `CreateCassandraTask` comes after what it tells of, since it must not tell of what then failed.

use crate::contract::{Action, Event, Severity};
use crate::progress::is_true;
use crate::recorded::Recorded;
use crate::resolution::Place;
use crate::status::{CANCELLED, INVALID_SPEC};

/// A CassandraTask was created.
pub fn created(place: &Place) -> Action {
    Action::RecordEvent(Event {
        severity: Severity::Normal,
        reason: "CreateCassandraTask".into(),
        message: format!("Created CassandraTask {place}"),
    })
}

/// The events of the turns from one status to the next: the specification has become wrong, or wrong in another way; a
/// failure has cancelled the remaining datacenters.
pub fn turns(from: &Recorded, to: &Recorded) -> Vec<Action> {
    let message = |status: &Recorded, kind: &str| {
        let condition = status
            .condition(kind)
            .filter(|condition| is_true(condition))?;
        condition["message"].as_str().map(str::to_owned)
    };
    let invalid =
        message(to, "Invalid").filter(|wrong| message(from, "Invalid").as_ref() != Some(wrong));
    let is_cancelled = |status: &Recorded| status.is_true_because("Failed", CANCELLED);
    let cancelled = message(to, "Failed").filter(|_| is_cancelled(to) && !is_cancelled(from));
    let warning = |reason: &'static str| {
        move |message| {
            Action::RecordEvent(Event {
                severity: Severity::Warning,
                reason: reason.into(),
                message,
            })
        }
    };
    invalid
        .map(warning(INVALID_SPEC))
        .into_iter()
        .chain(cancelled.map(warning(CANCELLED)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn recorded(conditions: Value) -> Recorded {
        Recorded::read(json!({"conditions": conditions}))
    }

    fn check(from: Value, to: Value, expected: &[&str]) {
        let texts: Vec<String> = turns(&recorded(from), &recorded(to))
            .into_iter()
            .map(|action| match action {
                Action::RecordEvent(event) => {
                    format!("{:?} {} {}", event.severity, event.reason, event.message)
                }
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_turn_is_told_once() {
        let invalid =
            |message: &str| json!([{"type": "Invalid", "status": "True", "message": message}]);
        let valid = json!([{"type": "Invalid", "status": "False", "message": "a"}]);
        check(
            json!([]),
            invalid("a"),
            &["Severity::Warning InvalidSpec a"],
        );
        check(invalid("a"), invalid("a"), &[]);
        check(
            invalid("a"),
            invalid("b"),
            &["Severity::Warning InvalidSpec b"],
        );
        check(
            valid.clone(),
            invalid("a"),
            &["Severity::Warning InvalidSpec a"],
        );
        check(invalid("a"), valid, &[]);

        let failed = |reason: &str| json!([{"type": "Failed", "status": "True", "reason": reason, "message": "m"}]);
        check(
            json!([]),
            failed("RemainingCancelled"),
            &["Severity::Warning RemainingCancelled m"],
        );
        check(
            failed("RemainingCancelled"),
            failed("RemainingCancelled"),
            &[],
        );
        check(json!([]), failed("DatacenterFailed"), &[]);
        check(
            failed("DatacenterFailed"),
            failed("RemainingCancelled"),
            &["Severity::Warning RemainingCancelled m"],
        );
    }

    #[test]
    fn the_context_is_named_where_there_is_one() {
        let mut place = Place {
            datacenter: "dc1".into(),
            context: Some("kind-k8ssandra-1".into()),
            namespace: "k8ssandra-operator".into(),
            name: "task1-dc1".into(),
        };
        let message = |place: &Place| match created(place) {
            Action::RecordEvent(event) => event.message,
            other => format!("{other:?}"),
        };
        assert_eq!(
            message(&place),
            "Created CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1"
        );
        place.context = None;
        assert_eq!(
            message(&place),
            "Created CassandraTask k8ssandra-operator.task1-dc1"
        );
    }
}
