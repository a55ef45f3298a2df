//! The objects of a state as the JSON that a policy gets to read.
//!
//! Comes in: compact objects. Goes out: whole ones, as API servers show them. Nothing is read back here but numbers that are
//! part of names and uids.

use cass_operator_sim::apply_fixture;
use k8ssandra_task_policy::contract::{Gvk, ObjectRef};
use pilothouse_core::{Object, ObjectKey, Resource};
use policy_properties::laws::find;
use serde_json::{Value, json};

use crate::clock::{At, stamp};
use crate::config::Spec;
use crate::state::{Child, Cluster, Origin, Stage, Task};

/// The namespace of everything.
pub const NAMESPACE: &str = "ns";
/// The K8ssandraTask.
pub const TASK: &str = "task1";
/// The K8ssandraCluster.
pub const CLUSTER: &str = "demo";
/// The policy's finalizer.
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";
/// The annotation that holds the policy's record.
pub const RECORD: &str = "pilothouse.dev/record";
/// When k8ssandra-operator created what is of an earlier task.
const EARLIER: &str = "2022-12-01T00:00:00Z";
/// When a deletion was asked for: that it was is all that counts.
const DELETED: &str = "2022-12-15T10:00:00Z";

/// A datacenter's name.
pub fn dc_name(dc: usize) -> String {
    format!("dc{}", dc + 1)
}

/// The context it is in.
pub fn context_name(dc: usize) -> String {
    format!("kind-{}", dc + 1)
}

/// The name of its CassandraTask.
pub fn child_name(dc: usize) -> String {
    format!("{TASK}-{}", dc_name(dc))
}

/// The number in a name like `kind-1`, `task1-dc1` or `cluster-1`.
pub fn number(name: &str, prefix: &str) -> Option<u8> {
    name.strip_prefix(prefix)?.parse().ok()
}

/// The datacenter that a name ends with the number of.
pub fn dc_of(name: &str, prefix: &str) -> Option<usize> {
    usize::from(number(name, prefix)?).checked_sub(1)
}

/// K8ssandraTasks, which are in the control plane.
pub fn tasks() -> Resource {
    resource(None, "control.k8ssandra.io/v1alpha1", "K8ssandraTask")
}

/// K8ssandraClusters.
pub fn clusters() -> Resource {
    resource(None, "k8ssandra.io/v1alpha1", "K8ssandraCluster")
}

/// CassandraTasks in a datacenter's context, or in the control plane.
pub fn children(dc: Option<usize>) -> Resource {
    let context = dc.map(context_name);
    resource(context, "control.k8ssandra.io/v1alpha1", "CassandraTask")
}

fn resource(context: Option<String>, api_version: &str, kind: &str) -> Resource {
    let gvk = Gvk::new(api_version, kind);
    Resource { context, gvk }
}

/// An object's name in the one namespace.
pub fn key(name: &str) -> ObjectKey {
    ObjectKey {
        namespace: Some(NAMESPACE.to_owned()),
        name: name.to_owned(),
    }
}

/// The K8ssandraTask, as a plan refers to it.
pub fn reference() -> ObjectRef {
    tasks().object(&key(TASK))
}

fn object(document: Value) -> Object {
    match document {
        Value::Object(document) => Object::of(document),
        _ => Object::default(),
    }
}

/// The uid of a CassandraTask.
pub fn child_uid(birth: u8) -> String {
    format!("child-{birth}")
}

/// A K8ssandraTask; `status` and `record` are its texts, empty for none.
pub fn task(task: Task, spec: &Spec, status: &str, record: &str) -> Object {
    let mut metadata = json!({
        "name": TASK, "namespace": NAMESPACE, "uid": format!("task-{}", task.incarnation),
        "creationTimestamp": stamp(task.born, 0, At::Created),
    });
    if !record.is_empty() {
        metadata["annotations"] = json!({ RECORD: record });
    }
    if task.finalizer {
        metadata["finalizers"] = json!([FINALIZER]);
    }
    if task.owner != 0 {
        metadata["ownerReferences"] = json!([{
            "apiVersion": "k8ssandra.io/v1alpha1", "kind": "K8ssandraCluster", "name": CLUSTER,
            "uid": format!("cluster-{}", task.owner), "controller": true, "blockOwnerDeletion": true,
        }]);
    }
    if task.deleting {
        metadata["deletionTimestamp"] = json!(DELETED);
    }
    let jobs = if spec.is_invalid {
        json!([])
    } else {
        json!([{"name": "job1", "command": "cleanup"}])
    };
    let mut fields = json!({"cluster": {"name": CLUSTER}, "template": {"jobs": jobs}});
    if !spec.list.is_empty() {
        fields["datacenters"] = spec.list.iter().map(|dc| json!(dc_name(*dc))).collect();
    }
    if spec.allow {
        fields["dcConcurrencyPolicy"] = json!("Allow");
    }
    let mut document = json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "K8ssandraTask", "metadata": metadata, "spec": fields,
    });
    if let Ok(status) = serde_json::from_str::<Value>(status) {
        document["status"] = status;
    }
    object(document)
}

/// A K8ssandraCluster.
pub fn cluster(cluster: Cluster, dcs: usize) -> Object {
    let declared: Vec<Value> = (0..dcs)
        .filter(|dc| cluster.has(*dc))
        .map(|dc| json!({"metadata": {"name": dc_name(dc)}, "k8sContext": context_name(dc), "size": 1}))
        .collect();
    let mut metadata = json!({"name": CLUSTER, "namespace": NAMESPACE, "uid": format!("cluster-{}", cluster.incarnation)});
    if cluster.deleting {
        metadata["deletionTimestamp"] = json!(DELETED);
        metadata["finalizers"] = json!(["k8ssandracluster.k8ssandra.io/finalizer"]);
    }
    object(json!({
        "apiVersion": "k8ssandra.io/v1alpha1", "kind": "K8ssandraCluster", "metadata": metadata,
        "spec": {"cassandra": {"datacenters": declared}},
    }))
}

/// The CassandraTask of a datacenter.
pub fn child(child: Child, dc: usize) -> Object {
    let mut metadata = json!({
        "name": child_name(dc), "namespace": NAMESPACE, "uid": child_uid(child.birth),
        "creationTimestamp": match child.origin {
            Origin::Earlier => EARLIER.to_owned(),
            Origin::Second => stamp(child.born, dc, At::Later),
            _ => stamp(child.born, dc, At::Born),
        },
    });
    if child.is_labelled() {
        metadata["labels"] = json!({
            "k8ssandra.io/task-name": TASK, "k8ssandra.io/task-namespace": NAMESPACE,
            "app.kubernetes.io/name": "k8ssandra-operator",
        });
    }
    if let Origin::Policy(owner) = child.origin {
        metadata["annotations"] = json!({"pilothouse.dev/created-for": format!("task-{owner}")});
    }
    if child.deleting {
        metadata["deletionTimestamp"] = json!(DELETED);
        metadata["finalizers"] = json!(["example.com/somebody"]);
    }
    let mut document = json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "CassandraTask", "metadata": metadata,
        "spec": {"datacenter": {"name": dc_name(dc), "namespace": NAMESPACE}, "jobs": [{"name": "job1", "command": "cleanup"}]},
    });
    if let Some(status) = status(child, dc) {
        document["status"] = status;
    }
    object(document)
}

/// A status as cass-operator writes it at that stage: the fixtures of its table.
pub fn status(child: Child, dc: usize) -> Option<Value> {
    let start = if child.again {
        At::Restarted
    } else {
        At::Started
    };
    let began = stamp(child.started, dc, start);
    let mut status = json!({});
    let mut write = |fixture: &str, time: &str| apply_fixture(fixture, &mut status, time);
    if child.stage != Stage::Waiting {
        write("started", &began);
    }
    match child.stage {
        Stage::Waiting => return None,
        Stage::Started | Stage::Stuck => {}
        Stage::Running { counted, failing } => {
            write("running", &began);
            if !counted {
                write("counts-nothing", &began);
            }
            if failing {
                fail_early(&mut status, &began);
            }
        }
        Stage::Quiet => write("restarting", &began),
        Stage::Refreshing => write("refreshed", &began),
        Stage::Done { failed } => {
            let fixture = if failed { "failed" } else { "completed" };
            write(fixture, &stamp(child.ended, dc, At::Ended));
        }
    }
    Some(status)
}

/// cass-operator 1.32 says that a CassandraTask has failed at its end only; another version may say so at once.
fn fail_early(status: &mut Value, time: &str) {
    let mut end = status.clone();
    apply_fixture("failed", &mut end, time);
    status["failed"] = end["failed"].take();
    let failed = find(&end, "Failed").cloned();
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.extend(failed);
    }
}
