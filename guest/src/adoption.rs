//! Rule 5, "not yet adopted": the one metadata patch that comes before the first create.
//!
//! The finalizer lets the task clean up after itself; the owner reference lets the deletion of the cluster delete the
//! task (cluster-tasks, Ownerships and cascade deletion). What others put there stays.

use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::names;
use crate::task::Task;

/// The merge patch of the metadata; empty if the task is adopted. One for which nothing was or will be created has nothing
/// to clean up, and only gets its owner.
pub fn patch(task: &Task, cluster: &Cluster, has_children: bool) -> Map<String, Value> {
    let mut patch = Map::new();
    if has_children && !task.has_finalizer() {
        let finalizers = task
            .metadata
            .finalizers()
            .iter()
            .map(String::as_str)
            .chain([names::FINALIZER]);
        patch.insert("finalizers".into(), finalizers.collect());
    }
    if let Some(references) = owner_references(task, cluster) {
        patch.insert("ownerReferences".into(), references);
    }
    patch
}

fn owner_references(task: &Task, cluster: &Cluster) -> Option<Value> {
    let references = task.metadata.owner_references();
    let is_owned = references
        .iter()
        .any(|reference| reference["uid"] == *cluster.uid);
    if is_owned || cluster.uid.is_empty() {
        return None;
    }
    // One to a cluster of that name that was deleted meanwhile points nowhere: ours replaces it.
    let is_stale = |reference: &&Value| {
        reference["kind"] == "K8ssandraCluster" && reference["name"] == *cluster.name
    };
    let mut kept: Vec<Value> = references
        .iter()
        .filter(|reference| !is_stale(reference))
        .cloned()
        .collect();
    let mut own = json!({
        "apiVersion": names::CLUSTER_API,
        "kind": "K8ssandraCluster",
        "name": cluster.name,
        "uid": cluster.uid,
    });
    // Kubernetes allows one controller only.
    if !kept.iter().any(|reference| reference["controller"] == true) {
        own["controller"] = json!(true);
        own["blockOwnerDeletion"] = json!(true);
    }
    kept.push(own);
    Some(Value::Array(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(metadata: Value, expected: Value) {
        let mut document = json!({"metadata": {"name": "t", "namespace": "ns"}});
        for (name, value) in metadata.as_object().unwrap() {
            document["metadata"][name] = value.clone();
        }
        let cluster =
            Cluster::read(r#"{"metadata": {"name": "demo", "namespace": "ns", "uid": "k1"}}"#)
                .unwrap();
        let task = Task::read(&document.to_string()).unwrap();
        assert_eq!(
            Value::Object(patch(&task, &cluster, true)),
            expected,
            "{metadata}"
        );
        let mut owner = expected;
        owner.as_object_mut().unwrap().remove("finalizers");
        assert_eq!(
            Value::Object(patch(&task, &cluster, false)),
            owner,
            "{metadata}"
        );
    }

    fn ours(controls: bool) -> Value {
        let mut reference = json!({"apiVersion": "k8ssandra.io/v1alpha1", "kind": "K8ssandraCluster", "name": "demo", "uid": "k1"});
        if controls {
            reference["controller"] = json!(true);
            reference["blockOwnerDeletion"] = json!(true);
        }
        reference
    }

    #[test]
    fn one_patch_adds_what_is_missing_and_keeps_the_rest() {
        let finalizer = "control.k8ssandra.io/finalizer";
        let other = json!({"kind": "Other", "name": "o", "uid": "o1"});
        let controller = json!({"kind": "Other", "name": "o", "uid": "o1", "controller": true});
        let stale =
            json!({"kind": "K8ssandraCluster", "name": "demo", "uid": "k0", "controller": true});
        check(
            json!({}),
            json!({"finalizers": [finalizer], "ownerReferences": [ours(true)]}),
        );
        check(
            json!({"finalizers": ["a/b"], "ownerReferences": [other]}),
            json!({"finalizers": ["a/b", finalizer], "ownerReferences": [other, ours(true)]}),
        );
        check(
            json!({"finalizers": [finalizer], "ownerReferences": [controller]}),
            json!({"ownerReferences": [controller, ours(false)]}),
        );
        check(
            json!({"finalizers": [finalizer], "ownerReferences": [stale]}),
            json!({"ownerReferences": [ours(true)]}),
        );
        let another = json!({"kind": "K8ssandraCluster", "name": "another", "uid": "k0"});
        let namesake = json!({"kind": "Other", "name": "demo", "uid": "o1"});
        check(
            json!({"finalizers": [finalizer], "ownerReferences": [another, namesake]}),
            json!({"ownerReferences": [another, namesake, ours(true)]}),
        );
        check(
            json!({"ownerReferences": [ours(true)]}),
            json!({"finalizers": [finalizer]}),
        );
        check(
            json!({"finalizers": [finalizer], "ownerReferences": [ours(true)]}),
            json!({}),
        );
    }
}
