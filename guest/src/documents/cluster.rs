//! The K8ssandraCluster: its JSON in, its datacenters and where they are out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::json::{self, Object};
use super::progress::{condition, is_true, transition};
use super::time::Time;

/// A K8ssandraCluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid; the empty text if it has none.
    pub uid: String,
    /// When its deletion was asked for.
    pub deleted: Option<String>,
    /// Its datacenters, in declaration order.
    pub datacenters: Vec<Declared>,
    /// Where in the list each of them is, by its name; the first of several.
    by_name: BTreeMap<String, usize>,
}

/// A datacenter as the cluster declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The name of the CassandraDatacenter, which is the datacenter's key everywhere.
    pub name: String,
    /// Its namespace; the cluster's where none is declared.
    pub namespace: String,
    /// Its context; `None` is the control plane.
    pub context: Option<String>,
    /// `datacenterName`: how Cassandra calls it, where that is another name.
    pub cassandra_name: Option<String>,
    /// How many pods it has.
    pub size: Option<usize>,
    /// Whether its pods are stopped, by the specification or as the status says.
    pub is_stopped: bool,
    /// That it is not ready, as the cluster's status says.
    pub unready: Option<Unready>,
}

/// That a datacenter is not ready: since when, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    /// The condition Ready is not True.
    Since(Option<Time>),
    /// There are conditions, and Ready is not among them.
    Yet,
}

#[derive(Deserialize)]
struct Document {
    metadata: Object<Metadata>,
    spec: Option<Object<Spec>>,
    /// Whatever it is.
    #[serde(default)]
    status: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(default)]
    uid: String,
    deletion_timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Spec {
    cassandra: Option<Object<Cassandra>>,
}

#[derive(Deserialize)]
struct Cassandra {
    datacenters: Option<Vec<Object<Datacenter>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Datacenter {
    metadata: Object<DatacenterMetadata>,
    k8s_context: Option<String>,
    datacenter_name: Option<String>,
    /// What follows only informs: whatever it is, the datacenter is one.
    #[serde(default)]
    size: Value,
    #[serde(default)]
    stopped: Value,
}

#[derive(Deserialize)]
struct DatacenterMetadata {
    name: String,
    namespace: Option<String>,
}

impl Cluster {
    /// Reads a K8ssandraCluster. The error says what of it cannot be read.
    pub fn read(text: &str) -> Result<Cluster, String> {
        let Object(Document {
            metadata: Object(metadata),
            spec,
            status,
        }) = json::from_text(text)?;
        let datacenters = spec
            .and_then(|Object(spec)| spec.cassandra)
            .and_then(|Object(cassandra)| cassandra.datacenters)
            .unwrap_or_default();
        let declared = |Object(datacenter)| declared(&metadata.namespace, &status, datacenter);
        let datacenters: Vec<Declared> = datacenters.into_iter().map(declared).collect();
        let names = datacenters.iter().enumerate().rev();
        Ok(Cluster {
            by_name: names.map(|(at, it)| (it.name.clone(), at)).collect(),
            datacenters,
            name: metadata.name,
            namespace: metadata.namespace,
            uid: metadata.uid,
            deleted: metadata.deletion_timestamp,
        })
    }

    /// The datacenter of that name.
    pub fn datacenter(&self, name: &str) -> Option<&Declared> {
        self.datacenters.get(*self.by_name.get(name)?)
    }

    /// The datacenter that Cassandra calls by that name.
    pub fn called(&self, cassandra_name: &str) -> Option<&Declared> {
        let mut all = self.datacenters.iter();
        all.find(|declared| declared.cassandra_name.as_deref() == Some(cassandra_name))
    }
}

fn declared(namespace: &str, status: &Value, datacenter: Datacenter) -> Declared {
    let Object(DatacenterMetadata {
        name,
        namespace: own,
    }) = datacenter.metadata;
    let status = &status["datacenters"][&name]["cassandra"];
    let is_stopped = condition(status, "Stopped").is_some_and(is_true);
    Declared {
        namespace: not_empty(own).unwrap_or_else(|| namespace.to_owned()),
        context: not_empty(datacenter.k8s_context),
        cassandra_name: not_empty(datacenter.datacenter_name),
        size: datacenter
            .size
            .as_u64()
            .and_then(|size| usize::try_from(size).ok()),
        is_stopped: is_stopped || datacenter.stopped == true,
        unready: unready(status),
        name,
    }
}

/// Reads the status of a CassandraDatacenter, which may be anything; `None` if it is ready, or says nothing at all.
fn unready(status: &Value) -> Option<Unready> {
    match condition(status, "Ready") {
        Some(ready) if is_true(ready) => None,
        Some(ready) => Some(Unready::Since(transition(ready))),
        None => {
            let conditions = status["conditions"].as_array()?;
            (!conditions.is_empty()).then_some(Unready::Yet)
        }
    }
}

/// An empty text says as little as none.
fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(spec: Value, status: Value) -> Result<Cluster, String> {
        let document = json!({"metadata": {"name": "demo", "namespace": "ns", "uid": "k1"}, "spec": spec, "status": status});
        Cluster::read(&document.to_string())
    }

    fn one(datacenter: Value, status: Value) -> Declared {
        let status = json!({"datacenters": {"dc1": {"cassandra": status}}});
        let spec = json!({"cassandra": {"datacenters": [datacenter]}});
        read(spec, status).unwrap().datacenters.remove(0)
    }

    #[test]
    fn a_datacenter_is_in_the_clusters_namespace_and_the_control_plane_unless_it_says_otherwise() {
        let plain = one(
            json!({"metadata": {"name": "dc1"}, "k8sContext": "", "datacenterName": ""}),
            json!(null),
        );
        assert_eq!(
            (
                plain.namespace.as_str(),
                plain.context,
                plain.cassandra_name,
                plain.size
            ),
            ("ns", None, None, None)
        );
        let full = json!({"metadata": {"name": "dc1", "namespace": "dc"}, "k8sContext": "kind-1", "datacenterName": "Real DC", "size": 3, "stopped": true});
        let full = one(full, json!(null));
        assert_eq!(
            (full.namespace.as_str(), full.context.as_deref(), full.size),
            ("dc", Some("kind-1"), Some(3))
        );
        assert_eq!(
            (full.cassandra_name.as_deref(), full.is_stopped),
            (Some("Real DC"), true)
        );
    }

    #[test]
    fn a_cluster_without_datacenters_is_one() {
        for spec in [
            json!(null),
            json!({}),
            json!({"cassandra": null}),
            json!({"cassandra": {"datacenters": null}}),
        ] {
            assert_eq!(read(spec, json!(null)).unwrap().datacenters, []);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let wrong = read(
            json!({"cassandra": {"datacenters": [{"metadata": {}}]}}),
            json!(null),
        )
        .unwrap_err();
        assert_eq!(
            wrong,
            "spec.cassandra.datacenters[0].metadata: missing field `name`"
        );
    }

    #[test]
    fn readiness_is_what_the_status_says() {
        let time = "2022-12-15T19:00:00Z";
        let set = |kind: &str, status: &str| json!({"type": kind, "status": status, "lastTransitionTime": time});
        let dc1 = json!({"metadata": {"name": "dc1"}});
        for (conditions, unready, is_stopped) in [
            (
                json!([set("Ready", "True"), set("Stopped", "False")]),
                None,
                false,
            ),
            (
                json!([set("Initialized", "True"), set("Ready", "False")]),
                Some(Unready::Since(Time::parse(time))),
                false,
            ),
            (
                json!([{"type": "Ready", "status": "Unknown", "lastTransitionTime": 3}]),
                Some(Unready::Since(None)),
                false,
            ),
            (
                json!([set("Initialized", "False")]),
                Some(Unready::Yet),
                false,
            ),
            (
                json!([set("Ready", "True"), set("Stopped", "True")]),
                None,
                true,
            ),
            (json!(null), None, false),
            (json!([]), None, false),
            (json!({"Ready": false}), None, false),
        ] {
            let read = one(dc1.clone(), json!({"conditions": conditions}));
            assert_eq!(
                (read.unready, read.is_stopped),
                (unready, is_stopped),
                "{conditions}"
            );
        }
        assert_eq!(one(dc1, json!("x")).unready, None);
    }
}
