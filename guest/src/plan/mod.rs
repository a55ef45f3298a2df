//! The plan: a decision in, the actions in their order out. The last layer.
//!
//! The order: events of transitions; the status, which records what is created next; the metadata patch; then the creates, each
//! followed by its event. So after a crash between a create and what comes after it, with the context unavailable by then, it
//! is known what may have been created. Before the very first create the record is enough, and the status follows.

mod adoption;

use serde_json::{Map, Value, json};

use crate::contract::{Action, Creation, Deletion, Operation, Plan, Reason, Requeue, Selector};
use crate::decision::ending::{self, Expiry, Removal};
use crate::decision::sequence::{self, Target};
use crate::decision::waiting::{Refusal, Waiting};
use crate::decision::{Decision, standing};
use crate::documents::settings::Settings;
use crate::documents::status::{Recorded, stalled};
use crate::documents::task::Task;
use crate::documents::time::Time;
use crate::documents::{names, spec};
use crate::observation::Observation;
use crate::observation::targets::Place;
use crate::report::{self, messages};

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
    if patch.is_none() {
        decision.refused = None;
    }
    let recorded = &observation.task.recorded;
    if recorded.is_finished() {
        return finished(observation, &decision, patch, None);
    }
    let lines = messages::lines(observation, &decision);
    let status = report::status(observation, &decision, &lines);
    if decision.is_finished {
        return finished(observation, &decision, patch, Some(status));
    }
    let records_creates = adoption::records_creates(observation, &decision);
    let is_refused = decision.refused.is_some();
    let mut actions = Vec::new();
    // That the record is refused must be said before it is tried again.
    if is_refused || !records_creates {
        actions.extend(write(recorded, &status));
    }
    actions.extend(report::conflict(observation).into_iter().chain(patch));
    // A record that was refused must be written before anything else is created.
    if !is_refused {
        let mut creates: Vec<_> = decision.creates().collect();
        creates.sort_by_cached_key(|it| sequence::last_failure(observation, it.datacenter));
        let creates = creates.into_iter();
        actions.extend(creates.flat_map(|target| create(observation, target)));
    }
    let datacenters = lines.iter().filter_map(|line| {
        let waiting = line.waiting()?;
        Some(standing::deadlines(observation, line.datacenter, waiting))
    });
    let task = decision.waiting.as_ref().and_then(Waiting::stalls_at);
    let requeue = wake(observation, datacenters.flatten().chain(task));
    let reasons = messages::reasons(observation, &decision, &lines);
    act(observation, actions, requeue, reasons)
}

/// Rule 2: the plan for a task that has finished, with the status that says so if it is new. It is never deleted in the plan that
/// writes anything else.
fn finished(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    patch: Option<Action>,
    status: Option<Recorded>,
) -> Plan {
    let recorded = &observation.task.recorded;
    let expiry = ending::expiry(observation, status.as_ref().unwrap_or(recorded));
    let finishes = status.is_some();
    let mut actions = match status {
        Some(status) => write(recorded, &status),
        None => report_expiry(observation, decision, &expiry),
    };
    actions.extend(report::conflict(observation).into_iter().chain(patch));
    let (requeue, reason) = match expiry {
        Expiry::Never(why) => (Requeue::OnChange, messages::note("Finished", why)),
        Expiry::Waits(waiting) => (
            wake(observation, waiting.stalls_at()),
            messages::of_task(&waiting),
        ),
        Expiry::Later { finished, expires } => {
            let why = format!("finished at {finished}; will be deleted at {expires}");
            let requeue = wake(observation, [expires]);
            (requeue, messages::note("Finished", why))
        }
        Expiry::Due {
            finished, expires, ..
        } => {
            let why = format!("finished at {finished} and expired at {expires}");
            let requeue = if actions.is_empty() {
                actions.extend(deletion_of(observation.task));
                Requeue::OnChange
            } else {
                Requeue::AtOnce
            };
            (requeue, messages::note("Expired", why))
        }
    };
    // One that has finished is reported by other rules than one that has not.
    let requeue = if finishes { Requeue::AtOnce } else { requeue };
    let reasons = messages::passing(observation).chain([reason]);
    act(observation, actions, requeue, reasons.collect())
}

/// The status of a task that has finished before, if `Stalled` is to change.
fn report_expiry(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    expiry: &Expiry,
) -> Vec<Action> {
    let recorded = &observation.task.recorded;
    let is_kept = match expiry {
        // A host that was started anew knows of no refusal: what was said stays until the deletion has been tried again.
        Expiry::Due { refused: None, .. } => {
            let is_said = recorded.true_reason("Stalled") == Some(stalled::DELETION_BLOCKED);
            is_said && decision.refused.is_none()
        }
        // Where the status is refused, too, the deletion does not wait for it.
        Expiry::Due { .. } => Refusal::of_task(observation, Operation::SetStatus).is_some(),
        _ => false,
    };
    if is_kept {
        return Vec::new();
    }
    let waiting = expiry.waiting().into_iter().chain(&decision.refused);
    write(recorded, &report::stalled_only(observation, waiting))
}

/// Rule 1: the plan for a task that is being deleted.
pub fn removal(observation: &Observation<'_>, removal: Removal) -> Plan {
    let report = |waiting: &[Waiting]| {
        let status = report::stalled_only(observation, waiting);
        write(&observation.task.recorded, &status)
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
            // Where the finalizer could not be removed, the status says so first.
            let mut actions = refused.map_or_else(Vec::new, |refused| report(&[refused]));
            actions.extend(report::left_behind(&left_behind));
            let finalizers = observation.task.metadata.finalizers.iter();
            let finalizers: Vec<_> = finalizers.filter(|it| *it != names::FINALIZER).collect();
            let patch = json!({ "finalizers": finalizers }).to_string();
            actions.push(Action::PatchMetadata(patch));
            let why = "all CassandraTasks deleted; removing finalizer".to_owned();
            let reasons = vec![messages::note("Terminating", why)];
            act(observation, actions, Requeue::OnChange, reasons)
        }
        Removal::Waiting {
            deletions,
            waiting,
            is_status_first,
        } => {
            let requeue = if deletions.is_empty() {
                wake(observation, waiting.iter().filter_map(Waiting::stalls_at))
            } else {
                Requeue::AtOnce
            };
            let mut actions = report(&waiting);
            let at = if is_status_first { actions.len() } else { 0 };
            actions.splice(at..at, deletions.into_iter().map(Action::Delete));
            let reasons = waiting.iter().map(messages::of_task);
            let reasons = reasons.chain(messages::passing(observation));
            act(observation, actions, requeue, reasons.collect())
        }
    }
}

/// After a create or a patch of the metadata, the next plan follows at once: the status says what has become of the create, and is
/// decided with the record. After a status that does not finish the task, nothing is left to do until something changes.
fn act(
    observation: &Observation<'_>,
    actions: Vec<Action>,
    requeue: Requeue,
    reasons: Vec<Reason>,
) -> Plan {
    let is_followed =
        |action: &Action| matches!(action, Action::Create(_) | Action::PatchMetadata(_));
    let requeue = match actions.iter().any(is_followed) {
        true => Requeue::AtOnce,
        false => requeue,
    };
    Plan {
        actions,
        requeue,
        reasons,
        observes: observation.observes.clone(),
    }
}

/// To be called again at the first of these times that is still to come, although nothing changes.
fn wake(observation: &Observation<'_>, times: impl IntoIterator<Item = Time>) -> Requeue {
    let now = observation.now;
    match times.into_iter().filter(|time| *time > now).min() {
        Some(time) => Requeue::After(time.millis_from(now)),
        None => Requeue::OnChange,
    }
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

/// The CassandraTask of a target that is due, with the events about it.
fn create(observation: &Observation<'_>, target: &Target<'_>) -> Vec<Action> {
    let Some(place) = &target.datacenter.place else {
        return Vec::new();
    };
    let declared = target.datacenter.declared.as_ref();
    let is_stopped = declared.is_some_and(|declared| declared.is_stopped);
    let mut actions = Vec::from_iter(is_stopped.then(|| report::stopped(place)));
    let creation = creation(observation.settings, observation.task, place);
    actions.extend([Action::Create(creation), report::created(place)]);
    actions
}

/// A CassandraTask (cluster-tasks, Template): the template's fields beside the datacenter, and no TTL of its own, since that is
/// managed on the K8ssandraTask.
fn creation(settings: &Settings, task: &Task, place: &Place) -> Creation {
    let spec = task.spec.as_ref();
    let mut spec = spec.map_or_else(|_| Map::new(), |spec| spec::to_create(&spec.template));
    let datacenter = json!({"name": place.datacenter, "namespace": place.namespace});
    spec.insert("datacenter".into(), datacenter);
    spec.insert("ttlSecondsAfterFinished".into(), json!(0));
    let settings = settings.labels.iter();
    let settings = settings.map(|(label, value)| (label.as_str(), value.as_str()));
    let labels = settings.chain(names::COMMON_LABELS).chain(task.labels());
    let labels: Map<String, Value> = labels
        .map(|(label, value)| (label.to_owned(), json!(value)))
        .collect();
    let object = json!({
        "apiVersion": names::CONTROL_API,
        "kind": "CassandraTask",
        "metadata": {"name": place.name, "namespace": place.namespace, "labels": labels},
        "spec": spec,
    });
    Creation {
        context: place.context.clone(),
        object: object.to_string(),
    }
}

/// The deletion of the task itself; nothing where it has no uid to name it by.
fn deletion_of(task: &Task) -> Option<Action> {
    let metadata = &task.metadata;
    let deletion = Deletion {
        object: task.reference(),
        uid: metadata.uid.clone(),
    };
    (!metadata.uid.is_empty()).then_some(Action::Delete(deletion))
}
