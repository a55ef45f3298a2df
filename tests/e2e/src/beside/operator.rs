//! k8ssandra-operator, as far as it matters to tasks. Its K8ssandraTask controller works on every task of a namespace; its
//! K8ssandraCluster controller creates a `refresh-…` task.
//!
//! It writes what the real one writes, in the same order: owner reference and finalizer together, CassandraTasks without a mark,
//! from the end of a list, and one status update at the end of a reconcile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams};
use kube_env::client_of;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::children;
use crate::objects::CONTEXTS;
use crate::world::Kind;

const FINALIZER: &str = "control.k8ssandra.io/finalizer";
/// How often it reconciles.
const INTERVAL: Duration = Duration::from_millis(100);

/// k8ssandra-operator in one namespace; it stops when this is dropped.
pub struct Operator {
    access: Access,
    running: JoinHandle<()>,
}

/// Whom it is to the API servers, and what they refused.
#[derive(Clone)]
pub(super) struct Access {
    namespace: String,
    clients: BTreeMap<String, Client>,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

impl Operator {
    /// Starts it with the account of a kubeconfig.
    pub async fn start(kubeconfig: &Path, namespace: &str) -> Result<Self> {
        let mut clients = BTreeMap::new();
        for context in CONTEXTS {
            clients.insert(context.to_owned(), client_of(kubeconfig, context).await?);
        }
        let access = Access {
            namespace: namespace.to_owned(),
            clients,
            refused: Arc::default(),
        };
        let running = tokio::spawn(reconcile_all(access.clone()));
        Ok(Self { access, running })
    }

    /// The writes that API servers have refused as forbidden: `verb resource`.
    pub fn refused(&self) -> BTreeSet<String> {
        let refused = self.access.refused.lock();
        refused.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What its K8ssandraCluster controller does when datacenters need an update.
    pub async fn create_refresh_task(&self, cluster: &str, datacenters: &[&str]) -> Result<String> {
        let name = "refresh-2-1";
        let task = json!({
            "apiVersion": "control.k8ssandra.io/v1alpha1",
            "kind": "K8ssandraTask",
            "metadata": { "name": name, "labels": { "k8ssandra.io/cluster-name": cluster } },
            "spec": {
                "cluster": { "name": cluster },
                "datacenters": datacenters,
                "dcConcurrencyPolicy": "Forbid",
                "template": { "jobs": [{ "name": format!("refresh-{cluster}"), "command": "refresh" }] },
            },
        });
        let api = self.access.api(CONTEXTS[0], Kind::Task);
        api.create(&PostParams::default(), &serde_json::from_value(task)?)
            .await?;
        Ok(name.to_owned())
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn reconcile_all(access: Access) {
    let tasks = access.api(CONTEXTS[0], Kind::Task);
    loop {
        if let Ok(list) = tasks.list(&ListParams::default()).await {
            for task in list.items {
                // Whatever goes wrong ends the reconcile, and it is tried again.
                if let Ok(task) = serde_json::to_value(task) {
                    drop(access.reconcile(task).await);
                }
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

impl Access {
    pub(super) fn api(&self, context: &str, kind: Kind) -> Api<DynamicObject> {
        let client = self.clients[context].clone();
        Api::namespaced_with(client, &self.namespace, &kind.resource())
    }

    /// The outcome of a write, noted where it was forbidden.
    pub(super) fn note<T>(&self, write: &str, outcome: kube::Result<T>) -> Result<T> {
        if let Err(kube::Error::Api(status)) = &outcome
            && status.code == 403
        {
            let refused = self.refused.lock();
            let mut refused = refused.unwrap_or_else(PoisonError::into_inner);
            refused.insert(write.to_owned());
        }
        Ok(outcome?)
    }

    async fn reconcile(&self, mut task: Value) -> Result<()> {
        let cluster = self.cluster(&task).await?;
        if task["metadata"]["deletionTimestamp"].is_string() {
            return self.finalize(task, cluster.as_ref()).await;
        }
        let Some(cluster) = cluster else {
            let mut status = task["status"].clone();
            children::set_condition(&mut status, "Invalid", true);
            return self.set_status(task, status).await;
        };
        if task["metadata"]["ownerReferences"].is_null() {
            task["metadata"]["finalizers"] = json!([FINALIZER]);
            task["metadata"]["ownerReferences"] = json!([owner(&cluster)]);
            return self.update(&task).await;
        }
        if children::is_expired(&task) {
            return self.delete(&task).await;
        }
        let mut status = task["status"].clone();
        for (datacenter, context) in children::targets(&task, &cluster) {
            let child = self.child(&task, &datacenter, &context).await?;
            let is_over = child["status"]["completionTime"].is_string();
            status["datacenters"][&datacenter] = copy(&child);
            if !is_over && task["spec"]["dcConcurrencyPolicy"] != "Allow" {
                break;
            }
        }
        children::aggregate(&mut status, &task, &cluster);
        self.set_status(task, status).await
    }

    async fn cluster(&self, task: &Value) -> Result<Option<Value>> {
        let name = task["spec"]["cluster"]["name"].as_str().unwrap_or_default();
        let cluster = self.api(CONTEXTS[0], Kind::Cluster).get_opt(name).await?;
        Ok(cluster.map(serde_json::to_value).transpose()?)
    }

    async fn child(&self, task: &Value, datacenter: &str, context: &str) -> Result<Value> {
        let api = self.api(context, Kind::CassandraTask);
        let child = children::child(task, datacenter, &self.namespace);
        let name = child["metadata"]["name"].as_str().unwrap_or_default();
        if let Some(existing) = api.get_opt(name).await? {
            return Ok(serde_json::to_value(existing)?);
        }
        let child = serde_json::from_value(child)?;
        let created = api.create(&PostParams::default(), &child).await;
        let created = self.note("create cassandratasks", created)?;
        Ok(serde_json::to_value(created)?)
    }

    async fn finalize(&self, mut task: Value, cluster: Option<&Value>) -> Result<()> {
        let is_invalid = children::has_condition(&task["status"], "Invalid");
        if let Some(cluster) = cluster.filter(|_| !is_invalid) {
            for (datacenter, context) in children::targets(&task, cluster) {
                let name = children::name(&task, &datacenter);
                let api = self.api(&context, Kind::CassandraTask);
                if api.get_opt(&name).await?.is_some() {
                    api.delete(&name, &DeleteParams::default()).await?;
                }
            }
        }
        task["metadata"]["finalizers"] = json!([]);
        self.update(&task).await
    }

    async fn update(&self, task: &Value) -> Result<()> {
        self.put(task, Written::Object).await
    }

    async fn put(&self, task: &Value, written: Written) -> Result<()> {
        let name = task["metadata"]["name"].as_str().unwrap_or_default();
        let api = self.api(CONTEXTS[0], Kind::Task);
        let object = serde_json::from_value(task.clone())?;
        let parameters = PostParams::default();
        let (what, updated) = match written {
            Written::Object => (
                "update k8ssandratasks",
                api.replace(name, &parameters, &object).await,
            ),
            Written::Status => (
                "update k8ssandratasks/status",
                api.replace_status(name, &parameters, &object).await,
            ),
        };
        self.note(what, updated).map(drop)
    }

    async fn delete(&self, task: &Value) -> Result<()> {
        let name = task["metadata"]["name"].as_str().unwrap_or_default();
        let api = self.api(CONTEXTS[0], Kind::Task);
        let deleted = api.delete(name, &DeleteParams::default()).await;
        self.note("delete k8ssandratasks", deleted).map(drop)
    }

    async fn set_status(&self, mut task: Value, status: Value) -> Result<()> {
        if task["status"] == status {
            return Ok(());
        }
        task["status"] = status;
        self.put(&task, Written::Status).await
    }
}

/// What of a K8ssandraTask is updated.
enum Written {
    Object,
    Status,
}

fn owner(cluster: &Value) -> Value {
    json!({
        "apiVersion": cluster["apiVersion"], "kind": cluster["kind"], "controller": true, "blockOwnerDeletion": true,
        "name": cluster["metadata"]["name"], "uid": cluster["metadata"]["uid"],
    })
}

fn copy(child: &Value) -> Value {
    let status = &child["status"];
    if status.is_null() {
        json!({})
    } else {
        status.clone()
    }
}
