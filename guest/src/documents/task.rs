//! The K8ssandraTask, the primary: its JSON in, what the policy reads of it out.
//!
//! Only its name and namespace must be readable. The specification may be anything: what is invalid about it is kept as a
//! text, for the `Invalid` condition.

use std::collections::BTreeSet;

use serde_json::Value;

use super::record::{Identity, Record};
use super::spec::{Concurrency, Spec};
use super::status::Recorded;
use super::time::Time;
use super::{json, names};
use crate::contract::{LabelQuery, ObjectRef, Scope};

/// A K8ssandraTask.
#[derive(Debug)]
pub struct Task {
    /// What Kubernetes keeps about it.
    pub metadata: Metadata,
    /// What its author asks for, or what is invalid about it.
    pub spec: Result<Spec, String>,
    /// What was recorded in its status.
    pub recorded: Recorded,
    /// What was recorded in its annotation, unless that is of a task with another name, of which this is a copy.
    pub record: Option<Record>,
}

/// The part of the metadata that decisions depend on.
#[derive(Debug)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid; the empty text if it has none.
    pub uid: String,
    /// Counts the changes of its specification.
    pub generation: Option<i64>,
    /// When it was created.
    pub created: Option<Time>,
    /// When its deletion was asked for: as RFC 3339, if that is what it is.
    pub deleted: Option<String>,
    /// The finalizers, ours and those of others.
    pub finalizers: Vec<String>,
    /// The owner references, as they are.
    pub owners: Vec<Value>,
    /// The annotations, whatever they are.
    pub annotations: Value,
    labels: Value,
}

impl Metadata {
    fn read(metadata: &Value) -> Result<Metadata, String> {
        let text = |field: &str| metadata[field].as_str().map(str::to_owned);
        let required =
            |field: &str| text(field).ok_or_else(|| format!("metadata.{field}: Required value"));
        let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
        let deleted = &metadata["deletionTimestamp"];
        Ok(Metadata {
            name: required("name")?,
            namespace: required("namespace")?,
            uid: text("uid").unwrap_or_default(),
            generation: metadata["generation"].as_i64(),
            created: metadata["creationTimestamp"].as_str().and_then(Time::parse),
            deleted: (!deleted.is_null()).then(|| text("deletionTimestamp").unwrap_or_default()),
            finalizers: finalizers
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            owners: metadata["ownerReferences"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
            annotations: metadata["annotations"].clone(),
            labels: metadata["labels"].clone(),
        })
    }
}

impl Task {
    /// Reads the primary. The error says what of its metadata cannot be read.
    pub fn read(text: &str) -> Result<Task, String> {
        let mut document: Value = json::from_text(text)?;
        let metadata = Metadata::read(&document["metadata"])?;
        let spec = match &document["spec"] {
            Value::Null => Ok(Spec::default()),
            spec => json::from_value("spec", spec).map(|json::Object(spec)| spec),
        };
        let status = document.get_mut("status").map(Value::take);
        let is_copy = |record: &Record| {
            record
                .task
                .as_ref()
                .is_some_and(|task| task.name != metadata.name)
        };
        Ok(Task {
            record: Record::read(&metadata.annotations).filter(|record| !is_copy(record)),
            metadata,
            spec,
            recorded: Recorded::read(status.unwrap_or_default()),
        })
    }

    /// The record, where it was written for this very object.
    pub fn own_record(&self) -> Option<&Record> {
        let is_own = |record: &&Record| {
            record
                .task
                .as_ref()
                .is_some_and(|task| task.uid == self.metadata.uid)
        };
        self.record.as_ref().filter(is_own)
    }

    /// How many datacenters may be at work at once, and what a failure does; `None` if nothing valid is said.
    pub fn concurrency(&self) -> Option<Concurrency> {
        self.spec.as_ref().ok().and_then(Spec::concurrency)
    }

    /// Whether our finalizer is on it.
    pub fn has_finalizer(&self) -> bool {
        self.metadata
            .finalizers
            .iter()
            .any(|finalizer| finalizer == names::FINALIZER)
    }

    /// Whether another controller, or a version without the record, has started it: it was recorded so when the policy took
    /// charge, or else it carries the finalizer or a status.
    pub fn is_taken_over(&self) -> bool {
        match self.own_record() {
            Some(record) => record.taken_over,
            None => self.has_finalizer() || !self.recorded.datacenters().is_empty(),
        }
    }

    /// Whether a create was sent, or is about to be, as far as the task itself says.
    pub fn has_started(&self) -> bool {
        let creating = self
            .own_record()
            .is_some_and(|record| !record.creating.is_empty());
        creating || !self.recorded.datacenters().is_empty()
    }

    /// Whether a datacenter is recorded: in the status, or among those that the first creates are for.
    pub fn has_recorded(&self, datacenter: &str) -> bool {
        self.recorded.datacenters().contains_key(datacenter)
            || self
                .own_record()
                .is_some_and(|record| record.creating.contains(datacenter))
    }

    /// Whether the CassandraTask of a datacenter may have run without being observed.
    pub fn may_have_run(&self, datacenter: &str) -> bool {
        let copy = self.recorded.datacenters().get(datacenter);
        let record = self.own_record();
        copy.is_some_and(|copy| copy.has_started)
            || (self.has_recorded(datacenter)
                && record.is_some_and(|record| record.unobserved.contains(datacenter)))
    }

    /// The datacenters that are recorded.
    pub fn recorded_datacenters(&self) -> BTreeSet<&str> {
        let creating = self
            .own_record()
            .into_iter()
            .flat_map(|record| &record.creating);
        self.recorded
            .datacenters()
            .keys()
            .chain(creating)
            .map(String::as_str)
            .collect()
    }

    /// Its cluster as it was recorded when the policy took charge, or else as its owner references say: of several the one
    /// that the specification names.
    pub fn recorded_cluster(&self) -> Option<Identity> {
        if let Some(cluster) = self
            .record
            .as_ref()
            .and_then(|record| record.cluster.clone())
        {
            return Some(cluster);
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let owners = self
            .metadata
            .owners
            .iter()
            .filter(|owner| owner["kind"] == "K8ssandraCluster");
        let named = self.spec.as_ref().map_or("", |spec| spec.cluster().0);
        let owner = owners.min_by_key(|owner| owner["name"] != named)?;
        Some(Identity {
            name: text(&owner["name"]),
            uid: text(&owner["uid"]),
        })
    }

    /// Where its cluster is looked up, in its own namespace of the control plane: the recorded one once it has started, so
    /// that what runs can be followed, and else the one that the specification names. `None` if no object can have that name.
    pub fn cluster(&self) -> Option<ObjectRef> {
        let recorded = self.recorded_cluster().filter(|_| self.has_started());
        let name = match recorded {
            Some(cluster) => cluster.name,
            None => self.named_cluster()?.to_owned(),
        };
        names::is_object_name(&name).then(|| ObjectRef {
            context: None,
            gvk: names::k8ssandra_cluster(),
            namespace: Some(self.metadata.namespace.clone()),
            name,
        })
    }

    /// The cluster that the specification names in the task's own namespace.
    fn named_cluster(&self) -> Option<&str> {
        let (name, namespace) = self.spec.as_ref().ok()?.cluster();
        let is_here = namespace.is_empty() || namespace == self.metadata.namespace;
        is_here.then_some(name)
    }

    /// The contexts that a user has given up (annotation `pilothouse.dev/abandon`); `None` is the control plane.
    pub fn abandoned(&self) -> BTreeSet<Option<&str>> {
        let contexts = self.metadata.annotations[names::ABANDON]
            .as_str()
            .unwrap_or_default();
        let contexts = contexts
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        contexts
            .map(|name| Some(name).filter(|name| *name != names::CONTROL_PLANE))
            .collect()
    }

    /// Whether a backup tool says that it has restored the object.
    pub fn is_labelled_restored(&self) -> bool {
        self.metadata.labels[names::RESTORED_LABEL].is_string()
    }

    /// The two labels that say that a CassandraTask belongs to a task of this name.
    pub fn labels(&self) -> [(&'static str, &str); 2] {
        [
            (names::TASK_NAME_LABEL, &self.metadata.name),
            (names::TASK_NAMESPACE_LABEL, &self.metadata.namespace),
        ]
    }

    /// The query for all CassandraTasks with its labels, wherever they are; `None` where no object can carry the labels.
    pub fn children(&self) -> Option<LabelQuery> {
        let labels = self.labels();
        let is_possible = labels.iter().all(|(_, value)| names::is_label_value(value));
        is_possible.then(|| LabelQuery {
            scope: Scope::Everywhere,
            gvk: names::cassandra_task(),
            namespace: None,
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(metadata: Value, status: Value) -> Task {
        let mut document =
            json!({"metadata": {"name": "t", "namespace": "ns", "uid": "u1"}, "status": status});
        for (name, value) in metadata.as_object().unwrap() {
            document["metadata"][name] = value.clone();
        }
        Task::read(&document.to_string()).unwrap()
    }

    fn record(task: Value) -> Value {
        json!({"annotations": {"pilothouse.dev/record": json!({"task": task}).to_string()}})
    }

    #[test]
    fn name_and_namespace_alone_must_be_readable() {
        assert_eq!(
            Task::read("{}").unwrap_err(),
            "metadata.name: Required value"
        );
        let odd = json!({"finalizers": 3, "ownerReferences": {}, "annotations": [], "labels": 1, "deletionTimestamp": 5, "generation": "x"});
        let odd = task(odd, json!(7));
        assert!(odd.metadata.deleted.is_some() && odd.metadata.finalizers.is_empty());
    }

    #[test]
    fn a_record_is_its_own_or_of_the_object_it_was_before_or_does_not_count() {
        let own = task(record(json!({"name": "t", "uid": "u1"})), json!(null));
        assert!(own.own_record().is_some());
        let restored = task(record(json!({"name": "t", "uid": "u0"})), json!(null));
        assert!(restored.record.is_some() && restored.own_record().is_none());
        let copy = task(record(json!({"name": "another", "uid": "u0"})), json!(null));
        assert!(copy.record.is_none());
    }

    #[test]
    fn abandoned_contexts_are_separated_by_commas() {
        let abandoned = json!({"annotations": {"pilothouse.dev/abandon": "east, control-plane,,"}});
        assert_eq!(
            task(abandoned, json!(null)).abandoned(),
            [None, Some("east")].into()
        );
        assert!(task(json!({}), json!(null)).abandoned().is_empty());
    }

    #[test]
    fn the_cluster_is_the_recorded_one_once_it_has_started() {
        let owner = |name: &str| json!({"ownerReferences": [{"kind": "K8ssandraCluster", "name": name, "uid": "k1"}]});
        assert_eq!(task(owner("demo"), json!(null)).cluster(), None);
        let started = task(owner("demo"), json!({"datacenters": {"dc1": {}}}));
        assert_eq!(started.cluster().unwrap().name, "demo");
    }
}
