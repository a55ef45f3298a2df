//! Which datacenters a task is for, and where the CassandraTask of each is: the specification and the cluster in, places out.
//!
//! What does not resolve is kept apart, for the `Invalid` condition; nothing is looked up here.

use std::collections::BTreeSet;
use std::fmt;

use crate::cluster::{Cluster, Declared};
use crate::contract::ObjectRef;
use crate::names;
use crate::task::{Spec, Task};
use crate::view::context_name;

/// Where the CassandraTask of a datacenter is, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn of(task: &Task, datacenter: &Declared) -> Place {
        Place {
            datacenter: datacenter.name.clone(),
            context: datacenter.context.clone(),
            namespace: datacenter.namespace.clone(),
            name: format!("{}-{}", task.metadata.name, datacenter.name),
        }
    }

    /// The reference to the CassandraTask; `None` if nothing can have that name, so that there is nothing to look at.
    pub fn reference(&self) -> Option<ObjectRef> {
        let is_possible =
            names::is_object_name(&self.name) && names::is_namespace_name(&self.namespace);
        is_possible.then(|| ObjectRef {
            context: self.context.clone(),
            gvk: names::cassandra_task(),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        })
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
pub struct Resolution {
    /// Those that the cluster has, each once.
    pub places: Vec<Place>,
    /// Those that it does not have.
    pub unknown: Vec<String>,
    /// Those that are listed more than once.
    pub twice: Vec<String>,
    /// Those that the cluster itself declares more than once, so that a name says nothing.
    pub ambiguous: Vec<String>,
}

impl Resolution {
    /// Resolves the list of a task, or all datacenters in declaration order (cluster-tasks, Datacenters).
    pub fn of(task: &Task, cluster: &Cluster) -> Resolution {
        let mut resolution = Resolution::default();
        let mut seen = BTreeSet::new();
        for name in wanted(task, cluster) {
            let mut namesakes = cluster.namesakes(name);
            match (seen.insert(name), namesakes.next()) {
                (true, Some(declared)) => {
                    resolution.places.push(Place::of(task, declared));
                    let is_ambiguous = namesakes.next().is_some();
                    resolution
                        .ambiguous
                        .extend(is_ambiguous.then(|| name.to_owned()));
                }
                (true, None) => resolution.unknown.push(name.to_owned()),
                // Where all are wanted, this is the second of an ambiguous name.
                (false, _) if resolution.ambiguous.iter().any(|known| known == name) => {}
                (false, _) if resolution.twice.iter().any(|known| known == name) => {}
                (false, _) => resolution.twice.push(name.to_owned()),
            }
        }
        resolution
    }

    /// Whether it is known for sure what all the targets are.
    pub fn is_sound(&self) -> bool {
        self.unknown.is_empty() && self.ambiguous.is_empty() && !self.places.is_empty()
    }
}

fn wanted<'a>(task: &'a Task, cluster: &'a Cluster) -> Vec<&'a str> {
    let listed = task
        .spec
        .as_ref()
        .map(Spec::datacenters)
        .unwrap_or_default();
    if listed.is_empty() {
        let declared = cluster.datacenters.iter();
        return declared.map(|declared| declared.name.as_str()).collect();
    }
    listed.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn targets_follow_the_list_or_the_declaration() {
        let cluster = |names: &[&str]| {
            let datacenters: Vec<Value> = names
                .iter()
                .map(|name| json!({"metadata": {"name": name}}))
                .collect();
            let document = json!({
                "metadata": {"name": "demo", "namespace": "ns"},
                "spec": {"cassandra": {"datacenters": datacenters}},
            });
            Cluster::read(&document.to_string()).unwrap()
        };
        let resolve = |listed: Value, declared: &[&str]| {
            let document = json!({"metadata": {"name": "t", "namespace": "ns"}, "spec": {"datacenters": listed}});
            let resolution = Resolution::of(
                &Task::read(&document.to_string()).unwrap(),
                &cluster(declared),
            );
            let names: Vec<String> = resolution
                .places
                .iter()
                .map(|place| place.datacenter.clone())
                .collect();
            (
                names.join(" "),
                resolution.unknown.join(" "),
                resolution.twice.join(" "),
                resolution.ambiguous.join(" "),
            )
        };
        let expect = |places: &str, unknown: &str, twice: &str, ambiguous: &str| {
            (
                places.to_owned(),
                unknown.to_owned(),
                twice.to_owned(),
                ambiguous.to_owned(),
            )
        };
        assert_eq!(resolve(json!(null), &["b", "a"]), expect("b a", "", "", ""));
        assert_eq!(resolve(json!([]), &["b", "a"]), expect("b a", "", "", ""));
        assert_eq!(
            resolve(json!(["a", "b"]), &["b", "a", "c"]),
            expect("a b", "", "", "")
        );
        assert_eq!(
            resolve(json!(["dc4", "a", "dc5"]), &["a"]),
            expect("a", "dc4 dc5", "", "")
        );
        assert_eq!(
            resolve(json!(["a", "a", "a"]), &["a"]),
            expect("a", "", "a", "")
        );
        assert_eq!(
            resolve(json!(["a", "b", "a", "b", "a"]), &["a", "b"]),
            expect("a b", "", "a b", "")
        );
        assert_eq!(resolve(json!(null), &["a", "a"]), expect("a", "", "", "a"));
        assert_eq!(resolve(json!(["a"]), &["a", "a"]), expect("a", "", "", "a"));
    }
}
