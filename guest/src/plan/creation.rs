//! A CassandraTask, made for a datacenter (cluster-tasks, Template).

use serde_json::{Map, Value, json};

use crate::contract::Creation;
use crate::documents::settings::Settings;
use crate::documents::task::Task;
use crate::documents::{names, spec};
use crate::observation::targets::Place;

/// The CassandraTask of a task: the template's fields beside the datacenter, and no TTL of its own, since that is managed on
/// the K8ssandraTask.
pub fn creation(settings: &Settings, task: &Task, place: &Place) -> Creation {
    let mut spec = task
        .spec
        .as_ref()
        .map(|spec| spec::to_create(&spec.template))
        .unwrap_or_default();
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

    #[test]
    fn what_is_created_has_the_templates_fields_and_no_ttl() {
        let task = json!({
            "metadata": {"name": "task1", "namespace": "ns", "uid": "u1"},
            "spec": {"template": {
                "jobs": [{"name": "job1", "command": "restart"}],
                "restartPolicy": "Never",
                "maxConcurrentPods": 0,
                "ttlSecondsAfterFinished": 60,
                "newer": {"field": 1},
            }},
        });
        let task = Task::read(&task.to_string()).unwrap();
        let settings = Settings::read(r#"{"labels": {"team": "storage"}}"#).unwrap();
        let creation = creation(
            &settings,
            &task,
            &Place::new(&task, "dc1", Some("kind-1"), "dc-ns"),
        );
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
}
