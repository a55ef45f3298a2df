//! The objects that the behaviours work with, as a user would write them.

use serde_json::{Value, json};

/// The contexts of the page's quick start. The control plane is the first.
pub const CONTEXTS: [&str; 2] = ["kind-k8ssandra-1", "kind-k8ssandra-2"];

/// A K8ssandraCluster with these datacenters, each in a context.
pub fn cluster(name: &str, datacenters: &[(&str, &str)]) -> Value {
    let datacenters: Vec<Value> = datacenters
        .iter()
        .map(|(name, context)| json!({ "metadata": { "name": name }, "k8sContext": context, "size": 1 }))
        .collect();
    json!({
        "apiVersion": "k8ssandra.io/v1alpha1",
        "kind": "K8ssandraCluster",
        "metadata": { "name": name },
        "spec": { "cassandra": { "serverVersion": "4.0.4", "datacenters": datacenters } },
    })
}

/// The page's cluster: `demo`, dc1 and dc2, a context each.
pub fn demo() -> Value {
    cluster("demo", &[("dc1", CONTEXTS[0]), ("dc2", CONTEXTS[1])])
}

/// The page's task, with what `spec` says in addition or instead.
pub fn task(name: &str, spec: &Value) -> Value {
    let mut task = json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1",
        "kind": "K8ssandraTask",
        "metadata": { "name": name },
        "spec": { "cluster": { "name": "demo" }, "template": { "jobs": [{ "name": "job1", "command": "restart" }] } },
    });
    json_patch::merge(&mut task["spec"], spec);
    task
}
