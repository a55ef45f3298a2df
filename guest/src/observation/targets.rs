//! Which datacenters a task is for, and where the CassandraTask of each is to be: the specification and the cluster in.
//!
//! What does not resolve is kept apart, for the `Invalid` condition.

use std::collections::BTreeSet;
use std::fmt;

use super::answers::context_name;
use crate::contract::ObjectRef;
use crate::documents::cluster::{Cluster, Declared};
use crate::documents::names;
use crate::documents::task::Task;

/// Where the CassandraTask of a datacenter is, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The name of the datacenter.
    pub datacenter: String,
    /// Its context; `None` is the control plane.
    pub context: Option<String>,
    pub namespace: String,
    /// The name of the CassandraTask: `<task>-<datacenter>`.
    pub name: String,
}

impl Place {
    /// The place of a task's CassandraTask for a datacenter.
    pub fn new(task: &Task, datacenter: &str, context: Option<&str>, namespace: &str) -> Place {
        Place {
            datacenter: datacenter.to_owned(),
            context: context.map(str::to_owned),
            namespace: namespace.to_owned(),
            name: format!("{}-{datacenter}", task.metadata.name),
        }
    }

    /// Where a datacenter is declared.
    pub fn declared(task: &Task, declared: &Declared) -> Place {
        let context = declared.context.as_deref();
        Place::new(task, &declared.name, context, &declared.namespace)
    }

    /// The reference to the CassandraTask.
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

/// The targets that a specification names, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Those that the cluster declares, each once.
    pub places: Vec<Place>,
    /// Those that it does not declare.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Compares the targets of a list on a cluster: places, unknown, duplicate, ambiguous.
    fn check(listed: Value, declared: &[&str], expected: [&str; 4]) {
        let datacenter = |name| json!({"metadata": {"name": name}});
        let datacenters: Vec<Value> = declared.iter().map(datacenter).collect();
        let metadata = json!({"name": "demo", "namespace": "ns"});
        let spec = json!({"cassandra": {"datacenters": datacenters}});
        let cluster = json!({"metadata": metadata, "spec": spec});
        let cluster = Cluster::read(&cluster.to_string()).unwrap();
        let task = json!({"metadata": metadata, "spec": {"datacenters": listed}});
        let task = Task::read(&task.to_string()).unwrap();
        let targets = Targets::of(&task, &cluster);
        let places = targets.places.into_iter().map(|place| place.datacenter);
        let (unknown, duplicate) = (targets.unknown, targets.duplicate);
        let found = [places.collect(), unknown, duplicate, targets.ambiguous];
        let found = found.map(|names| names.join(" "));
        assert_eq!(found, expected, "{listed} of {declared:?}");
    }

    #[test]
    fn targets_follow_the_list_or_the_declaration() {
        check(json!([]), &["b", "a"], ["b a", "", "", ""]);
        check(json!(["a", "b"]), &["b", "a", "c"], ["a b", "", "", ""]);
        check(json!(["dc4", "a", "dc5"]), &["a"], ["a", "dc4 dc5", "", ""]);
        let list = json!(["a", "b", "b", "a", "b"]);
        check(list, &["a", "b"], ["a b", "", "b a", ""]);
        check(json!(null), &["a", "a"], ["a", "", "", "a"]);
        check(json!(["a"]), &["a", "a"], ["a", "", "", "a"]);
    }
}
