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

#[derive(Debug)]
pub struct Task {
    pub metadata: Metadata,
    /// What its author asks for, or what is invalid about it.
    pub spec: Result<Spec, String>,
    pub recorded: Recorded,
    /// What was recorded in its annotation, unless that is of a task with another name, of which this is a copy.
    pub record: Option<Record>,
}

#[derive(Debug)]
pub struct Metadata {
    pub name: String,
    pub namespace: String,
    /// Its uid; the empty text if it has none.
    pub uid: String,
    pub generation: Option<i64>,
    pub created: Option<Time>,
    pub is_being_deleted: bool,
    pub finalizers: Vec<String>,
    pub owners: Vec<Value>,
    pub annotations: Value,
    labels: Value,
}

impl Metadata {
    fn read(metadata: &Value) -> Result<Metadata, String> {
        let text = |field: &str| metadata[field].as_str().map(str::to_owned);
        let required =
            |field| text(field).ok_or_else(|| json::required(&format!("metadata.{field}")));
        let finalizers = json::items(&metadata["finalizers"]).filter_map(Value::as_str);
        Ok(Metadata {
            name: required("name")?,
            namespace: required("namespace")?,
            uid: text("uid").unwrap_or_default(),
            generation: metadata["generation"].as_i64(),
            created: Time::read(&metadata["creationTimestamp"]),
            is_being_deleted: !metadata["deletionTimestamp"].is_null(),
            finalizers: finalizers.map(str::to_owned).collect(),
            owners: json::items(&metadata["ownerReferences"]).cloned().collect(),
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
        let is_its = |record: &Record| {
            let task = record.task.as_ref();
            task.is_none_or(|task| task.name == metadata.name)
        };
        Ok(Task {
            record: Record::read(&metadata.annotations).filter(is_its),
            metadata,
            spec,
            recorded: Recorded::read(status.unwrap_or_default()),
        })
    }

    /// The record, where it was written for this very object.
    pub fn own_record(&self) -> Option<&Record> {
        let record = self.record.as_ref()?;
        let task = record.task.as_ref()?;
        (task.uid == self.metadata.uid).then_some(record)
    }

    pub fn adopted(&self) -> Option<Time> {
        let adopted = self.own_record()?.adopted.as_deref()?;
        Time::parse(adopted)
    }

    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            context: None,
            gvk: names::k8ssandra_task(),
            namespace: Some(self.metadata.namespace.clone()),
            name: self.metadata.name.clone(),
        }
    }

    /// How many datacenters may be at work at once, and what a failure does; `None` if nothing valid is said.
    pub fn concurrency(&self) -> Option<Concurrency> {
        self.spec.as_ref().ok().and_then(Spec::concurrency)
    }

    pub fn has_finalizer(&self) -> bool {
        let mut finalizers = self.metadata.finalizers.iter();
        finalizers.any(|finalizer| finalizer == names::FINALIZER)
    }

    /// Whether another controller, or a version without the record, has started it: it was recorded so when the policy took
    /// charge, or else it carries the finalizer or a status.
    pub fn is_taken_over(&self) -> bool {
        match self.own_record() {
            Some(record) => record.taken_over,
            None => self.has_finalizer() || !self.recorded.datacenters().is_empty(),
        }
    }

    /// The datacenters that are recorded: in the status, or as those that the first creates are for.
    pub fn recorded_datacenters(&self) -> impl Iterator<Item = &str> {
        let creating = self.own_record().into_iter().flat_map(|it| &it.creating);
        let copied = self.recorded.datacenters().keys();
        copied.chain(creating).map(String::as_str)
    }

    /// Whether a create was sent, or is about to be, as far as the task itself says.
    pub fn has_started(&self) -> bool {
        self.recorded_datacenters().next().is_some()
    }

    pub fn has_recorded(&self, datacenter: &str) -> bool {
        let record = self.own_record();
        self.recorded.datacenters().contains_key(datacenter)
            || record.is_some_and(|record| record.creating.contains(datacenter))
    }

    /// Whether the CassandraTask of a datacenter may have run without being observed.
    pub fn may_have_run(&self, datacenter: &str) -> bool {
        let copy = self.recorded.datacenters().get(datacenter);
        copy.is_some_and(|copy| copy.has_started)
            || (self.has_recorded(datacenter) && self.is_unobserved(datacenter))
    }

    /// The datacenters whose CassandraTasks may start, or may exist, without having been observed.
    pub fn unobserved(&self) -> impl Iterator<Item = &str> {
        let record = self.own_record().into_iter();
        record.flat_map(|it| &it.unobserved).map(String::as_str)
    }

    pub fn is_unobserved(&self, datacenter: &str) -> bool {
        let record = self.own_record();
        record.is_some_and(|record| record.unobserved.contains(datacenter))
    }

    /// Its cluster as it was recorded when the policy took charge, or else as its owner references say: of several the one
    /// that the specification names.
    pub fn recorded_cluster(&self) -> Option<Identity> {
        let recorded = self.record.as_ref().and_then(|it| it.cluster.clone());
        let named = self.spec.as_ref().map_or("", |spec| spec.cluster().0);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        recorded.or_else(|| {
            let owners = self.metadata.owners.iter();
            let owner = owners
                .filter(|owner| owner["kind"] == "K8ssandraCluster")
                .min_by_key(|owner| owner["name"] != named)?;
            Some(Identity {
                name: text(&owner["name"]),
                uid: text(&owner["uid"]),
            })
        })
    }

    /// The cluster that it was started for, once it has started.
    pub fn started_cluster(&self) -> Option<Identity> {
        self.recorded_cluster().filter(|_| self.has_started())
    }

    /// Where its cluster is looked up, in its own namespace of the control plane: the one that it was started for, so that what
    /// runs can be followed, or else the one that the specification names. `None` if no object can have that name.
    pub fn cluster(&self) -> Option<ObjectRef> {
        let name = match self.started_cluster() {
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
        (namespace.is_empty() || namespace == self.metadata.namespace).then_some(name)
    }

    /// The contexts that a user has given up (annotation `pilothouse.dev/abandon`); `None` is the control plane.
    pub fn abandoned(&self) -> BTreeSet<Option<&str>> {
        let contexts = self.metadata.annotations[names::ABANDON].as_str();
        let names = contexts.unwrap_or_default().split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(|name| (name != names::CONTROL_PLANE).then_some(name))
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
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(mut metadata: Value, status: Value) -> Task {
        for (name, value) in [("name", "t"), ("namespace", "ns"), ("uid", "u1")] {
            metadata[name] = json!(value);
        }
        let document = json!({"metadata": metadata, "status": status});
        Task::read(&document.to_string()).unwrap()
    }

    #[test]
    fn name_and_namespace_alone_must_be_readable() {
        let wrong = Task::read("{}").unwrap_err();
        assert_eq!(wrong, "metadata.name: Required value");
        let odd = json!({"finalizers": 3, "ownerReferences": {}, "annotations": [], "labels": 1, "deletionTimestamp": 5, "generation": "x"});
        let odd = task(odd, json!(7));
        assert!(odd.metadata.is_being_deleted && odd.metadata.finalizers.is_empty());
    }

    #[test]
    fn a_record_is_its_own_or_of_the_object_it_was_before_or_does_not_count() {
        let recorded = |name: &str, uid: &str| {
            let record = json!({"task": {"name": name, "uid": uid}}).to_string();
            let metadata = json!({"annotations": {"pilothouse.dev/record": record}});
            let task = task(metadata, json!(null));
            (task.record.is_some(), task.own_record().is_some())
        };
        assert_eq!(recorded("t", "u1"), (true, true));
        assert_eq!(recorded("t", "u0"), (true, false));
        assert_eq!(recorded("another", "u0"), (false, false));
    }

    #[test]
    fn of_several_owners_the_cluster_is_the_one_that_the_specification_names() {
        let owner = |name: &str| json!({"kind": "K8ssandraCluster", "name": name, "uid": name});
        let owned = |owners: Value| {
            let metadata = json!({"name": "t", "namespace": "ns", "ownerReferences": owners});
            let template = json!({"jobs": [{"name": "j", "command": "restart"}]});
            let spec = json!({"cluster": {"name": "demo"}, "template": template});
            let document = json!({"metadata": metadata, "spec": spec});
            let recorded = Task::read(&document.to_string())
                .unwrap()
                .recorded_cluster();
            recorded.map(|it| it.name)
        };
        let several = json!([owner("other"), owner("demo"), {"kind": "Pod", "name": "demo"}]);
        assert_eq!(owned(several).as_deref(), Some("demo"));
        assert_eq!(owned(json!([owner("other")])).as_deref(), Some("other"));
        assert_eq!(owned(json!([{"kind": "Pod", "name": "demo"}])), None);
    }

    #[test]
    fn abandoned_contexts_are_separated_by_commas() {
        let abandoned = json!({"annotations": {"pilothouse.dev/abandon": "east, control-plane,,"}});
        let abandoned = task(abandoned, json!(null));
        assert_eq!(abandoned.abandoned(), [None, Some("east")].into());
    }
}
