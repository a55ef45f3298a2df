//! The K8ssandraCluster: its JSON in, its datacenters and where they are out.

use serde::Deserialize;
use serde_json::Value;

use crate::json::{self, Object};
use crate::readiness::Unready;

/// A K8ssandraCluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its uid; the empty text if it has none.
    pub uid: String,
    /// When its deletion was asked for.
    pub deleted: Option<String>,
    /// Its datacenters, in declaration order.
    pub datacenters: Vec<Declared>,
    status: Value,
}

/// A datacenter as the cluster declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The name of the CassandraDatacenter.
    pub name: String,
    /// Its namespace; the cluster's where none is declared.
    pub namespace: String,
    /// Its context; `None` is the control plane.
    pub context: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    metadata: Object<Metadata>,
    spec: Option<Object<Spec>>,
    /// Whatever it is: it is read where it is needed.
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
        let declared = |Object(datacenter): Object<Datacenter>| {
            let Object(DatacenterMetadata { name, namespace }) = datacenter.metadata;
            Declared {
                name,
                namespace: said(namespace).unwrap_or_else(|| metadata.namespace.clone()),
                context: said(datacenter.k8s_context),
            }
        };
        Ok(Cluster {
            datacenters: datacenters.into_iter().map(declared).collect(),
            name: metadata.name,
            uid: metadata.uid,
            deleted: metadata.deletion_timestamp,
            status,
        })
    }

    /// That a datacenter is not ready, as far as its status says.
    pub fn unready(&self, name: &str) -> Option<Unready> {
        Unready::read(&self.status["datacenters"][name]["cassandra"])
    }

    /// The datacenters of that name: one, if the cluster is as it should be.
    pub fn namesakes(&self, name: &str) -> impl Iterator<Item = &Declared> {
        self.datacenters
            .iter()
            .filter(move |declared| declared.name == name)
    }

    /// The datacenter of that name.
    pub fn datacenter(&self, name: &str) -> Option<&Declared> {
        self.namesakes(name).next()
    }
}

/// An empty text says as little as none.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn namespace_and_context_have_defaults() {
        let cluster = Cluster::read(
            &json!({
                "metadata": {"name": "demo", "namespace": "ns", "uid": "u"},
                "spec": {"cassandra": {"datacenters": [
                    {"metadata": {"name": "dc1"}, "k8sContext": "kind-1", "size": 3},
                    {"metadata": {"name": "dc2", "namespace": "other"}, "k8sContext": ""},
                ]}},
            })
            .to_string(),
        )
        .unwrap();
        let places: Vec<_> = cluster
            .datacenters
            .iter()
            .map(|dc| {
                (
                    dc.name.as_str(),
                    dc.namespace.as_str(),
                    dc.context.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            places,
            [("dc1", "ns", Some("kind-1")), ("dc2", "other", None)]
        );
        assert_eq!(cluster.datacenter("dc2"), Some(&cluster.datacenters[1]));
        assert_eq!(cluster.datacenter("dc3"), None);
    }

    #[test]
    fn an_odd_status_says_nothing() {
        let read = |status: Value| {
            let document = json!({"metadata": {"name": "a", "namespace": "b"}, "status": status});
            Cluster::read(&document.to_string()).unwrap().unready("dc1")
        };
        for odd in [json!(null), json!(7), json!({"datacenters": [{"dc1": 1}]})] {
            assert_eq!(read(odd), None);
        }
        let conditions = json!([{"type": "Ready", "status": "False"}]);
        assert_eq!(
            read(json!({"datacenters": {"dc1": {"cassandra": {"conditions": conditions}}}})),
            Some(Unready::Since(None))
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = Cluster::read(
            r#"{"metadata": {"name": "a", "namespace": "b"}, "spec": {"cassandra": {"datacenters": [{"metadata": {}}]}}}"#,
        )
        .unwrap_err();
        assert!(
            error.starts_with("spec.cassandra.datacenters[0].metadata: missing field `name`"),
            "{error}"
        );
        assert!(Cluster::read("3").is_err());
        assert_eq!(
            Cluster::read(r#"{"metadata": {"name": "a", "namespace": "b"}}"#)
                .unwrap()
                .datacenters,
            []
        );
    }
}
