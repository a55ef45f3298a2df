//! Which datacenters a task is for, and where the CassandraTask of each is to be: the specification and the cluster in.
//!
//! What does not resolve is kept apart, for the `Invalid` condition.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::answers::context_name;
use crate::contract::ObjectRef;
use crate::documents::cluster::Cluster;
use crate::documents::names;
use crate::documents::task::Task;

/// Where the CassandraTask of a datacenter is, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The name of the datacenter.
    pub datacenter: String,
    /// Its context; `None` is the control plane.
    pub context: Option<String>,
    /// Its namespace.
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
        let is_listed = !listed.is_empty();
        let wanted: Vec<&str> = if is_listed {
            listed.iter().map(String::as_str).collect()
        } else {
            cluster
                .datacenters
                .iter()
                .map(|declared| declared.name.as_str())
                .collect()
        };
        let mut declared: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for datacenter in &cluster.datacenters {
            declared
                .entry(&datacenter.name)
                .or_default()
                .push(datacenter);
        }
        let mut targets = Targets::default();
        let (mut seen, mut duplicate) = (BTreeSet::new(), BTreeSet::new());
        for name in wanted {
            match (seen.insert(name), declared.get(name).map(Vec::as_slice)) {
                (true, Some([first, others @ ..])) => {
                    let place = Place::new(task, name, first.context.as_deref(), &first.namespace);
                    targets.places.push(place);
                    targets
                        .ambiguous
                        .extend((!others.is_empty()).then(|| name.to_owned()));
                }
                (true, _) => targets.unknown.push(name.to_owned()),
                (false, _) if is_listed && duplicate.insert(name) => {
                    targets.duplicate.push(name.to_owned())
                }
                (false, _) => {}
            }
        }
        targets
    }

    /// Whether it is certain what all the targets are.
    pub fn are_certain(&self) -> bool {
        self.unknown.is_empty() && self.ambiguous.is_empty() && !self.places.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Compares the targets of a list on a cluster: places, unknown, duplicate, ambiguous.
    fn check(listed: Value, declared: &[&str], expected: [&str; 4]) {
        let datacenters: Vec<Value> = declared
            .iter()
            .map(|name| json!({"metadata": {"name": name}}))
            .collect();
        let cluster = json!({"metadata": {"name": "demo", "namespace": "ns"}, "spec": {"cassandra": {"datacenters": datacenters}}});
        let task =
            json!({"metadata": {"name": "t", "namespace": "ns"}, "spec": {"datacenters": listed}});
        let cluster = Cluster::read(&cluster.to_string()).unwrap();
        let Targets {
            places,
            unknown,
            duplicate,
            ambiguous,
        } = Targets::of(&Task::read(&task.to_string()).unwrap(), &cluster);
        let places: Vec<String> = places.into_iter().map(|place| place.datacenter).collect();
        let found = [places, unknown, duplicate, ambiguous].map(|names| names.join(" "));
        assert_eq!(found, expected, "{listed} of {declared:?}");
    }

    #[test]
    fn targets_follow_the_list_or_the_declaration() {
        check(json!(null), &["b", "a"], ["b a", "", "", ""]);
        check(json!([]), &["b", "a"], ["b a", "", "", ""]);
        check(json!(["a", "b"]), &["b", "a", "c"], ["a b", "", "", ""]);
        check(json!(["dc4", "a", "dc5"]), &["a"], ["a", "dc4 dc5", "", ""]);
        check(json!(["a", "a", "a"]), &["a"], ["a", "", "a", ""]);
        check(
            json!(["a", "b", "a", "b", "a"]),
            &["a", "b"],
            ["a b", "", "a b", ""],
        );
        check(json!(null), &["a", "a"], ["a", "", "", "a"]);
        check(json!(["a"]), &["a", "a"], ["a", "", "", "a"]);
    }
}
