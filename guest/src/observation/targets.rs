//! Which datacenters a task is for, where the CassandraTask of each is to be, and which of those that were observed belong to
//! it: one predicate, for its status and for its deletion.

use std::collections::BTreeSet;
use std::fmt;

use super::answers::context_name;
use crate::contract::ObjectRef;
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::{Cluster, Declared};
use crate::documents::names;
use crate::documents::task::Task;
use crate::documents::time::Time;

/// By how much the clocks of two API servers may differ.
const CLOCK_SKEW_SECONDS: i64 = 300;

/// Where the CassandraTask of a datacenter is, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub datacenter: String,
    /// Its context; `None` is the control plane.
    pub context: Option<String>,
    pub namespace: String,
    /// The name of the CassandraTask: `<task>-<datacenter>`.
    pub name: String,
}

impl Place {
    pub fn new(task: &Task, datacenter: &str, context: Option<&str>, namespace: &str) -> Place {
        Place {
            datacenter: datacenter.to_owned(),
            context: context.map(str::to_owned),
            namespace: namespace.to_owned(),
            name: format!("{}-{datacenter}", task.metadata.name),
        }
    }

    pub fn declared(task: &Task, declared: &Declared) -> Place {
        let context = declared.context.as_deref();
        Place::new(task, &declared.name, context, &declared.namespace)
    }

    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            context: self.context.clone(),
            gvk: names::cassandra_task(),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        }
    }

    /// Whether an object can have that name; if not, there is none.
    pub fn is_possible(&self) -> bool {
        names::is_object_name(&self.name) && names::is_namespace_name(&self.namespace)
    }
}

impl fmt::Display for Place {
    /// As the documentation writes it: `ns.task1-dc1 in context kind-1`, and without a context for the control plane.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)?;
        match &self.context {
            Some(context) => write!(f, " in {}", context_name(Some(context))),
            None => Ok(()),
        }
    }
}

/// The targets that a specification names, in their order. What does not resolve is kept apart, for the `Invalid` condition.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Those that the cluster declares, each once.
    pub places: Vec<Place>,
    pub unknown: Vec<String>,
    /// Those that are listed more than once.
    pub duplicate: Vec<String>,
    /// Those that the cluster itself declares more than once.
    pub ambiguous: Vec<String>,
}

impl Targets {
    /// The list of a task, or all datacenters in declaration order (cluster-tasks, Datacenters).
    pub fn of(task: &Task, cluster: &Cluster) -> Targets {
        let listed = task.spec.as_ref().map_or(&[][..], |spec| &spec.datacenters);
        let declared = cluster.datacenters.iter().map(|it| it.name.as_str());
        let (declared, declared_again) = each_once(declared);
        let (wanted, listed_again) = each_once(listed.iter().map(String::as_str));
        let wanted = if listed.is_empty() { declared } else { wanted };
        let ambiguous: BTreeSet<&str> = declared_again.into_iter().collect();
        let is_unknown = |name: &&&str| cluster.datacenter(name).is_none();
        let is_ambiguous = |name: &&&str| ambiguous.contains(**name);
        let owned = |name: &&str| (*name).to_owned();
        let places = wanted.iter().filter_map(|name| {
            let declared = cluster.datacenter(name)?;
            Some(Place::declared(task, declared))
        });
        Targets {
            places: places.collect(),
            unknown: wanted.iter().filter(is_unknown).map(owned).collect(),
            duplicate: each_once(listed_again).0.iter().map(owned).collect(),
            ambiguous: wanted.iter().filter(is_ambiguous).map(owned).collect(),
        }
    }

    /// Whether it is certain what all the targets are.
    pub fn are_certain(&self) -> bool {
        self.unknown.is_empty() && self.ambiguous.is_empty() && !self.places.is_empty()
    }
}

/// Each of these names once, and those that come again.
fn each_once<'n>(names: impl IntoIterator<Item = &'n str>) -> (Vec<&'n str>, Vec<&'n str>) {
    let mut seen = BTreeSet::new();
    names.into_iter().partition(|name| seen.insert(*name))
}

/// What a CassandraTask is to a K8ssandraTask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Own,
    /// It does not, and was created in its place after the policy took charge: by a second controller at work.
    Conflicting,
    Foreign,
}

/// Judges an object that was observed. The cluster is the task's own, where that is known.
pub fn relation(task: &Task, cluster: Option<&Cluster>, child: &CassandraTask) -> Relation {
    let is_taken_over = task.is_taken_over();
    let created = child.created();
    // Times have whole seconds. What belongs to a task that was not taken over is marked, so one of the same second is not its own.
    let is_after =
        |adopted: Time, created: Time| created > adopted || (created == adopted && !is_taken_over);
    match child.created_for() {
        Some(uid) if !uid.is_empty() && uid == task.metadata.uid => Relation::Own,
        Some(_) => Relation::Foreign,
        // k8ssandra-operator leaves no mark.
        None if !has_labels(task, child) || !is_in_place(task, cluster, child) => Relation::Foreign,
        // What the status knows was there before, whatever the clock of its API server says.
        None if is_taken_over && has_recorded_start(task, child) => Relation::Own,
        None => match (task.adopted(), created) {
            (Some(_), None) => Relation::Conflicting,
            (Some(adopted), Some(created)) if is_after(adopted, created) => Relation::Conflicting,
            (_, Some(_)) if is_taken_over && is_of_this_task(task, child) => Relation::Own,
            _ => Relation::Foreign,
        },
    }
}

/// Whether it carries the two labels of a task of this name.
pub fn has_labels(task: &Task, child: &CassandraTask) -> bool {
    let mut labels = task.labels().into_iter();
    labels.all(|(name, value)| child.label(name) == Some(value))
}

/// Whether its context, namespace and name are those of a datacenter that the cluster declares or that is recorded.
fn is_in_place(task: &Task, cluster: Option<&Cluster>, child: &CassandraTask) -> bool {
    let datacenter = child.datacenter(&task.metadata.name);
    let (context, namespace) = (child.context.as_deref(), child.namespace());
    let place = Place::new(task, datacenter, context, namespace);
    let declared = cluster.and_then(|cluster| cluster.datacenter(datacenter));
    let is_declared = declared.is_some_and(|it| Place::declared(task, it) == place);
    let record = task.record.as_ref();
    let is_recorded = match record.and_then(|record| record.datacenters.get(datacenter)) {
        Some(it) => {
            let namespace = it.namespace.as_ref();
            it.context == place.context && namespace.is_none_or(|it| *it == place.namespace)
        }
        // Where nothing says where it was created, the status must know it: the cluster may have been edited since.
        None => has_recorded_start(task, child),
    };
    child.name() == place.name && (is_declared || is_recorded)
}

/// Whether it is not of an earlier task of that name: not older than the task, or recorded in its status.
pub fn is_of_this_task(task: &Task, child: &CassandraTask) -> bool {
    let created = child.created();
    let margin = created.map(|created| created.plus_seconds(CLOCK_SKEW_SECONDS));
    margin.is_some_and(|margin| Some(margin) >= task.metadata.created)
        || has_recorded_start(task, child)
}

/// Whether the status records its datacenter with the same startTime.
fn has_recorded_start(task: &Task, child: &CassandraTask) -> bool {
    let datacenter = child.datacenter(&task.metadata.name);
    let recorded = task.recorded.datacenters().get(datacenter);
    recorded.is_some_and(|it| it.start.is_some() && it.start == child.progress.start)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Relation::{Conflicting, Foreign, Own};
    use super::*;

    const CREATED: &str = "2022-12-15T19:43:00Z";
    const ADOPTED: &str = "2022-12-15T19:50:00Z";

    /// What a CassandraTask of k8ssandra-operator is to a task that was taken over, with these changes.
    fn changed(changes: &[(&str, Value)]) -> Relation {
        let mut documents = json!({
            "record": {"task": {"name": "task1", "uid": "u1"}, "adopted": ADOPTED, "takenOver": true},
            "task": {
                "metadata": {"name": "task1", "namespace": "ns", "uid": "u1", "creationTimestamp": CREATED, "finalizers": []},
                "status": {"datacenters": {}},
            },
            "child": {
                "metadata": {
                    "name": "task1-dc1", "namespace": "ns", "creationTimestamp": CREATED,
                    "labels": {"k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": "ns"},
                    "annotations": {"pilothouse.dev/created-for": null},
                },
                "status": {"startTime": CREATED},
            },
            "cluster": {
                "metadata": {"name": "demo", "namespace": "ns"},
                "spec": {"cassandra": {"datacenters": [{"metadata": {"name": "dc1"}, "k8sContext": "kind-1"}]}},
            },
        });
        for (pointer, value) in changes {
            *documents.pointer_mut(pointer).unwrap() = value.clone();
        }
        if documents["record"].is_object() {
            let record = documents["record"].to_string();
            documents["task"]["metadata"]["annotations"] = json!({"pilothouse.dev/record": record});
        }
        let cluster = Cluster::read(&documents["cluster"].to_string()).unwrap();
        let task = Task::read(&documents["task"].to_string()).unwrap();
        let child = CassandraTask::read(Some("kind-1"), &documents["child"].to_string());
        relation(&task, Some(&cluster), &child)
    }

    #[test]
    fn what_it_is_follows_from_its_mark_its_place_and_its_age() {
        let mark = |uid| {
            (
                "/child/metadata/annotations/pilothouse.dev~1created-for",
                json!(uid),
            )
        };
        let child = |time| ("/child/metadata/creationTimestamp", json!(time));
        let finalizers = json!(["control.k8ssandra.io/finalizer"]);
        let finalizers = ("/task/metadata/finalizers", finalizers);
        let unrecorded = ("/record", json!(null));
        let unlabelled = ("/child/metadata/labels", json!({}));
        let without_uid = ("/task/metadata/uid", json!(""));
        let recorded = json!({"dc1": {"startTime": CREATED}});
        let recorded = ("/task/status/datacenters", recorded);
        let is_new = ("/record/takenOver", json!(false));
        let early = child("2022-12-15T19:37:59Z");
        for (expected, changes) in [
            (Own, vec![]),
            (Own, vec![mark("u1"), unlabelled.clone()]),
            (Foreign, vec![mark("u0")]),
            (Foreign, vec![mark(""), without_uid]),
            (Own, vec![unrecorded.clone(), finalizers]),
            (Foreign, vec![unrecorded]),
            (Foreign, vec![unlabelled]),
            (Foreign, vec![("/child/metadata/namespace", json!("other"))]),
            (Foreign, vec![("/child/metadata/name", json!("task1-dc9"))]),
            (Own, vec![child("2022-12-15T19:38:00Z")]),
            (Own, vec![early.clone(), recorded]),
            (Foreign, vec![early]),
            (Own, vec![child(ADOPTED)]),
            (Conflicting, vec![child(ADOPTED), is_new]),
            (Conflicting, vec![child("2022-12-15T19:50:01Z")]),
            (Conflicting, vec![child("soon")]),
        ] {
            assert_eq!(changed(&changes), expected, "{changes:?}");
        }
    }

    #[test]
    fn without_a_creation_time_nothing_says_that_it_is_of_this_task() {
        let metadata = json!({"name": "task1", "namespace": "ns"});
        let task = json!({ "metadata": metadata }).to_string();
        let child = CassandraTask::read(None, r#"{"metadata": {"name": "task1-dc1"}}"#);
        assert!(!is_of_this_task(&Task::read(&task).unwrap(), &child));
    }
}
