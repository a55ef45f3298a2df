//! The plan: a decision in, the actions in their order out. The last layer.
//!
//! The order: events of transitions; the status, which records what is created next; the metadata patch; then the creates, each
//! followed by its event. So after a crash between a create and what comes after it, with the context unavailable by then, it
//! is known what may have been created. Before the very first create the record is enough, and the status follows.

mod adoption;
mod creation;

use serde_json::{Map, Value, json};

use crate::contract::{Action, Deletion, ObjectRef, Plan, Requeue, Selector};
use crate::decision::deletion::{self, Removal};
use crate::decision::finish::{self, Expiry};
use crate::decision::sequence::{Step, Target};
use crate::decision::waiting::Waiting;
use crate::decision::{Decision, standing};
use crate::documents::names;
use crate::documents::status::Recorded;
use crate::documents::task::Task;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::report::{self, messages, messages::Line};

/// A plan to do nothing, and why.
pub fn nothing(code: &str, why: String, observes: Vec<Selector>) -> Plan {
    Plan {
        actions: Vec::new(),
        requeue: Requeue::OnChange,
        reasons: vec![messages::note(code, why)],
        observes,
    }
}

/// The plan for a task that is not being deleted.
pub fn plan(observation: &Observation<'_>, mut decision: Decision<'_>) -> Plan {
    let patch = adoption::patch(observation, &decision);
    if patch.is_empty() {
        decision.refused = None;
    }
    let decision = &decision;
    if observation.task.recorded.is_finished() {
        return finished(observation, decision, patch, None);
    }
    let lines = messages::lines(observation, decision);
    let status = report::status(observation, decision, &lines);
    if decision.is_finished {
        return finished(observation, decision, patch, Some(status));
    }
    let records_creates = adoption::records_creates(observation, decision);
    // That the record is refused must be said before it is tried again.
    let mut actions = if records_creates && decision.refused.is_none() {
        Vec::new()
    } else {
        write(&observation.task.recorded, &status)
    };
    actions.extend(adopt(observation, patch));
    // A record that was refused must be written before anything else is created.
    if decision.refused.is_none() {
        let targets = decision.targets.iter();
        actions.extend(targets.flat_map(|target| create(observation, target)));
    }
    let requeue = match wake(observation, decision, &lines) {
        _ if records_creates || decision.refused.is_some() => Requeue::AtOnce,
        Some(time) => Requeue::After(time.millis_from(observation.now)),
        None => Requeue::OnChange,
    };
    Plan {
        actions,
        requeue,
        reasons: messages::reasons(observation, decision, &lines),
        observes: observation.observes.clone(),
    }
}

/// Rule 2: the plan for a task that has finished, with the status that says so if it is new. It is never deleted in the plan that
/// writes anything else.
fn finished(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    patch: Map<String, Value>,
    status: Option<Recorded>,
) -> Plan {
    let recorded = &observation.task.recorded;
    let is_new = status.is_some();
    let end = status.unwrap_or_else(|| recorded.clone());
    let expiry = finish::expiry(observation, &end);
    let waiting = match &expiry {
        Expiry::Waits(waiting) => Some(waiting),
        _ => None,
    };
    let status = if is_new {
        end
    } else {
        report::stalled_only(observation, waiting.into_iter().chain(&decision.refused))
    };
    let mut actions = write(recorded, &status);
    actions.extend(adopt(observation, patch));
    let (requeue, reason) = match &expiry {
        Expiry::Never(why) => (Requeue::OnChange, messages::note("Finished", why.clone())),
        Expiry::Waits(waiting) => {
            let stalls = waiting
                .stalls()
                .map(|(from, _)| from)
                .filter(|from| *from > observation.now);
            let requeue = stalls.map_or(Requeue::OnChange, |from| {
                Requeue::After(from.millis_from(observation.now))
            });
            (requeue, messages::of_task(waiting))
        }
        Expiry::At { finished, expires } if *expires > observation.now => {
            let why = format!("finished at {finished}; will be deleted at {expires}");
            (
                Requeue::After(expires.millis_from(observation.now)),
                messages::note("Finished", why),
            )
        }
        Expiry::At { finished, expires } => {
            let why = format!("finished at {finished} and expired at {expires}");
            let requeue = if actions.is_empty() {
                Requeue::OnChange
            } else {
                Requeue::AtOnce
            };
            if actions.is_empty() {
                actions.extend(deletion_of(observation.task));
            }
            (requeue, messages::note("Expired", why))
        }
    };
    Plan {
        actions,
        requeue,
        reasons: messages::passing(observation).chain([reason]).collect(),
        observes: observation.observes.clone(),
    }
}

/// Rule 1: the plan for a task that is being deleted.
pub fn removal(observation: &Observation<'_>, removal: Removal) -> Plan {
    let recorded = &observation.task.recorded;
    let plan = |actions, requeue, reasons| Plan {
        actions,
        requeue,
        reasons,
        observes: observation.observes.clone(),
    };
    match removal {
        Removal::NotOurs => {
            let why = "being deleted; finalizer not present, nothing to do".to_owned();
            nothing("Terminating", why, observation.observes.clone())
        }
        Removal::Done {
            left_behind,
            refused,
        } => {
            let status = report::stalled_only(observation, refused.iter());
            let finalizers = deletion::without_finalizer(&observation.task.metadata.finalizers);
            let patch = Action::PatchMetadata(json!({ "finalizers": finalizers }).to_string());
            // Where the finalizer could not be removed, the status says so first.
            let report = if refused.is_some() {
                write(recorded, &status)
            } else {
                Vec::new()
            };
            let actions = report
                .into_iter()
                .chain(report::left_behind(&left_behind))
                .chain([patch]);
            let why = "all CassandraTasks deleted; removing finalizer".to_owned();
            plan(
                actions.collect(),
                Requeue::OnChange,
                vec![messages::note("Terminating", why)],
            )
        }
        Removal::Waiting {
            deletions,
            waiting,
            is_status_first,
        } => {
            let status = write(recorded, &report::stalled_only(observation, waiting.iter()));
            let has_deletions = !deletions.is_empty();
            let deletions: Vec<Action> = deletions.into_iter().map(Action::Delete).collect();
            let actions = match is_status_first {
                true => status.into_iter().chain(deletions).collect(),
                false => deletions.into_iter().chain(status).collect(),
            };
            let requeue = match deletion::deadline(observation) {
                _ if has_deletions => Requeue::AtOnce,
                Some(time) => Requeue::After(time.millis_from(observation.now)),
                None => Requeue::OnChange,
            };
            let reasons = waiting
                .iter()
                .map(messages::of_task)
                .chain(messages::passing(observation));
            plan(actions, requeue, reasons.collect())
        }
    }
}

/// Rule 5, with a report on a second controller, if that is new.
fn adopt(observation: &Observation<'_>, patch: Map<String, Value>) -> Vec<Action> {
    let conflict = report::conflict(observation);
    let patch =
        (!patch.is_empty()).then(|| Action::PatchMetadata(Value::Object(patch).to_string()));
    conflict.into_iter().chain(patch).collect()
}

fn create(observation: &Observation<'_>, target: &Target<'_>) -> Vec<Action> {
    let Step::Create(place) = &target.step else {
        return Vec::new();
    };
    let is_stopped = target
        .datacenter
        .declared
        .as_ref()
        .is_some_and(|declared| declared.is_stopped);
    let creation = creation::creation(observation.settings, observation.task, place);
    let warning = is_stopped.then(|| report::stopped(place));
    warning
        .into_iter()
        .chain([Action::Create(creation), report::created(place)])
        .collect()
}

/// The status, with the events of what it changes to before it; nothing if it is as it was.
fn write(from: &Recorded, to: &Recorded) -> Vec<Action> {
    if from.status() == to.status() {
        return Vec::new();
    }
    let mut actions = report::transitions(from, to);
    actions.push(Action::SetStatus(to.status().to_string()));
    actions
}

/// When something has to be said or done although nothing changes.
fn wake(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> Option<Time> {
    let datacenters = lines
        .iter()
        .filter_map(|line| standing::deadline(observation, line.datacenter, line.waiting()?));
    let task = decision
        .waiting
        .as_ref()
        .and_then(Waiting::stalls)
        .map(|(from, _)| from);
    datacenters
        .chain(task.filter(|from| *from > observation.now))
        .min()
}

/// The deletion of the task itself; nothing where it has no uid to name it by.
fn deletion_of(task: &Task) -> Option<Action> {
    (!task.metadata.uid.is_empty()).then(|| {
        Action::Delete(Deletion {
            object: ObjectRef {
                context: None,
                gvk: names::k8ssandra_task(),
                namespace: Some(task.metadata.namespace.clone()),
                name: task.metadata.name.clone(),
            },
            uid: task.metadata.uid.clone(),
        })
    })
}
