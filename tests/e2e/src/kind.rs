//! The kinds that behaviours look at, as an API server names them.

use anyhow::{Result, bail};
use kube::api::ApiResource;
use kube::core::GroupVersionKind;
use serde_json::Value;

/// The kinds that behaviours look at.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `K8ssandraTask`
    Task,
    /// `CassandraTask`
    CassandraTask,
    /// `K8ssandraCluster`
    Cluster,
    /// `events.k8s.io/v1 Event`
    Event,
    /// `v1 Namespace`
    Namespace,
}

impl Kind {
    /// How the API server names it.
    pub fn resource(self) -> ApiResource {
        let (group, version, kind, plural) = match self {
            Self::Task => (
                "control.k8ssandra.io",
                "v1alpha1",
                "K8ssandraTask",
                "k8ssandratasks",
            ),
            Self::CassandraTask => (
                "control.k8ssandra.io",
                "v1alpha1",
                "CassandraTask",
                "cassandratasks",
            ),
            Self::Cluster => (
                "k8ssandra.io",
                "v1alpha1",
                "K8ssandraCluster",
                "k8ssandraclusters",
            ),
            Self::Event => ("events.k8s.io", "v1", "Event", "events"),
            Self::Namespace => ("", "v1", "Namespace", "namespaces"),
        };
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "K8ssandraTask" => Ok(Self::Task),
            "CassandraTask" => Ok(Self::CassandraTask),
            "K8ssandraCluster" => Ok(Self::Cluster),
            "Namespace" => Ok(Self::Namespace),
            other => bail!("there is nothing of the kind {other:?} here"),
        }
    }

    /// That of an object.
    pub fn of(object: &Value) -> Result<Self> {
        Self::named(object["kind"].as_str().unwrap_or_default())
    }
}
