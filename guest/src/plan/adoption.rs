//! Rule 5, "not yet adopted": the one metadata patch that comes before the first create.
//!
//! The finalizer lets the task clean up after itself; the owner reference lets the deletion of the cluster delete the task
//! (cluster-tasks, Ownerships and cascade deletion); the record is what decisions later depend on. What others put there stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::decision::sequence::{Step, Target};
use crate::decision::waiting::Waiting;
use crate::decision::{Decision, adopts_finished, validation};
use crate::documents::cluster::Cluster;
use crate::documents::names;
use crate::documents::record::{Identity, Location, Record};
use crate::documents::spec;
use crate::documents::task::Task;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::Place;

/// The merge patch of the metadata; empty if nothing is missing.
pub fn patch(observation: &Observation<'_>, decision: &Decision<'_>) -> Map<String, Value> {
    let task = observation.task;
    let cluster = observation
        .cluster
        .known()
        .filter(|cluster| cluster.deleted.is_none());
    let is_adopting = is_adopting(observation, decision);
    let mut patch = Map::new();
    if is_adopting && !task.has_finalizer() {
        let finalizers = task
            .metadata
            .finalizers
            .iter()
            .map(String::as_str)
            .chain([names::FINALIZER]);
        patch.insert("finalizers".into(), finalizers.collect());
    }
    // A task that waits for its status or its cluster is left as it is.
    let is_owned = matches!(decision.waiting, None | Some(Waiting::InvalidSpec { .. }));
    if let Some(references) = cluster
        .filter(|_| is_owned)
        .and_then(|cluster| owner_references(task, cluster))
    {
        patch.insert("ownerReferences".into(), references);
    }
    if let Some(record) = record(observation, decision, is_adopting) {
        patch.insert(
            "annotations".into(),
            record.annotations(&task.metadata.annotations),
        );
    }
    patch
}

/// Whether the task has something to clean up, or is about to.
fn is_adopting(observation: &Observation<'_>, decision: &Decision<'_>) -> bool {
    match &decision.waiting {
        Some(Waiting::StatusLost { .. }) => false,
        _ if decision.is_finished => adopts_finished(observation),
        _ => decision.creates().next().is_some() || observation.has_started(),
    }
}

/// The record, where it has to be written.
fn record(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    is_adopting: bool,
) -> Option<Record> {
    let known = observation.task.own_record();
    if known.is_none() && !is_adopting {
        return None;
    }
    let mut record = known.cloned().unwrap_or_else(|| begun(observation));
    let created: BTreeSet<&str> = decision
        .creates()
        .map(|target| target.datacenter.name.as_str())
        .collect();
    let is_due = !locations(observation, decision)
        .filter(|(name, _)| created.contains(name.as_str()) || known.is_none())
        .all(|(name, location)| record.datacenters.get(&name) == Some(&location));
    let is_seen = observation.children.iter().any(|child| {
        let known = record
            .datacenters
            .get(child.datacenter(&observation.task.metadata.name));
        known.is_none_or(|it| it.context != child.context)
    });
    if known.is_none() || is_due || is_seen {
        record.datacenters.extend(locations(observation, decision));
    }
    // What was refused has started nothing: the specification may still be corrected, and another cluster be named.
    if !observation.has_started() {
        record.cluster = cluster(observation).or(record.cluster);
        record.template = Some(started_with(observation));
    }
    let refused = decision.refused();
    record
        .creating
        .retain(|name| !refused.contains(name.as_str()));
    if records_creates(observation, decision) {
        record.creating = created.into_iter().map(str::to_owned).collect();
    }
    record
        .unobserved
        .extend(observation.unobserved().map(|it| it.name.clone()));
    let is_observed = |it: &&Datacenter| match it.found {
        Found::Child(_) => true,
        Found::Absent => !observation.task.has_recorded(&it.name),
        _ => false,
    };
    for datacenter in observation.datacenters.iter().filter(is_observed) {
        record.unobserved.remove(&datacenter.name);
    }
    record.conflict_reported |= !observation.conflicting.is_empty();
    (known != Some(&record)).then_some(record)
}

/// A record for a task of which the policy takes charge now.
fn begun(observation: &Observation<'_>) -> Record {
    let (task, metadata) = (observation.task, &observation.task.metadata);
    Record {
        task: Some(Identity {
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
        }),
        cluster: cluster(observation),
        adopted: Some(adopted(observation).to_string()),
        taken_over: task.is_taken_over(),
        template: Some(started_with(observation)),
        // Where they were created before there was a record.
        datacenters: task
            .record
            .as_ref()
            .map_or_else(BTreeMap::new, |record| record.datacenters.clone()),
        ..Record::default()
    }
}

/// When the policy takes charge: not before the creation of any CassandraTask that belongs to the task now, whatever the clock of
/// its API server says, or it would be a second controller's from then on.
fn adopted(observation: &Observation<'_>) -> Time {
    let created = observation
        .children
        .iter()
        .filter_map(|child| child.created());
    created
        .chain([observation.now])
        .max()
        .unwrap_or(observation.now)
}

/// The template as the first CassandraTask has it, or is to have it.
fn started_with(observation: &Observation<'_>) -> Map<String, Value> {
    let specified = || {
        observation
            .task
            .spec
            .as_ref()
            .map(|spec| spec::to_record(&spec.template))
            .unwrap_or_default()
    };
    validation::of_a_child(observation).unwrap_or_else(specified)
}

fn cluster(observation: &Observation<'_>) -> Option<Identity> {
    let known = observation.cluster.known().map(|cluster| Identity {
        name: cluster.name.clone(),
        uid: cluster.uid.clone(),
    });
    known.or_else(|| observation.task.recorded_cluster())
}

/// Whether the record is to say what is created: nothing is recorded yet, and the status may follow.
pub fn records_creates(observation: &Observation<'_>, decision: &Decision<'_>) -> bool {
    let creating = observation.task.own_record().map(|record| &record.creating);
    let is_recorded = |name: &String| creating.is_some_and(|creating| creating.contains(name));
    // One that is recorded may exist, although it was not observed: it is never taken out of the record.
    let is_pending = |it: &Datacenter| it.state == State::Pending;
    let is_first = observation.task.recorded.datacenters().is_empty()
        && observation.datacenters.iter().all(is_pending);
    is_first
        && !decision.is_finished
        && decision
            .creates()
            .any(|target| !is_recorded(&target.datacenter.name))
}

/// Where the CassandraTask of each target is, or is to be, and of each former target that was observed. Of one that another
/// controller has recorded without saying where, the declared place is a guess until every context has answered.
fn locations(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
) -> impl Iterator<Item = (String, Location)> {
    let creates: BTreeMap<&str, &Place> = decision
        .targets
        .iter()
        .filter_map(|target| match target {
            Target {
                datacenter,
                step: Step::Create(place),
            } => Some((datacenter.name.as_str(), place)),
            _ => None,
        })
        .collect();
    let is_known = |it: &Datacenter| {
        matches!(it.found, Found::Child(_) | Found::Absent)
            || !observation.task.has_recorded(&it.name) && !matches!(it.found, Found::Foreign(_))
    };
    let located = observation
        .datacenters
        .iter()
        .filter_map(move |datacenter| {
            let place = creates
                .get(datacenter.name.as_str())
                .copied()
                .or(datacenter.place.as_ref().filter(|_| is_known(datacenter)))?;
            let location = Location {
                context: place.context.clone(),
                namespace: Some(place.namespace.clone()),
            };
            Some((datacenter.name.clone(), location))
        });
    located.collect::<Vec<_>>().into_iter()
}

fn owner_references(task: &Task, cluster: &Cluster) -> Option<Value> {
    let references = &task.metadata.owners;
    let is_owned = references
        .iter()
        .any(|reference| reference["uid"] == *cluster.uid);
    if is_owned || cluster.uid.is_empty() {
        return None;
    }
    // One to a cluster of that name that was deleted meanwhile points nowhere: ours replaces it.
    let is_stale = |reference: &&Value| {
        reference["kind"] == "K8ssandraCluster" && reference["name"] == *cluster.name
    };
    let mut kept: Vec<Value> = references
        .iter()
        .filter(|reference| !is_stale(reference))
        .cloned()
        .collect();
    let mut own = json!({
        "apiVersion": names::CLUSTER_API,
        "kind": "K8ssandraCluster",
        "name": cluster.name,
        "uid": cluster.uid,
    });
    // Kubernetes allows one controller only.
    if !kept.iter().any(|reference| reference["controller"] == true) {
        own["controller"] = json!(true);
        own["blockOwnerDeletion"] = json!(true);
    }
    kept.push(own);
    Some(Value::Array(kept))
}
