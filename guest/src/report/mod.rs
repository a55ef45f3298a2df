//! What is said: an observation and a decision in, the status and the events out (cluster-tasks, Monitoring). The fourth layer:
//! all the words that are not those of an invalid field or of something that is waited for are made here.
//!
//! The status is built on the recorded one, so that what is not ours stays, and the laws hold: startTime never moves later, the
//! record of a datacenter is never dropped, and the same observation gives the same status, so that nothing is written when
//! nothing changed.

mod conditions;
pub mod messages;

use serde_json::{Map, Value, json};

use messages::{INVALID_SPEC, Line};

use crate::contract::{Action, Event, Severity};
use crate::decision::Decision;
use crate::decision::sentences::named;
use crate::decision::waiting::Waiting;
use crate::documents::cassandra_task::{COUNTS, DELETED, has_content};
use crate::documents::json;
use crate::documents::status::{self, CANCELLED, Recorded};
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::Place;

/// Where the documentation says how to keep another controller away.
const PAGE: &str = "docs/beside-k8ssandra-operator.md";

pub fn status(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> Recorded {
    let recorded = &observation.task.recorded;
    let copies = copies(observation, decision);
    let mut fields = recorded.fields_without(&["conditions", "datacenters"]);
    let conditions = conditions::conditions(observation, decision, lines, !copies.is_empty());
    fields.insert("conditions".into(), conditions);
    times(observation, &mut fields);
    if !copies.is_empty() {
        counts(observation, &mut fields);
        fields.insert("datacenters".into(), Value::Object(copies));
    }
    Recorded::read(Value::Object(fields))
}

/// The status of a task that has finished, or is being deleted: as it is, but for `Stalled`.
pub fn stalled_only<'w>(
    observation: &Observation<'_>,
    waiting: impl IntoIterator<Item = &'w Waiting>,
) -> Recorded {
    let recorded = &observation.task.recorded;
    let Some(conditions) = conditions::with_stalled(observation, waiting.into_iter()) else {
        return recorded.clone();
    };
    let mut fields = recorded.fields_without(&["conditions", "datacenters"]);
    fields.insert("conditions".into(), conditions);
    // Older versions of k8ssandra-operator left out what the definition demands of copies, too.
    let created = observation.task.metadata.created;
    let copies = json::fields(&recorded.status()["datacenters"]);
    let copies = copies.filter(|(_, copy)| copy.is_object());
    let copies = copies.map(|(name, copy)| (name.clone(), status::copy(copy, created)));
    let copies: Map<String, Value> = copies.collect();
    if !copies.is_empty() {
        fields.insert("datacenters".into(), Value::Object(copies));
    }
    Recorded::read(Value::Object(fields))
}

/// `datacenters`: the copy of each CassandraTask's status; an empty one for those that are about to be created, and none for
/// those whose create was refused.
fn copies(observation: &Observation<'_>, decision: &Decision<'_>) -> Map<String, Value> {
    // What runs without a status was begun before: in a status, it would be taken for one that this task has begun.
    if matches!(decision.waiting, Some(Waiting::StatusLost { .. })) {
        return Map::new();
    }
    let refused = decision.refused_creates();
    let known = observation.datacenters.iter().filter_map(|datacenter| {
        let copy = copy(observation, datacenter)?;
        let is_refused = !has_content(&copy) && refused.contains(datacenter.name.as_str());
        (!is_refused).then(|| (datacenter.name.clone(), copy))
    });
    // Where the record is refused, nothing is created by this plan.
    let created = decision.creates().filter(|_| decision.refused.is_none());
    let created = created.map(|target| (target.datacenter.name.clone(), json!({})));
    known.chain(created).collect()
}

/// The copy of a datacenter's CassandraTask; that of one that is lost says so, so that it stays lost.
fn copy(observation: &Observation<'_>, datacenter: &Datacenter) -> Option<Value> {
    let mut copy = datacenter.copy.clone()?;
    if datacenter.state != State::Lost || datacenter.progress.is_lost {
        return Some(copy);
    }
    let failed = json!({
        "type": "Failed",
        "status": "True",
        "reason": DELETED,
        "message": messages::lost(datacenter),
        "lastTransitionTime": observation.now.to_string(),
    });
    let conditions = json::items(&copy["conditions"]);
    let others = conditions.filter(|it| it["type"] != "Failed").cloned();
    copy["conditions"] = others.chain([failed]).collect();
    Some(copy)
}

/// `startTime`, the earliest, and `completionTime`, the latest once all have completed.
fn times(observation: &Observation<'_>, fields: &mut Map<String, Value>) {
    let datacenters = observation.datacenters.iter();
    let starts = datacenters.filter_map(|datacenter| datacenter.progress.start);
    let start = starts.chain(observation.task.recorded.start()).min();
    let ends = observation.targets().filter_map(|it| it.progress.end);
    let completion = ends.max().filter(|_| conditions::is_complete(observation));
    for (name, time) in [("startTime", start), ("completionTime", completion)] {
        match time {
            Some(time) => fields.insert(name.into(), json!(time.to_string())),
            None => fields.remove(name),
        };
    }
}

/// `active`, `succeeded` and `failed`: the sums; `active` only of CassandraTasks that exist.
fn counts(observation: &Observation<'_>, fields: &mut Map<String, Value>) {
    let exists = |datacenter: &Datacenter| {
        datacenter.state != State::Lost
            && matches!(datacenter.found, Found::Child(_) | Found::Unavailable(_))
    };
    for (at, name) in COUNTS.into_iter().enumerate() {
        let datacenters = observation.datacenters.iter();
        let counted = datacenters.filter(|it| name != "active" || exists(it));
        let counts = counted.filter_map(|datacenter| datacenter.progress.counts.get(at));
        let sum = counts.fold(0_i64, |sum, count| sum.saturating_add(*count));
        fields.insert(name.into(), json!(sum));
    }
}

// The events of a transition come *before* the status that records it: after a crash between the two, the transition is not
// recorded yet, so the event is sent again, and the host merges the two. The other way round it would be lost. Only
// `CreateCassandraTask` comes after what it reports, since it must not report what then failed.

/// The events of the transitions from one status to the next: the specification has become invalid, or invalid in another way; a
/// failure has cancelled the remaining datacenters; something needs somebody.
pub fn transitions(from: &Recorded, to: &Recorded) -> Vec<Action> {
    let message = |status: &Recorded, kind: &str| {
        let condition = json::true_condition(status.status(), kind)?;
        condition["message"].as_str().map(str::to_owned)
    };
    let invalid = message(to, "Invalid").filter(|it| message(from, "Invalid").as_ref() != Some(it));
    let cancelled = message(to, "Failed").filter(|_| to.is_cancelled() && !from.is_cancelled());
    let stalled = to.true_reason("Stalled");
    let stalled = stalled.filter(|reason| from.true_reason("Stalled") != Some(reason));
    let events = [
        invalid.map(|message| (INVALID_SPEC, message)),
        cancelled.map(|message| (CANCELLED, message)),
        stalled.zip(message(to, "Stalled")),
    ];
    let events = events.into_iter().flatten();
    events
        .map(|(reason, message)| event(Severity::Warning, reason, message))
        .collect()
}

/// The event that a CassandraTask was created.
pub fn created(place: &Place) -> Action {
    let message = format!("Created CassandraTask {place}");
    event(Severity::Normal, "CreateCassandraTask", message)
}

/// The event that a CassandraTask is about to be created for a datacenter whose pods are stopped.
pub fn stopped(place: &Place) -> Action {
    let name = &place.datacenter;
    let message = format!("{name} is stopped, so CassandraTask {place} will find no pods");
    event(Severity::Warning, "DatacenterStopped", message)
}

/// The event that a second controller has created CassandraTasks for the task, if that is new.
pub fn conflict(observation: &Observation<'_>) -> Option<Action> {
    let record = observation.task.own_record();
    let is_new = record.is_some_and(|record| !record.conflict_reported);
    let children = observation.conflicting.iter().map(|child| named(child));
    let names = children.collect::<Vec<_>>().join(", ");
    let message = format!(
        "another controller has created CassandraTask {names}; only one K8ssandraTask controller may work on a task: see {PAGE}"
    );
    (is_new && !names.is_empty())
        .then(|| event(Severity::Warning, "ConflictingController", message))
}

/// The event that a task is deleted, and these stay.
pub fn left_behind(names: &[String]) -> Option<Action> {
    let message = format!("deleted without {}", names.join(", "));
    (!names.is_empty()).then(|| event(Severity::Warning, "LeftBehind", message))
}

fn event(severity: Severity, reason: &str, message: String) -> Action {
    let reason = reason.to_owned();
    Action::RecordEvent(Event {
        severity,
        reason,
        message,
    })
}
