//! The K8ssandraTask, the primary: its JSON in, what the policy reads of it out.
//!
//! The metadata must be readable, or nothing can be said about the object at all. The specification may be anything:
//! what is wrong with it is kept as a text, for the `Invalid` condition.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::contract::{LabelQuery, ObjectRef, Scope};
use crate::recorded::Recorded;
use crate::sequence::Concurrency;
use crate::time::Time;
use crate::whereabouts::Whereabouts;
use crate::{json, names};

/// A K8ssandraTask.
#[derive(Debug)]
pub struct Task {
    /// What Kubernetes keeps about it.
    pub metadata: Metadata,
    /// What its author asks for, or what is wrong with how they said it.
    pub spec: Result<Spec, String>,
    /// What was recorded in its status so far.
    pub recorded: Recorded,
}

/// The part of the metadata that decisions depend on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid; the empty text if it has none.
    #[serde(default)]
    pub uid: String,
    /// When its deletion was asked for.
    pub deletion_timestamp: Option<String>,
    #[serde(default)]
    creation_timestamp: Value,
    /// Whatever they are: one of them is read.
    #[serde(default)]
    annotations: Value,
    finalizers: Option<Vec<String>>,
    owner_references: Option<Vec<Value>>,
}

impl Metadata {
    /// The finalizers, ours and others.
    pub fn finalizers(&self) -> &[String] {
        self.finalizers.as_deref().unwrap_or_default()
    }

    /// When it was created, if it says so.
    pub fn created(&self) -> Option<Time> {
        self.creation_timestamp.as_str().and_then(Time::parse)
    }

    /// Where its CassandraTasks were created.
    pub fn whereabouts(&self) -> Whereabouts {
        Whereabouts::read(&self.annotations)
    }

    /// The owner references, as they are.
    pub fn owner_references(&self) -> &[Value] {
        self.owner_references.as_deref().unwrap_or_default()
    }
}

/// What the task's author asks for (cluster-tasks, Task configuration reference).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    #[serde(default)]
    cluster: Option<json::Object<ClusterReference>>,
    datacenters: Option<Vec<String>>,
    /// `dcConcurrencyPolicy` as it is said.
    pub dc_concurrency_policy: Option<String>,
    #[serde(default, deserialize_with = "json::or_default")]
    template: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct ClusterReference {
    name: Option<String>,
    namespace: Option<String>,
}

impl Spec {
    /// The datacenters that are listed; an empty list means all of them.
    pub fn datacenters(&self) -> &[String] {
        self.datacenters.as_deref().unwrap_or_default()
    }

    /// `dcConcurrencyPolicy`; `None` if it is neither of the two values.
    pub fn concurrency(&self) -> Option<Concurrency> {
        Concurrency::read(self.dc_concurrency_policy.as_deref())
    }

    /// The model for the CassandraTasks; an empty one if there is none.
    pub fn template(&self) -> &Map<String, Value> {
        &self.template
    }
}

impl Task {
    /// Reads the primary. The error says what of its metadata cannot be read.
    pub fn read(text: &str) -> Result<Task, String> {
        let mut document: Value = json::from_text(text)?;
        let json::Object(metadata) = json::from_value("metadata", &document["metadata"])?;
        let spec = match &document["spec"] {
            Value::Null => Ok(Spec::default()),
            spec => json::from_value("spec", spec).map(|json::Object(spec)| spec),
        };
        Ok(Task {
            metadata,
            spec,
            recorded: Recorded::read(document["status"].take()),
        })
    }

    /// Whether our finalizer is on it.
    pub fn has_finalizer(&self) -> bool {
        self.metadata
            .finalizers()
            .iter()
            .any(|finalizer| finalizer == names::FINALIZER)
    }

    /// The name of the cluster that owns it, where that is not the one it names by now.
    pub fn other_owner(&self) -> Option<&str> {
        let named = self.cluster().ok()?.name;
        let references = self.metadata.owner_references().iter();
        let clusters = references.filter(|owner| owner["kind"] == "K8ssandraCluster");
        let mut names = clusters
            .filter_map(|owner| owner["name"].as_str())
            .peekable();
        let owner = *names.peek()?;
        names.all(|name| name != named).then_some(owner)
    }

    /// Where its cluster is looked up: in the task's own namespace of the control plane. The error says what is wrong
    /// with the reference.
    pub fn cluster(&self) -> Result<ObjectRef, String> {
        let reference = match &self.spec {
            Ok(spec) => spec.cluster.as_ref().map(|json::Object(cluster)| cluster),
            Err(wrong) => return Err(wrong.clone()),
        };
        let name = reference
            .and_then(|cluster| cluster.name.as_deref())
            .unwrap_or_default();
        if name.is_empty() {
            return Err("spec.cluster.name is not set".into());
        }
        if !names::is_object_name(name) {
            return Err(format!(
                "spec.cluster.name {name:?} is not a valid object name"
            ));
        }
        let own = &self.metadata.namespace;
        let namespace = reference
            .and_then(|cluster| cluster.namespace.as_deref())
            .unwrap_or_default();
        if !namespace.is_empty() && namespace != own {
            return Err(format!(
                "K8ssandraCluster {namespace}.{name} is in another namespace: a task and its cluster share one, here {own}"
            ));
        }
        Ok(ObjectRef {
            context: None,
            gvk: names::k8ssandra_cluster(),
            namespace: Some(own.clone()),
            name: name.to_owned(),
        })
    }

    /// The two labels that say that a CassandraTask belongs to this task.
    pub fn labels(&self) -> [(&'static str, &str); 2] {
        [
            (names::TASK_NAME_LABEL, &self.metadata.name),
            (names::TASK_NAMESPACE_LABEL, &self.metadata.namespace),
        ]
    }

    /// The question for all its CassandraTasks, wherever they are; `None` where no object can carry the labels, since
    /// the names are not valid label values: then there are none.
    pub fn children(&self) -> Option<LabelQuery> {
        let labels = self.labels();
        labels
            .iter()
            .all(|(_, value)| names::is_label_value(value))
            .then(|| LabelQuery {
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

    fn task(spec: Value) -> Task {
        Task::read(
            &json!({"metadata": {"name": "task1", "namespace": "ns"}, "spec": spec}).to_string(),
        )
        .unwrap()
    }

    #[test]
    fn a_task_without_readable_metadata_is_an_error() {
        for (text, part) in [
            ("", "EOF"),
            ("null", "metadata: invalid type: null"),
            ("[1]", "metadata: invalid type"),
            (
                r#"{"metadata": {"name": 1}}"#,
                "metadata.name: invalid type: integer `1`",
            ),
            (
                r#"{"metadata": {"name": "a"}}"#,
                "metadata: missing field `namespace`",
            ),
            (
                r#"{"metadata": {"name": "a", "namespace": "b", "finalizers": "c"}}"#,
                "metadata.finalizers: invalid type",
            ),
        ] {
            let error = Task::read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_cluster_reference_is_checked() {
        for (spec, wrong) in [
            (json!(null), "spec.cluster.name is not set"),
            (json!({"cluster": {}}), "spec.cluster.name is not set"),
            (
                json!({"cluster": {"name": "a/b"}}),
                "spec.cluster.name \"a/b\" is not a valid object name",
            ),
            (
                json!({"cluster": {"name": "demo", "namespace": "other"}}),
                "K8ssandraCluster other.demo is in another namespace: a task and its cluster share one, here ns",
            ),
            (json!([]), "spec: invalid type: list, expected an object"),
            (
                json!({"datacenters": [1]}),
                "spec.datacenters[0]: invalid type: integer `1`, expected a string",
            ),
            (
                json!(7),
                "spec: invalid type: integer `7`, expected an object",
            ),
        ] {
            assert_eq!(task(spec).cluster().unwrap_err(), wrong);
        }
        for spec in [
            json!({"cluster": {"name": "demo"}}),
            json!({"cluster": {"name": "demo", "namespace": "ns"}}),
        ] {
            let cluster = task(spec).cluster().unwrap();
            assert_eq!(
                (cluster.namespace.as_deref(), cluster.name.as_str()),
                (Some("ns"), "demo")
            );
        }
    }

    #[test]
    fn no_question_is_asked_for_labels_that_cannot_be() {
        let text = json!({"metadata": {"name": "t".repeat(64), "namespace": "ns"}}).to_string();
        assert!(Task::read(&text).unwrap().children().is_none());
        assert_eq!(task(json!({})).children().unwrap().labels.len(), 2);
    }
}
