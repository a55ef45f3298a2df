//! Rule 1, "being deleted": a task takes its CassandraTasks with it, and goes when they are gone (cluster-tasks,
//! Ownerships and cascade deletion).
//!
//! It goes by the labels alone, whatever the cluster and the list of datacenters say by now. No events are recorded here:
//! in a namespace that is being deleted they would be refused, and hold up what comes after them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cassandra_task::CassandraTask;
use crate::conditions::{self, Condition};
use crate::contract::{Action, Blindness, Failure, Outcome, Plan, Selector, Sighting, Snapshot};
use crate::decision::rest;
use crate::plan::set_status;
use crate::progress::is_true;
use crate::resolution::Resolution;
use crate::situation::ClusterSight;
use crate::task::Task;
use crate::time::Time;
use crate::view::{Blind, View, context_name};
use crate::{failure, names};

/// The reason of `Running` while something keeps a task from going.
const BLOCKED: &str = "DeletionBlocked";

/// Decides for a task whose deletion was asked for.
pub fn decide(snapshot: &Snapshot, task: &Task) -> Outcome {
    if !task.has_finalizer() {
        return Outcome::Act(rest(
            "it is being deleted, and nothing of ours holds it".to_owned(),
        ));
    }
    let view = View::new(&snapshot.observations);
    // Where no object can carry the labels, there is none to delete.
    let children = task.children();
    if let Err(unseen) = view.require(
        children
            .clone()
            .map(Selector::Labelled)
            .into_iter()
            .collect(),
    ) {
        return Outcome::Look(unseen);
    }
    let sightings = children.map_or(&[][..], |query| view.labelled(&query));
    let blind = match blind_contexts(view, task, sightings) {
        Ok(blind) => blind,
        Err(unseen) => return Outcome::Look(unseen),
    };
    Outcome::Act(plan(snapshot, task, &remaining(sightings), &blind))
}

fn remaining(sightings: &[Sighting]) -> Vec<CassandraTask> {
    let seen = sightings
        .iter()
        .filter_map(|sighting| Some((sighting, sighting.objects.as_ref().ok()?)));
    seen.flat_map(|(sighting, objects)| {
        objects
            .iter()
            .map(|text| CassandraTask::read(sighting.context.as_deref(), text))
    })
    .collect()
}

/// The registered contexts that do not answer and may hold a CassandraTask of the task. The error is what must be looked
/// at to tell: the cluster, but only where there is such a context.
fn blind_contexts(
    view: View<'_>,
    task: &Task,
    sightings: &[Sighting],
) -> Result<Vec<Blind>, Vec<Selector>> {
    let mut blind: Vec<Blind> = sightings
        .iter()
        .filter_map(|sighting| match &sighting.objects {
            Err(why @ Blindness::Unreachable(_)) => Some(Blind {
                context: sighting.context.clone(),
                why: why.clone(),
            }),
            // Whoever took a context away took what is in it out of our hands.
            Ok(_) | Err(Blindness::Unregistered) => None,
        })
        .collect();
    if blind.is_empty() {
        return Ok(blind);
    }
    let reference = task.cluster().ok();
    view.require(
        reference
            .clone()
            .map(Selector::Object)
            .into_iter()
            .collect(),
    )?;
    let cluster = ClusterSight::read(view, reference.as_ref());
    if let Some(used) = contexts_in_use(task, &cluster) {
        blind.retain(|blind| used.contains(&blind.context));
    }
    Ok(blind)
}

/// The contexts that the cluster names for a target or a recorded datacenter; `None` where that is not known, since the
/// cluster is not, or does not declare a recorded datacenter any more: it could be anywhere.
fn contexts_in_use(task: &Task, cluster: &ClusterSight) -> Option<BTreeSet<Option<String>>> {
    let cluster = cluster.known()?;
    let mut contexts: BTreeSet<Option<String>> = Resolution::of(task, cluster)
        .places
        .into_iter()
        .map(|place| place.context)
        .collect();
    for name in task.recorded.datacenters() {
        contexts.insert(cluster.datacenter(name)?.context.clone());
    }
    Some(contexts)
}

fn plan(snapshot: &Snapshot, task: &Task, remaining: &[CassandraTask], blind: &[Blind]) -> Plan {
    if remaining.is_empty() && blind.is_empty() {
        let others = task
            .metadata
            .finalizers()
            .iter()
            .filter(|finalizer| *finalizer != names::FINALIZER);
        let patch = json!({"finalizers": others.collect::<Vec<_>>()});
        return Plan {
            actions: vec![Action::PatchMetadata(patch.to_string())],
            ..rest("all its CassandraTasks are gone: it can go".to_owned())
        };
    }
    let failure = snapshot.last_failure.as_ref();
    let doomed = remaining.iter().filter(|child| !child.is_being_deleted());
    let deletions: Vec<_> = doomed.filter_map(CassandraTask::deletion).collect();
    let deletions = failure::after_the_failed(deletions, failure, |deletion| &deletion.object.name);
    let told = task.recorded.message_because("Running", BLOCKED);
    let to_do = deletions
        .iter()
        .map(|deletion| deletion.object.name.as_str());
    let refused = failure.and_then(|failure| failure::blocking(failure, told, to_do));
    let status = blocked_status(snapshot, task, &blocks(remaining, blind, refused));
    let deletions = deletions.into_iter().map(Action::Delete);
    Plan {
        // The status comes first, for a deletion that is refused ends the plan.
        actions: status.iter().map(set_status).chain(deletions).collect(),
        requeue_after: None,
        reasons: reasons(remaining, blind, failure),
    }
}

/// What keeps the task from going and will not pass by itself.
fn blocks(remaining: &[CassandraTask], blind: &[Blind], refused: Option<String>) -> Vec<String> {
    let contexts = blind.iter().map(|blind| {
        format!(
            "{}: bring it back, or unregister it to leave what is there behind",
            blind.text()
        )
    });
    let nameless = remaining
        .iter()
        .filter(|child| child.deletion().is_none())
        .map(|child| {
            format!(
                "a CassandraTask without name or uid in {} cannot be deleted",
                context_name(child.context.as_deref())
            )
        });
    contexts.chain(nameless).chain(refused).collect()
}

/// The status that says so; `None` if it does already, or there is nothing to say.
fn blocked_status(snapshot: &Snapshot, task: &Task, blocks: &[String]) -> Option<Value> {
    let recorded = &task.recorded;
    let running = recorded.condition("Running");
    let was_blocked = running.is_some_and(|running| running["reason"] == BLOCKED);
    if blocks.is_empty() && !was_blocked {
        return None;
    }
    let message = match blocks {
        [] => "being deleted: waits for its CassandraTasks to go".to_owned(),
        blocks => format!("being deleted, but {}", blocks.join("; ")),
    };
    let condition = Condition {
        kind: "Running",
        is_true: running.is_some_and(is_true),
        reason: BLOCKED,
        message,
    };
    let mut fields = recorded.fields_without(&["conditions"]);
    let conditions = conditions::merged(recorded, Time::from_millis(snapshot.now), &[condition]);
    fields.insert("conditions".into(), conditions);
    let status = Value::Object(fields);
    (status != *recorded.status()).then_some(status)
}

fn reasons(remaining: &[CassandraTask], blind: &[Blind], failure: Option<&Failure>) -> Vec<String> {
    let failed = failure.map(failure::reason);
    let waits = remaining.iter().map(|child| {
        let place = context_name(child.context.as_deref());
        format!(
            "being deleted: waits for CassandraTask {}.{} in {place} to go",
            child.namespace(),
            child.name()
        )
    });
    let blind = blind
        .iter()
        .map(|blind| format!("being deleted: {}", blind.reason()));
    failed.into_iter().chain(waits).chain(blind).collect()
}
