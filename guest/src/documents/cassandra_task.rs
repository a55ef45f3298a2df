//! A CassandraTask, read from JSON. Reading is total: an object that makes no sense is one that belongs to nobody.

use serde_json::{Map, Value};

use super::names;
use super::progress::{self, Progress};
use super::time::Time;
use crate::contract::{Deletion, ObjectRef};

/// A CassandraTask that was observed.
#[derive(Debug)]
pub struct CassandraTask {
    document: Value,
    /// The context that it is in; `None` is the control plane.
    pub context: Option<String>,
    /// What its status says.
    pub progress: Progress,
}

impl CassandraTask {
    /// Reads an object that was observed in a context.
    pub fn read(context: Option<&str>, text: &str) -> CassandraTask {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        CassandraTask {
            progress: Progress::read(&document["status"]),
            context: context.map(str::to_owned),
            document,
        }
    }

    fn metadata(&self, field: &str) -> &str {
        self.document["metadata"][field]
            .as_str()
            .unwrap_or_default()
    }

    /// Its name; the empty text if it has none.
    pub fn name(&self) -> &str {
        self.metadata("name")
    }

    /// Its namespace; the empty text if it has none.
    pub fn namespace(&self) -> &str {
        self.metadata("namespace")
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.document["metadata"]["labels"][name].as_str()
    }

    /// The uid of the primary that it was created for, if a host has marked it.
    pub fn created_for(&self) -> Option<&str> {
        self.document["metadata"]["annotations"][names::CREATED_FOR].as_str()
    }

    /// When it was created.
    pub fn created(&self) -> Option<Time> {
        Time::parse(self.metadata("creationTimestamp"))
    }

    /// The datacenter it is for: what its name says after the task's, or else what its specification says.
    pub fn datacenter(&self, task: &str) -> &str {
        let by_name = self
            .name()
            .strip_prefix(task)
            .and_then(|rest| rest.strip_prefix('-'));
        by_name
            .or_else(|| self.document["spec"]["datacenter"]["name"].as_str())
            .unwrap_or(self.name())
    }

    /// The reference to it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            context: self.context.clone(),
            gvk: names::cassandra_task(),
            namespace: Some(self.namespace().to_owned()),
            name: self.name().to_owned(),
        }
    }

    /// Its specification, where it is an object.
    pub fn spec(&self) -> Option<&Map<String, Value>> {
        self.document["spec"].as_object()
    }

    /// A copy of its status for the K8ssandraTask; `None` where it has none or something that is no object.
    pub fn status(&self) -> Option<Value> {
        let status = Some(&self.document["status"]).filter(|status| status.is_object())?;
        Some(progress::copy(status, self.created()))
    }

    /// The time before which it does not start, if it has one.
    pub fn scheduled(&self) -> Option<Time> {
        self.document["spec"]["scheduledTime"]
            .as_str()
            .and_then(Time::parse)
    }

    /// Since when cass-operator could have picked it up: its creation, or its scheduled time if that is later.
    pub fn due(&self) -> Option<Time> {
        self.created().max(self.scheduled())
    }

    /// Whether cass-operator has labelled it completed. If its status does not say so, too, it was stopped between the two
    /// writes, and never goes on.
    pub fn is_labelled_completed(&self) -> bool {
        self.label(names::STATUS_LABEL) == Some("completed")
    }

    /// Whether its deletion was asked for.
    pub fn is_being_deleted(&self) -> bool {
        !self.document["metadata"]["deletionTimestamp"].is_null()
    }

    /// When its deletion was asked for.
    pub fn deleted(&self) -> Option<Time> {
        Time::parse(self.metadata("deletionTimestamp"))
    }

    /// What keeps it once its deletion was asked for.
    pub fn finalizers(&self) -> Vec<&str> {
        let finalizers = self.document["metadata"]["finalizers"].as_array();
        finalizers
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Its uid; the empty text if it has none.
    pub fn uid(&self) -> &str {
        self.metadata("uid")
    }

    /// Its deletion, guarded by its uid; `None` if it has no name or no uid.
    pub fn deletion(&self) -> Option<Deletion> {
        let is_named = !self.name().is_empty() && !self.uid().is_empty();
        is_named.then(|| Deletion {
            object: self.reference(),
            uid: self.uid().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn observed(metadata: Value) -> CassandraTask {
        CassandraTask::read(None, &json!({"metadata": metadata}).to_string())
    }

    #[test]
    fn the_datacenter_is_what_the_name_says() {
        assert_eq!(
            observed(json!({"name": "task1-dc-1"})).datacenter("task1"),
            "dc-1"
        );
        assert_eq!(observed(json!({"name": "odd"})).datacenter("task1"), "odd");
        let text = json!({"metadata": {"name": "odd"}, "spec": {"datacenter": {"name": "dc1"}}});
        assert_eq!(
            CassandraTask::read(None, &text.to_string()).datacenter("task1"),
            "dc1"
        );
    }

    #[test]
    fn an_object_without_uid_is_not_deleted_by_its_name() {
        assert!(observed(json!({"name": "task1-dc1"})).deletion().is_none());
        let deletion =
            observed(json!({"name": "task1-dc1", "namespace": "ns", "uid": "c1"})).deletion();
        assert_eq!(
            deletion.map(|it| (it.uid, it.object.name)),
            Some(("c1".into(), "task1-dc1".into()))
        );
    }

    #[test]
    fn anything_is_read() {
        for text in ["{", "3", r#"{"metadata": [], "spec": 1, "status": []}"#] {
            let odd = CassandraTask::read(None, text);
            assert!(odd.name().is_empty() && odd.status().is_none() && odd.spec().is_none());
        }
    }
}
