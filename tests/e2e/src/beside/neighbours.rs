//! The accounts of k8ssandra-operator in real clusters, and the policy that keeps its K8ssandraTask controller away from tasks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use kube::api::{Api, DynamicObject, PostParams};
use kube_env::client_of;
use serde_json::{Value, json};

use crate::objects::CONTEXTS;
use crate::process::Access;
use crate::real::{Clusters, NAMESPACE};
use crate::world::Kind;

/// The account that the policy is about, as k8ssandra-operator's own manifests name it.
pub(super) const RESTRICTED: &str = "k8ssandra-operator";
/// One that it is not about: as if there were no policy.
const UNRESTRICTED: &str = "k8ssandra-operator-without-policy";
/// The control plane, where the remote contexts are reached with another account than it.
const CONTROL_PLANE: &str = "control-plane";

/// What k8ssandra-operator and Pilothouse work with beside each other.
pub struct Neighbours {
    /// k8ssandra-operator's kubeconfig, where the policy applies to it.
    pub(super) restricted: PathBuf,
    /// The same, where it does not.
    pub(super) unrestricted: PathBuf,
    /// Pilothouse with its own account in the control plane, and k8ssandra-operator's in the remote contexts.
    pub(super) shared: Access,
}

impl Neighbours {
    /// Creates the accounts in every context, and installs the policy there.
    pub async fn install(clusters: &Clusters) -> Result<Self> {
        let component = "../../deploy/components/beside-k8ssandra-operator/policy.yaml";
        let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join(component);
        let policy = std::fs::read_to_string(&policy)
            .with_context(|| format!("reading {}", policy.display()))?;
        let environment = &clusters.environment;
        for context in CONTEXTS {
            for account in [RESTRICTED, UNRESTRICTED] {
                environment.apply(context, &rights(account)).await?;
            }
            environment.apply(context, &policy).await?;
        }
        let kubeconfig = async |account| {
            environment
                .operator_kubeconfig(CONTEXTS[0], &CONTEXTS, NAMESPACE, account)
                .await
        };
        let (restricted, unrestricted) = (
            kubeconfig(RESTRICTED).await?,
            kubeconfig(UNRESTRICTED).await?,
        );
        for context in CONTEXTS {
            enforced(&restricted, context).await?;
        }
        let shared = shared(&clusters.own().kubeconfig, &restricted)?;
        Ok(Self {
            restricted,
            unrestricted,
            shared,
        })
    }
}

/// An account with what k8ssandra-operator may do to the kinds that matter here.
fn rights(account: &str) -> String {
    format!(
        "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {account}, namespace: {NAMESPACE}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {account}}}
rules:
- apiGroups: [control.k8ssandra.io]
  resources: [k8ssandratasks, k8ssandratasks/status, k8ssandratasks/finalizers, cassandratasks]
  verbs: ['*']
- apiGroups: [k8ssandra.io]
  resources: [k8ssandraclusters, k8ssandraclusters/finalizers]
  verbs: ['*']
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {account}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {account}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: {NAMESPACE}}}]
"
    )
}

/// Waits until a context's API server has both parts of the policy in force: a moment after it has stored them.
async fn enforced(kubeconfig: &Path, context: &str) -> Result<()> {
    let client = client_of(kubeconfig, context).await?;
    let cassandra_task = json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "CassandraTask",
        "metadata": { "name": "check", "labels": { "k8ssandra.io/task-name": "check" } },
    });
    let task = json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "K8ssandraTask", "metadata": { "name": "check" },
    });
    let api = |kind: Kind| -> Api<DynamicObject> {
        Api::namespaced_with(client.clone(), NAMESPACE, &kind.resource())
    };
    let real = PostParams::default();
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let tasks = api(Kind::Task);
    let mut task = tasks.create(&real, &serde_json::from_value(task)?).await?;
    task.metadata.labels = Some([("check".to_owned(), "1".to_owned())].into());
    for _ in 0..300 {
        let object = serde_json::from_value(cassandra_task.clone())?;
        let created = api(Kind::CassandraTask).create(&dry, &object).await;
        let updated = tasks.replace("check", &dry, &task).await;
        if is_denied(created) && is_denied(updated) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    bail!("the policy is not in force in {context}")
}

fn is_denied<T>(outcome: kube::Result<T>) -> bool {
    matches!(outcome, Err(kube::Error::Api(status)) if status.code == 403 && status.message.contains("Pilothouse"))
}

/// A kubeconfig with the first context of `own` as the control plane, and all contexts of `others`.
fn shared(own: &Path, others: &Path) -> Result<Access> {
    let read = |path: &Path| -> Result<Value> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    };
    let (own, mut shared) = (read(own)?, read(others)?);
    for list in ["clusters", "users", "contexts"] {
        let mut entry = own[list][0].clone();
        entry["name"] = CONTROL_PLANE.into();
        let entries = shared[list].as_array_mut();
        entries.context("a kubeconfig of lists")?.push(entry);
    }
    let context = shared["contexts"]
        .as_array_mut()
        .and_then(|list| list.last_mut());
    let context = context.context("a context")?;
    context["context"]["cluster"] = CONTROL_PLANE.into();
    context["context"]["user"] = CONTROL_PLANE.into();
    let kubeconfig = others.with_extension("shared");
    std::fs::write(&kubeconfig, shared.to_string())?;
    Ok(Access {
        kubeconfig,
        control_plane: CONTROL_PLANE.to_owned(),
    })
}
