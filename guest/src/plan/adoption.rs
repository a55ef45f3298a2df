//! Rule 5, "not yet adopted": the one metadata patch that comes before the first create.
//!
//! The finalizer lets the task clean up after itself; the owner reference lets the deletion of the cluster delete the task
//! (cluster-tasks, Ownerships and cascade deletion); the record is what decisions later depend on. What others put there stays.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::contract::Action;
use crate::decision::waiting::Waiting;
use crate::decision::{Decision, validation};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::Cluster;
use crate::documents::record::{Identity, Location, Record};
use crate::documents::task::Task;
use crate::documents::time::Time;
use crate::documents::{names, spec};
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};

/// The merge patch of the metadata; `None` if nothing is missing.
pub fn patch(observation: &Observation<'_>, decision: &Decision<'_>) -> Option<Action> {
    let (task, metadata) = (observation.task, &observation.task.metadata);
    let is_adopting = is_adopting(observation, decision);
    let mut patch = Map::new();
    if is_adopting && !task.has_finalizer() {
        let finalizers = metadata.finalizers.iter().map(String::as_str);
        let finalizers = finalizers.chain([names::FINALIZER]).collect();
        patch.insert("finalizers".into(), finalizers);
    }
    // A task that waits for its status or its cluster is left as it is.
    let is_owned = matches!(decision.waiting, None | Some(Waiting::InvalidSpec { .. }));
    let cluster = observation.cluster.known();
    let cluster = cluster.filter(|cluster| is_owned && cluster.deleted.is_none());
    if let Some(references) = cluster.and_then(|cluster| owner_references(task, cluster)) {
        patch.insert("ownerReferences".into(), references);
    }
    if let Some(record) = record(observation, decision, is_adopting) {
        let annotations = record.annotations(&metadata.annotations);
        patch.insert("annotations".into(), annotations);
    }
    (!patch.is_empty()).then(|| Action::PatchMetadata(Value::Object(patch).to_string()))
}

/// Whether the task has something to clean up, or is about to.
fn is_adopting(observation: &Observation<'_>, decision: &Decision<'_>) -> bool {
    let task = observation.task;
    match &decision.waiting {
        Some(Waiting::StatusLost { .. }) => false,
        // It has CassandraTasks to delete, or another controller has finished it, and its TTL counts from when the policy took charge.
        _ if decision.is_finished => {
            !observation.children.is_empty()
                || (task.own_record().is_none() && task.is_taken_over())
        }
        _ => decision.creates().next().is_some() || observation.has_started(),
    }
}

/// Whether the record is to say what is created: nothing is recorded yet, and the status may follow.
pub fn records_creates(observation: &Observation<'_>, decision: &Decision<'_>) -> bool {
    let task = observation.task;
    // One that is recorded may exist, although it was not observed: it is never taken out of the record.
    let is_pending = |it: &Datacenter| it.state == State::Pending;
    let is_first =
        task.recorded.datacenters().is_empty() && observation.datacenters.iter().all(is_pending);
    let mut created = decision.creates().map(|target| &target.datacenter.name);
    is_first && !decision.is_finished && created.any(|name| !task.has_recorded(name))
}

/// The record, where it has to be written.
fn record(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    is_adopting: bool,
) -> Option<Record> {
    let task = observation.task;
    let known = task.own_record();
    if known.is_none() && !is_adopting {
        return None;
    }
    let mut record = known.cloned().unwrap_or_else(|| begun(observation));
    // What was refused has started nothing: the specification may still be corrected, and another cluster be named.
    if known.is_none() || !observation.has_started() {
        record.cluster = cluster(observation).or(record.cluster);
        record.template = Some(started_with(observation));
    }
    let created = decision.creates().map(|it| it.datacenter.name.clone());
    let created: BTreeSet<String> = created.collect();
    let locations = locations(observation);
    let is_new = |(name, location): &(String, Location)| {
        created.contains(name) && record.datacenters.get(name) != Some(location)
    };
    let is_elsewhere = |child: &Rc<CassandraTask>| {
        let datacenter = child.datacenter(&task.metadata.name);
        let known = record.datacenters.get(datacenter);
        known.is_none_or(|location| location.context != child.context)
    };
    if known.is_none()
        || locations.iter().any(is_new)
        || observation.children.iter().any(is_elsewhere)
    {
        record.datacenters.extend(locations);
    }
    let refused = decision.refused_creates();
    record
        .creating
        .retain(|name| !refused.contains(name.as_str()));
    if records_creates(observation, decision) {
        record.creating = created;
    }
    record_unobserved(observation, &mut record.unobserved);
    record.conflict_reported |= !observation.conflicting.is_empty();
    (known != Some(&record)).then_some(record)
}

/// The datacenters whose CassandraTasks may start without being observed, without those that were observed meanwhile.
fn record_unobserved(observation: &Observation<'_>, unobserved: &mut BTreeSet<String>) {
    unobserved.extend(observation.unobserved().map(|it| it.name.clone()));
    for datacenter in &observation.datacenters {
        let is_observed = match datacenter.found {
            Found::Child(_) => true,
            Found::Absent => !observation.task.has_recorded(&datacenter.name),
            _ => false,
        };
        if is_observed {
            unobserved.remove(&datacenter.name);
        }
    }
}

/// A record for a task of which the policy takes charge now.
fn begun(observation: &Observation<'_>) -> Record {
    let (task, metadata) = (observation.task, &observation.task.metadata);
    // Not before the creation of any CassandraTask that belongs to the task now, whatever the clock of its API server says, or
    // it would be a second controller's from then on.
    let created = observation.children.iter().filter_map(|it| it.created());
    let adopted = created.fold(observation.now, Time::max);
    // Where they were created before there was a record.
    let before = task.record.as_ref().map(|it| it.datacenters.clone());
    Record {
        task: Some(Identity {
            name: metadata.name.clone(),
            uid: metadata.uid.clone(),
        }),
        adopted: Some(adopted.to_string()),
        taken_over: task.is_taken_over(),
        datacenters: before.unwrap_or_default(),
        ..Record::default()
    }
}

/// The template as the first CassandraTask has it, or is to have it.
fn started_with(observation: &Observation<'_>) -> Map<String, Value> {
    let spec = observation.task.spec.as_ref().ok();
    validation::of_a_child(observation)
        .or_else(|| spec.map(|spec| spec::to_record(&spec.template)))
        .unwrap_or_default()
}

fn cluster(observation: &Observation<'_>) -> Option<Identity> {
    let known = observation.cluster.known().map(|cluster| Identity {
        name: cluster.name.clone(),
        uid: cluster.uid.clone(),
    });
    known.or_else(|| observation.task.recorded_cluster())
}

/// Where the CassandraTask of each target is, or is to be, and of each former target that was observed. Of one that another
/// controller has recorded without saying where, the declared place is a guess until every context has answered.
fn locations(observation: &Observation<'_>) -> Vec<(String, Location)> {
    let is_known = |it: &&Datacenter| match it.found {
        Found::Child(_) | Found::Absent => true,
        Found::Foreign(_) => false,
        _ => !observation.task.has_recorded(&it.name),
    };
    let located = |datacenter: &Datacenter| {
        let place = datacenter.place.as_ref()?;
        let location = Location {
            context: place.context.clone(),
            namespace: Some(place.namespace.clone()),
        };
        Some((datacenter.name.clone(), location))
    };
    let known = observation.datacenters.iter().filter(is_known);
    known.filter_map(located).collect()
}

/// The owner references with one to the cluster; `None` if there is one.
fn owner_references(task: &Task, cluster: &Cluster) -> Option<Value> {
    let references = task.metadata.owners.iter();
    let is_owned = references.clone().any(|it| it["uid"] == *cluster.uid);
    if is_owned || cluster.uid.is_empty() {
        return None;
    }
    // One to a cluster of that name that was deleted meanwhile points nowhere: ours replaces it.
    let is_stale = |it: &&Value| it["kind"] == "K8ssandraCluster" && it["name"] == *cluster.name;
    let mut kept: Vec<Value> = references.filter(|it| !is_stale(it)).cloned().collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_owner_that_points_to_an_earlier_cluster_of_that_name_is_replaced() {
        let owner = |kind: &str, name: &str| json!({"kind": kind, "name": name, "uid": "old"});
        let kept = [owner("K8ssandraCluster", "other"), owner("Pod", "demo")];
        let owners = json!([kept[0], owner("K8ssandraCluster", "demo"), kept[1]]);
        let metadata = json!({"name": "t", "namespace": "ns", "ownerReferences": owners});
        let task = Task::read(&json!({"metadata": metadata}).to_string()).unwrap();
        let cluster = json!({"metadata": {"name": "demo", "namespace": "ns", "uid": "new"}});
        let cluster = Cluster::read(&cluster.to_string()).unwrap();
        let references = owner_references(&task, &cluster).unwrap();
        let references = references.as_array().unwrap();
        assert_eq!(references[..2], kept);
        assert_eq!(
            (&references[2]["uid"], references.len()),
            (&json!("new"), 3)
        );
    }
}
