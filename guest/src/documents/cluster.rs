//! The K8ssandraCluster: its JSON in, its datacenters and where they are out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::json::{self, Object, condition, is_true, transition, true_condition};
use super::time::Time;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub name: String,
    pub namespace: String,
    /// Its uid; the empty text if it has none.
    pub uid: String,
    pub deleted: Option<String>,
    pub datacenters: Vec<Declared>,
    /// Where in the list each of them is, by its name; the first of several.
    by_name: BTreeMap<String, usize>,
}

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
        let Object(document) = json::from_text::<Object<Document>>(text)?;
        let Object(metadata) = document.metadata;
        let datacenters = document.spec.and_then(|Object(spec)| spec.cassandra);
        let datacenters = datacenters.and_then(|Object(cassandra)| cassandra.datacenters);
        let datacenters: Vec<Declared> = datacenters
            .into_iter()
            .flatten()
            .map(|Object(it)| Declared::read(it, &metadata.namespace, &document.status))
            .collect();
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

    pub fn datacenter(&self, name: &str) -> Option<&Declared> {
        self.datacenters.get(*self.by_name.get(name)?)
    }

    /// The datacenter that Cassandra calls by that name.
    pub fn called(&self, cassandra_name: &str) -> Option<&Declared> {
        let mut all = self.datacenters.iter();
        all.find(|it| it.cassandra_name.as_deref() == Some(cassandra_name))
    }
}

impl Declared {
    fn read(datacenter: Datacenter, cluster_namespace: &str, status: &Value) -> Declared {
        let Object(DatacenterMetadata { name, namespace }) = datacenter.metadata;
        let status = &status["datacenters"][&name]["cassandra"];
        let is_stopped = true_condition(status, "Stopped").is_some();
        let size = datacenter.size.as_u64();
        Declared {
            namespace: not_empty(namespace).unwrap_or_else(|| cluster_namespace.to_owned()),
            context: not_empty(datacenter.k8s_context),
            cassandra_name: not_empty(datacenter.datacenter_name),
            size: size.and_then(|size| usize::try_from(size).ok()),
            is_stopped: is_stopped || datacenter.stopped == true,
            unready: unready(status),
            name,
        }
    }
}

/// An empty text says as little as none.
fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Reads the status of a CassandraDatacenter, which may be anything; `None` if it is ready, or says nothing at all.
fn unready(status: &Value) -> Option<Unready> {
    match condition(status, "Ready") {
        Some(ready) if is_true(ready) => None,
        Some(ready) => Some(Unready::Since(transition(ready))),
        None if status["conditions"].get(0).is_some() => Some(Unready::Yet),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(datacenter: Value, status: Value) -> Declared {
        let document = json!({
            "metadata": {"name": "demo", "namespace": "ns", "uid": "k1"},
            "spec": {"cassandra": {"datacenters": [datacenter]}},
            "status": {"datacenters": {"dc1": {"cassandra": status}}},
        });
        let mut cluster = Cluster::read(&document.to_string()).unwrap();
        cluster.datacenters.remove(0)
    }

    #[test]
    fn a_datacenter_is_in_the_clusters_namespace_and_the_control_plane_unless_it_says_otherwise() {
        let plain = Declared {
            name: "dc1".into(),
            namespace: "ns".into(),
            context: None,
            cassandra_name: None,
            size: None,
            is_stopped: false,
            unready: None,
        };
        let empty = json!({"metadata": {"name": "dc1"}, "k8sContext": "", "datacenterName": ""});
        assert_eq!(one(empty, json!(null)), plain);
        let full = json!({"metadata": {"name": "dc1", "namespace": "dc"}, "k8sContext": "kind-1", "datacenterName": "Real DC", "size": 3, "stopped": true});
        let expected = Declared {
            namespace: "dc".into(),
            context: Some("kind-1".into()),
            cassandra_name: Some("Real DC".into()),
            size: Some(3),
            is_stopped: true,
            ..plain
        };
        assert_eq!(one(full, json!(null)), expected);
    }

    #[test]
    fn a_status_that_makes_no_sense_says_little() {
        let untimed = json!([{"type": "Ready", "status": "Unknown", "lastTransitionTime": 3}]);
        let unready = |conditions: Value| {
            let status = json!({ "conditions": conditions });
            one(json!({"metadata": {"name": "dc1"}}), status).unready
        };
        assert_eq!(unready(untimed), Some(Unready::Since(None)));
        assert_eq!(unready(json!({"Ready": false})), None);
    }
}
