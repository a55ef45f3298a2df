//! The objects of a simulation, and what people do to them.

use k8ssandra_task_policy::contract::{Context, ObjectRef};
use kube_sim::{Definitions, Patch};
use pilothouse_policy_test::servers::location;
use serde_json::{Value, json};

use crate::simulation::{Simulation, definitions};

/// Where a cluster declares its datacenters.
pub(crate) const DATACENTERS: &str = "/spec/cassandra/datacenters";

/// The datacenters that a cluster declares.
pub(crate) fn datacenters(cluster: &Value) -> impl Iterator<Item = &Value> {
    let declared = cluster.pointer(DATACENTERS).and_then(Value::as_array);
    declared.into_iter().flatten()
}

/// A JSON patch of one operation.
fn operation(op: &str, path: &str, value: Value) -> Patch {
    let patch = json!([{"op": op, "path": path, "value": value}]);
    Patch::Json(serde_json::from_value(patch).unwrap())
}

impl Simulation {
    /// An object; null if it is not there.
    pub(crate) fn object(&self, key: &ObjectRef) -> &Value {
        self.servers.get(key).unwrap_or(&Value::Null)
    }

    /// The task; null if it is gone.
    pub fn task(&self) -> &Value {
        let known = self.known.as_ref().map(|[task, _]| task);
        known.unwrap_or_else(|| self.object(&self.task_key))
    }

    pub fn status(&self) -> &Value {
        &self.task()["status"]
    }

    /// The cluster, if it is there.
    pub fn cluster(&self) -> Option<&Value> {
        let known = self.known.as_ref().map(|[_, cluster]| cluster);
        let cluster = known.unwrap_or_else(|| self.object(&self.cluster_key));
        Some(cluster).filter(|it| !it.is_null())
    }

    /// The cluster is this one, or is gone. The garbage collector comes later.
    pub fn set_cluster(&mut self, cluster: Option<Value>) {
        let key = self.cluster_key.clone();
        let uid = cluster.as_ref().map(|it| &it["metadata"]["uid"]);
        if uid != Some(&self.object(&key)["metadata"]["uid"]) {
            self.remove(&key);
        }
        if let Some(cluster) = cluster {
            self.put(&key, cluster);
        }
    }

    /// Puts an object as it is, with the uid, the times and the status that it says.
    pub fn put(&mut self, key: &ObjectRef, mut object: Value) {
        object["apiVersion"] = json!(key.gvk.api_version());
        object["kind"] = json!(key.gvk.kind);
        object["metadata"]["namespace"] = json!(key.namespace);
        object["metadata"]["name"] = json!(key.name);
        self.servers.restore(&key.context, object).unwrap();
    }

    /// Changes an object as nobody could: its status and its times, too.
    pub fn change(&mut self, key: &ObjectRef, change: impl FnOnce(&mut Value)) {
        let mut object = self.object(key).clone();
        change(&mut object);
        self.put(key, object);
    }

    /// Somebody patches an object, or its status alone.
    pub(crate) fn patch(&mut self, key: &ObjectRef, patch: &Patch, is_status: bool) {
        let now = self.servers.now;
        let store = self.servers.store(&key.context).unwrap();
        store.patch(&location(key), patch, is_status, now).unwrap();
    }

    /// Sets a field of an object, by a JSON pointer whose last part may be new.
    pub(crate) fn set_field(&mut self, key: &ObjectRef, pointer: &str, value: Value) {
        let patch = operation("add", pointer, value);
        self.patch(key, &patch, pointer.starts_with("/status"));
    }

    /// The same with one of the task.
    pub fn set(&mut self, pointer: &str, value: Value) {
        self.set_field(&self.task_key.clone(), pointer, value);
    }

    /// An object's deletion is asked for.
    pub(crate) fn delete_object(&mut self, key: &ObjectRef) {
        let now = self.servers.now;
        let store = self.servers.store(&key.context).unwrap();
        // It may be gone.
        drop(store.delete(&location(key), None, now));
    }

    /// The task's deletion is asked for.
    pub fn delete(&mut self) {
        self.delete_object(&self.task_key.clone());
    }

    /// Somebody creates a task of that name anew, with this specification. False while the one before is not gone.
    pub fn create_anew(&mut self, spec: &Value) -> bool {
        let key = self.task_key.clone();
        let task = json!({
            "apiVersion": key.gvk.api_version(), "kind": key.gvk.kind,
            "metadata": {"name": key.name, "namespace": key.namespace}, "spec": spec,
        });
        let is_made = self.servers.create(&None, task).unwrap().is_ok();
        if is_made {
            self.upstream.clear();
            self.begun.clear();
            self.is_restored = false;
        }
        is_made
    }

    /// Removes an object, whatever holds it.
    pub(crate) fn remove(&mut self, key: &ObjectRef) {
        if self.object(key)["metadata"]["finalizers"].is_array() {
            let patch = json!({"metadata": {"finalizers": null}});
            self.patch(key, &Patch::Merge(patch), false);
        }
        self.delete_object(key);
    }

    /// From now on the definition there takes and keeps everything, as an older or a newer one may.
    pub fn relax(&mut self, context: &Context, kind: &str) {
        let plural = format!("{}s", kind.to_lowercase());
        let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.control.k8ssandra.io")},
            "spec": {
                "group": "control.k8ssandra.io",
                "names": {"kind": kind, "plural": plural},
                "scope": "Namespaced",
                "versions": [{
                    "name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": anything},
                }],
            },
        });
        let definitions = Definitions::parse(&definition.to_string()).unwrap();
        let store = self.servers.store(context).unwrap();
        store.install(&definitions).unwrap();
    }

    /// The definitions there are those of today again. What is there stays.
    pub(crate) fn redefine(&mut self, context: &Context) {
        let store = self.servers.store(context).unwrap();
        store.install(definitions()).unwrap();
    }
}
