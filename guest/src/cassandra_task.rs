//! A CassandraTask: read from JSON, and made for a datacenter.
//!
//! Reading is total: an object that makes no sense is one that belongs to nobody.

use serde_json::{Map, Value, json};

use crate::contract::{Creation, Deletion, ObjectRef};
use crate::names;
use crate::progress::Progress;
use crate::resolution::Place;
use crate::settings::Settings;
use crate::task::Task;
use crate::time::Time;

/// A CassandraTask that was seen.
#[derive(Debug, Clone)]
pub struct CassandraTask {
    document: Value,
    /// The context it was seen in; `None` is the control plane.
    pub context: Option<String>,
    /// What its status says.
    pub progress: Progress,
}

impl CassandraTask {
    /// Reads an object that was seen in a context.
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

    /// Where it is, as the CassandraTask of that datacenter.
    pub fn place(&self, datacenter: &str) -> Place {
        Place {
            datacenter: datacenter.to_owned(),
            context: self.context.clone(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// Its status as it is; `None` where it has none or something that is no object.
    pub fn status(&self) -> Option<&Value> {
        Some(&self.document["status"]).filter(|status| status.is_object())
    }

    /// Whose it is, for people, where it is not this task's: by its labels, and by the host's mark of the primary it was
    /// created for, since a deleted task may have had the same name.
    pub fn stranger(&self, task: &Task) -> Option<String> {
        let metadata = &self.document["metadata"];
        let label = |name: &str| metadata["labels"][name].as_str();
        if task
            .labels()
            .iter()
            .all(|(name, value)| label(name) == Some(value))
        {
            let created_for = metadata["annotations"][names::CREATED_FOR].as_str();
            let is_earlier = created_for.is_some_and(|uid| uid != task.metadata.uid);
            return is_earlier.then(|| "an earlier K8ssandraTask of that name".to_owned());
        }
        let owner = label(names::TASK_NAMESPACE_LABEL).zip(label(names::TASK_NAME_LABEL));
        Some(match owner {
            Some((namespace, name)) => format!("K8ssandraTask {namespace}.{name}"),
            None => "no K8ssandraTask".to_owned(),
        })
    }

    /// Since when it could have been taken up: its creation, or its scheduled time if that is later.
    pub fn due(&self) -> Option<Time> {
        let created = Time::parse(self.metadata("creationTimestamp"))?;
        Some(
            self.scheduled()
                .map_or(created, |scheduled| scheduled.max(created)),
        )
    }

    /// The time before which it does not start, if it has one.
    pub fn scheduled(&self) -> Option<Time> {
        self.document["spec"]["scheduledTime"]
            .as_str()
            .and_then(Time::parse)
    }

    /// Whether its deletion was asked for.
    pub fn is_being_deleted(&self) -> bool {
        !self.document["metadata"]["deletionTimestamp"].is_null()
    }

    /// When its deletion was asked for, if it says so.
    pub fn deleted(&self) -> Option<Time> {
        Time::parse(self.metadata("deletionTimestamp"))
    }

    /// What keeps it once its deletion was asked for.
    pub fn finalizers(&self) -> Vec<&str> {
        let finalizers = self.document["metadata"]["finalizers"].as_array();
        let finalizers = finalizers.into_iter().flatten();
        finalizers.filter_map(Value::as_str).collect()
    }

    /// Its deletion, guarded by its uid; `None` if it has no name or no uid to name it by.
    pub fn deletion(&self) -> Option<Deletion> {
        let (name, uid) = (self.name(), self.metadata("uid"));
        (!name.is_empty() && !uid.is_empty()).then(|| Deletion {
            object: ObjectRef {
                context: self.context.clone(),
                gvk: names::cassandra_task(),
                namespace: Some(self.namespace().to_owned()),
                name: name.to_owned(),
            },
            uid: uid.to_owned(),
        })
    }
}

/// The CassandraTask of a task for a datacenter: the template's fields beside the datacenter, and no TTL of its own, since
/// that is managed on the K8ssandraTask (cluster-tasks, Template).
pub fn creation(
    settings: &Settings,
    task: &Task,
    template: &Map<String, Value>,
    place: &Place,
) -> Creation {
    let mut spec = template.clone();
    spec.insert(
        "datacenter".into(),
        json!({"name": place.datacenter, "namespace": place.namespace}),
    );
    spec.insert("ttlSecondsAfterFinished".into(), json!(0));
    let mut labels: Map<String, Value> = settings
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    for (key, value) in names::COMMON_LABELS.into_iter().chain(task.labels()) {
        labels.insert(key.to_owned(), json!(value));
    }
    let object = json!({
        "apiVersion": names::CONTROL_API,
        "kind": "CassandraTask",
        "metadata": {"name": place.name, "namespace": place.namespace, "labels": labels},
        "spec": spec,
    });
    Creation {
        context: place.context.clone(),
        object: object.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        Task::read(r#"{"metadata": {"name": "task1", "namespace": "ns", "uid": "u1"}}"#).unwrap()
    }

    fn seen(metadata: Value) -> CassandraTask {
        CassandraTask::read(None, &json!({"metadata": metadata}).to_string())
    }

    #[test]
    fn what_is_created_has_the_templates_fields_and_no_ttl() {
        let template = json!({
            "jobs": [{"name": "job1", "command": "restart"}],
            "restartPolicy": "Never",
            "ttlSecondsAfterFinished": 60,
            "newer": {"field": 1},
        });
        let settings = Settings::read(r#"{"labels": {"team": "storage"}}"#).unwrap();
        let place = Place {
            datacenter: "dc1".into(),
            context: Some("kind-1".into()),
            namespace: "dc-ns".into(),
            name: "task1-dc1".into(),
        };
        let creation = creation(&settings, &task(), template.as_object().unwrap(), &place);
        assert_eq!(creation.context.as_deref(), Some("kind-1"));
        assert_eq!(
            serde_json::from_str::<Value>(&creation.object).unwrap(),
            json!({
                "apiVersion": "control.k8ssandra.io/v1alpha1",
                "kind": "CassandraTask",
                "metadata": {
                    "name": "task1-dc1",
                    "namespace": "dc-ns",
                    "labels": {
                        "app.kubernetes.io/name": "k8ssandra-operator",
                        "app.kubernetes.io/part-of": "k8ssandra",
                        "app.kubernetes.io/component": "cassandra",
                        "k8ssandra.io/task-name": "task1",
                        "k8ssandra.io/task-namespace": "ns",
                        "team": "storage",
                    },
                },
                "spec": {
                    "datacenter": {"name": "dc1", "namespace": "dc-ns"},
                    "jobs": [{"name": "job1", "command": "restart"}],
                    "restartPolicy": "Never",
                    "ttlSecondsAfterFinished": 0,
                    "newer": {"field": 1},
                },
            })
        );
    }

    #[test]
    fn strangers_are_told_from_our_own() {
        let ours = json!({"k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": "ns"});
        let others =
            json!({"k8ssandra.io/task-name": "task2", "k8ssandra.io/task-namespace": "ns"});
        for (metadata, stranger) in [
            (json!({"labels": ours}), None),
            (
                json!({"labels": ours, "annotations": {"pilothouse.dev/created-for": "u1"}}),
                None,
            ),
            (
                json!({"labels": ours, "annotations": {"pilothouse.dev/created-for": "u0"}}),
                Some("an earlier K8ssandraTask of that name"),
            ),
            (json!({"labels": others}), Some("K8ssandraTask ns.task2")),
            (json!({}), Some("no K8ssandraTask")),
            (json!(3), Some("no K8ssandraTask")),
        ] {
            assert_eq!(
                seen(metadata.clone()).stranger(&task()).as_deref(),
                stranger,
                "{metadata}"
            );
        }
        assert_eq!(
            CassandraTask::read(None, "{").stranger(&task()).as_deref(),
            Some("no K8ssandraTask")
        );
    }

    #[test]
    fn the_datacenter_is_found_by_name() {
        assert_eq!(
            seen(json!({"name": "task1-dc-1"})).datacenter("task1"),
            "dc-1"
        );
        assert_eq!(seen(json!({"name": "odd"})).datacenter("task1"), "odd");
        let text = json!({"metadata": {"name": "odd"}, "spec": {"datacenter": {"name": "dc1"}}})
            .to_string();
        assert_eq!(CassandraTask::read(None, &text).datacenter("task1"), "dc1");
    }

    #[test]
    fn an_object_without_uid_is_not_deleted_by_guess() {
        assert!(seen(json!({"name": "task1-dc1"})).deletion().is_none());
        let deletion = seen(json!({"name": "task1-dc1", "namespace": "ns", "uid": "c1"}))
            .deletion()
            .unwrap();
        assert_eq!(
            (deletion.uid.as_str(), deletion.object.name.as_str()),
            ("c1", "task1-dc1")
        );
    }
}
