//! The events of a task: what is created, and what its status changes to.
//!
//! The events of a transition come *before* the status that records it: after a crash between the two, the transition is not
//! recorded yet, so the event is sent again, and the host merges the two. The other way round it would be lost. Only
//! `CreateCassandraTask` comes after what it reports, since it must not report what then failed.

use super::status::INVALID_SPEC;
use crate::contract::{Action, Event, Severity};
use crate::decision::sentences::named;
use crate::documents::json::is_true;
use crate::documents::status::{CANCELLED, Recorded};
use crate::observation::Observation;
use crate::observation::targets::Place;

/// Where the documentation says how to keep another controller away.
const PAGE: &str = "docs/beside-k8ssandra-operator.md";

fn event(severity: Severity, reason: &str, message: String) -> Action {
    Action::RecordEvent(Event {
        severity,
        reason: reason.to_owned(),
        message,
    })
}

/// A CassandraTask was created.
pub fn created(place: &Place) -> Action {
    event(
        Severity::Normal,
        "CreateCassandraTask",
        format!("Created CassandraTask {place}"),
    )
}

/// A CassandraTask is about to be created for a datacenter whose pods are stopped.
pub fn stopped(place: &Place) -> Action {
    let message = format!(
        "{} is stopped, so CassandraTask {place} will find no pods",
        place.datacenter
    );
    event(Severity::Warning, "DatacenterStopped", message)
}

/// A second controller has created CassandraTasks for the task.
pub fn conflict(observation: &Observation<'_>) -> Option<Action> {
    let names: Vec<String> = observation
        .conflicting
        .iter()
        .map(|child| named(child))
        .collect();
    (!names.is_empty()).then(|| {
        let message = format!(
            "another controller has created CassandraTask {}; only one K8ssandraTask controller may work on a task: see {PAGE}",
            names.join(", ")
        );
        event(Severity::Warning, "ConflictingController", message)
    })
}

/// A task is deleted, and these stay.
pub fn left_behind(names: &[String]) -> Option<Action> {
    let message = format!("deleted without {}", names.join(", "));
    (!names.is_empty()).then(|| event(Severity::Warning, "LeftBehind", message))
}

/// The events of the transitions from one status to the next: the specification has become invalid, or invalid in another way; a
/// failure has cancelled the remaining datacenters; something needs somebody.
pub fn transitions(from: &Recorded, to: &Recorded) -> Vec<Action> {
    let message = |status: &Recorded, kind: &str| {
        let condition = status
            .condition(kind)
            .filter(|condition| is_true(condition))?;
        condition["message"].as_str().map(str::to_owned)
    };
    let invalid =
        message(to, "Invalid").filter(|wrong| message(from, "Invalid").as_ref() != Some(wrong));
    let cancelled = message(to, "Failed").filter(|_| to.is_cancelled() && !from.is_cancelled());
    let stalled = to
        .true_reason("Stalled")
        .filter(|reason| from.true_reason("Stalled") != Some(reason));
    let stalled = stalled.zip(message(to, "Stalled"));
    let events = [
        invalid.map(|message| (INVALID_SPEC, message)),
        cancelled.map(|message| (CANCELLED, message)),
        stalled,
    ];
    events
        .into_iter()
        .flatten()
        .map(|(reason, message)| event(Severity::Warning, reason, message))
        .collect()
}
