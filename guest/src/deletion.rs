//! Rule 1, "being deleted": a task takes its CassandraTasks with it, and goes when they are gone (cluster-tasks,
//! Ownerships and cascade deletion).
//!
//! It goes by the labels alone, whatever the cluster and the list of datacenters say by now. No events are recorded here:
//! in a namespace that is being deleted they would be refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cassandra_task::CassandraTask;
use crate::cluster::Cluster;
use crate::conditions::{self, Condition};
use crate::contract::{Action, Blindness, Failure, Outcome, Plan, Selector, Sighting, Snapshot};
use crate::decision::rest;
use crate::patience::PATIENCE;
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

/// What keeps a task from going.
struct Remains<'a> {
    task: &'a Task,
    /// When its deletion was asked for.
    since: &'a str,
    now: Time,
    failure: Option<&'a Failure>,
    children: Vec<CassandraTask>,
    /// The contexts that hold it up.
    blind: Vec<Blind>,
    /// Whether every context gave an answer, those that do not hold it up included.
    is_all_seen: bool,
}

/// Decides for a task whose deletion was asked for at that moment.
pub fn decide(snapshot: &Snapshot, task: &Task, since: &str) -> Outcome {
    if !task.has_finalizer() {
        return Outcome::Act(rest(
            "it is being deleted, and nothing of ours holds it".to_owned(),
        ));
    }
    let view = View::new(&snapshot.observations);
    // Where no object can carry the labels, there is none to delete.
    let children = task.children();
    let by_labels = children.clone().map(Selector::Labelled);
    if let Err(unseen) = view.require(by_labels.into_iter().collect()) {
        return Outcome::Look(unseen);
    }
    let sightings = children.map_or(&[][..], |query| view.labelled(&query));
    match blind_contexts(view, task, sightings) {
        Err(unseen) => Outcome::Look(unseen),
        Ok(blind) => Outcome::Act(plan(&Remains {
            task,
            since,
            now: Time::from_millis(snapshot.now),
            failure: snapshot.last_failure.as_ref(),
            children: remaining(sightings),
            blind,
            is_all_seen: sightings.iter().all(|sighting| sighting.objects.is_ok()),
        })),
    }
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

/// The contexts that the cluster names for a target, and those where a recorded datacenter's CassandraTask was created;
/// `None` where that is not known, since the cluster is not, or nothing says where: it could be anywhere.
fn contexts_in_use(task: &Task, cluster: &ClusterSight) -> Option<BTreeSet<Option<String>>> {
    let cluster = cluster
        .known()
        .filter(|cluster| is_its_own(task, cluster))?;
    let mut contexts: BTreeSet<Option<String>> = Resolution::of(task, cluster)
        .places
        .into_iter()
        .map(|place| place.context)
        .collect();
    let whereabouts = task.metadata.whereabouts();
    for name in task.recorded.datacenters() {
        let declared = || Some(cluster.datacenter(name)?.context.clone());
        contexts.insert(whereabouts.context(name).or_else(declared)?);
    }
    Some(contexts)
}

/// Whether it is the cluster that the task was adopted for, and not another one of that name, made since, whose
/// datacenters may be elsewhere. Where no owner reference says, it is.
fn is_its_own(task: &Task, cluster: &Cluster) -> bool {
    let references = task.metadata.owner_references();
    let mut owners = references
        .iter()
        .filter(|reference| reference["kind"] == "K8ssandraCluster")
        .peekable();
    owners.peek().is_none() || owners.any(|owner| owner["uid"] == *cluster.uid)
}

fn plan(remains: &Remains<'_>) -> Plan {
    if remains.children.is_empty() && remains.blind.is_empty() {
        return release(remains);
    }
    let children = remains.children.iter();
    let doomed = children.filter(|child| !child.is_being_deleted());
    let deletions: Vec<_> = doomed.filter_map(CassandraTask::deletion).collect();
    let deletions =
        failure::after_the_failed(deletions, remains.failure, |deletion| &deletion.object.name);
    let told = remains.task.recorded.message_because("Running", BLOCKED);
    let to_do = deletions
        .iter()
        .map(|deletion| deletion.object.name.as_str());
    let refused = failure::blocking(remains.failure, told, to_do);
    let status = blocked_status(remains, &blocks(remains, refused));
    let deletions = deletions.into_iter().map(Action::Delete);
    Plan {
        // The status comes first, for a deletion that is refused ends the plan.
        actions: status.iter().map(set_status).chain(deletions).collect(),
        requeue_after: wake(remains),
        reasons: reasons(remains),
    }
}

/// Takes our finalizer off. Where that was refused, the status says so first.
fn release(remains: &Remains<'_>) -> Plan {
    let finalizers = remains.task.metadata.finalizers().iter();
    let others = finalizers.filter(|finalizer| *finalizer != names::FINALIZER);
    let patch = json!({"finalizers": others.collect::<Vec<_>>()});
    let refused = failure::blocking(remains.failure, None, std::iter::empty());
    let blocks = refused.map(|refused| format!("its finalizer stays: {refused}"));
    let status = blocks.and_then(|blocks| blocked_status(remains, &[blocks]));
    let failed = remains.failure.map(failure::reason);
    let gone = match remains.is_all_seen {
        true => "all its CassandraTasks are gone: it can go",
        false => "all its CassandraTasks that can be seen are gone: it can go",
    };
    Plan {
        actions: status
            .iter()
            .map(set_status)
            .chain([Action::PatchMetadata(patch.to_string())])
            .collect(),
        requeue_after: None,
        reasons: failed.into_iter().chain([gone.to_owned()]).collect(),
    }
}

/// When one that is on its way out is said to be held, although nothing changes.
fn wake(remains: &Remains<'_>) -> Option<u64> {
    let terminations = remains.children.iter().filter_map(CassandraTask::deleted);
    let moments = terminations.map(|since| since.plus_seconds(PATIENCE));
    let next = moments.filter(|moment| *moment > remains.now).min();
    next.map(|moment| moment.millis_from(remains.now))
}

/// What keeps the task from going and will not pass by itself.
fn blocks(remains: &Remains<'_>, refused: Option<String>) -> Vec<String> {
    let contexts = remains.blind.iter().map(|blind| match blind.context {
        Some(_) => format!(
            "{}: bring it back, or unregister it to leave behind what may be there",
            blind.text()
        ),
        None => format!(
            "{}: its CassandraTasks cannot be listed; is their CRD installed, and may they be listed?",
            blind.text()
        ),
    });
    let children = remains.children.iter();
    let nameless = children
        .clone()
        .filter(|child| child.deletion().is_none())
        .map(|child| {
            format!(
                "a CassandraTask without name or uid in {} cannot be deleted",
                context_name(child.context.as_deref())
            )
        });
    let held = children.filter_map(|child| held(child, remains.now));
    contexts
        .chain(nameless)
        .chain(held)
        .chain(refused)
        .collect()
}

/// That one has been on its way out for long, and what holds it.
fn held(child: &CassandraTask, now: Time) -> Option<String> {
    let since = child
        .deleted()
        .filter(|since| since.plus_seconds(PATIENCE) <= now)?;
    let finalizers = child.finalizers();
    let holders = if finalizers.is_empty() {
        String::new()
    } else {
        format!(": held by its finalizers {}", finalizers.join(", "))
    };
    Some(format!(
        "{} has been terminating since {since}{holders}",
        named(child)
    ))
}

fn named(child: &CassandraTask) -> String {
    let context = context_name(child.context.as_deref());
    format!(
        "CassandraTask {}.{} in {context}",
        child.namespace(),
        child.name()
    )
}

/// The status that says so; `None` if it does already, or there is nothing to say.
fn blocked_status(remains: &Remains<'_>, blocks: &[String]) -> Option<Value> {
    let recorded = &remains.task.recorded;
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
    let conditions = conditions::merged(recorded, remains.now, &[condition]);
    fields.insert("conditions".into(), conditions);
    let status = Value::Object(fields);
    (status != *recorded.status()).then_some(status)
}

fn reasons(remains: &Remains<'_>) -> Vec<String> {
    let since = remains.since;
    let failed = remains.failure.map(failure::reason);
    let waits = remains.children.iter().map(|child| {
        let since = child
            .deleted()
            .map_or(since.to_owned(), |since| since.to_string());
        format!(
            "being deleted: waits for {} to go, since {since}",
            named(child)
        )
    });
    let blind = remains
        .blind
        .iter()
        .map(|blind| format!("being deleted since {since}: {}", blind.reason()));
    failed.into_iter().chain(waits).chain(blind).collect()
}
