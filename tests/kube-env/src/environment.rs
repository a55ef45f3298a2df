//! The contexts of a test: comes in their names, goes out clients, kubeconfigs and what was asked of each API server.
//! All of it stops, and all of its files but the logs of a failed test go, when the value does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, iter};

use anyhow::{Context as _, anyhow, ensure};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use tempfile::TempDir;

use super::access;
use super::audit::{self, Request};
use super::cluster::{Cluster, Site};
use super::etcd::Etcd;
use super::kubectl::Kubectl;
use super::manifests;
use super::port::Port;
use super::programs::Programs;

/// Logs lie beside what was built, where `cargo clean` finds those that failed tests leave behind.
const LOGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-servers");

/// Several contexts, each a real API server. They stop when this value is dropped.
pub struct Environment {
    // Fields go in this order: API servers before the etcd that they use, processes before their files.
    clusters: Vec<Cluster>,
    etcd: Etcd,
    programs: Arc<Programs>,
    admin_kubeconfig: PathBuf,
    data: TempDir,
    logs: TempDir,
}

impl Environment {
    /// Starts a context for each name and waits until all are ready. Names are made of `a-z`, `0-9` and `-`.
    ///
    /// # Errors
    /// If a program is missing or does not start; the error has the end of its log, and the whole log stays.
    pub async fn start(names: &[&str]) -> anyhow::Result<Self> {
        check_names(names)?;
        let programs = Arc::new(Programs::find().map_err(|why| anyhow!(why))?);
        fs::create_dir_all(LOGS).with_context(|| format!("{LOGS} cannot be made"))?;
        let mut logs = tempfile::Builder::new().prefix("run-").tempdir_in(LOGS)?;
        let data = tempfile::Builder::new().prefix("test-servers-").tempdir()?;
        match start_all(names, &programs, data.path(), logs.path()).await {
            Ok((etcd, clusters)) => Ok(Self {
                clusters,
                etcd,
                programs,
                admin_kubeconfig: access::admin_kubeconfig(data.path()),
                data,
                logs,
            }),
            Err(error) => {
                logs.disable_cleanup(true);
                Err(error)
            }
        }
    }

    /// The administrator's client of a context.
    ///
    /// # Errors
    /// If there is no context of that name, here and below.
    pub fn client(&self, context: &str) -> anyhow::Result<Client> {
        Ok(self.cluster(context)?.client().clone())
    }

    /// A kubeconfig with every context, as the administrator. The first name given is the current one.
    pub fn admin_kubeconfig(&self) -> &Path {
        &self.admin_kubeconfig
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(&self.admin_kubeconfig)
    }

    /// The folder of the servers' logs.
    pub fn logs(&self) -> &Path {
        self.logs.path()
    }

    /// The processes that run now: what each is, and the operating system's number of it.
    pub async fn processes(&self) -> Vec<(String, u32)> {
        let mut processes: Vec<_> = self.etcd.process().await.into_iter().collect();
        for cluster in &self.clusters {
            processes.extend(cluster.processes().await);
        }
        processes
    }

    /// Installs the custom resource definitions in the YAML files of these folders in every context, and waits until
    /// their kinds are served and the garbage collectors know them.
    ///
    /// # Errors
    /// If a file is not readable, there is no definition in a folder, or an API server does not take one.
    pub async fn install_crds<P: AsRef<Path>>(&self, folders: &[P]) -> anyhow::Result<()> {
        let found = folders.iter().map(|it| manifests::definitions(it.as_ref()));
        let definitions = &found.collect::<anyhow::Result<Vec<_>>>()?.concat();
        let installing = self.clusters.iter().map(|cluster| async move {
            let installed = manifests::install(cluster.client(), definitions).await;
            installed.with_context(|| format!("in context {}", cluster.name()))?;
            cluster.restart_controllers().await
        });
        try_join_all(installing).await.map(drop)
    }

    /// Applies the objects of a YAML text in a context, in the text's order.
    ///
    /// # Errors
    /// If the text is not understood, or the API server does not serve a kind or take an object.
    pub async fn apply(&self, context: &str, yaml: &str) -> anyhow::Result<()> {
        let applied = manifests::apply(self.cluster(context)?.client(), yaml).await;
        applied.with_context(|| format!("in context {context}"))
    }

    /// Creates a namespace in a context.
    ///
    /// # Errors
    /// If the API server refuses, or has it already.
    pub async fn create_namespace(&self, context: &str, name: &str) -> anyhow::Result<()> {
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        let api = Api::all(self.client(context)?);
        let created = api.create(&PostParams::default(), &namespace).await;
        created.with_context(|| format!("namespace {name} in context {context}"))?;
        Ok(())
    }

    /// A kubeconfig as a service account that exists in each of the contexts: `control` is the current context, and
    /// `remotes` are the others. Its contexts have the contexts' names. The file goes with the environment.
    ///
    /// # Errors
    /// If the service account is missing in one of the contexts.
    pub async fn operator_kubeconfig(
        &self,
        control: &str,
        remotes: &[&str],
        namespace: &str,
        service_account: &str,
    ) -> anyhow::Result<PathBuf> {
        let remotes = remotes.iter().filter(|name| **name != control);
        let clusters = iter::once(&control)
            .chain(remotes)
            .map(|name| self.cluster(name))
            .collect::<anyhow::Result<Vec<_>>>()?;
        access::for_service_account(&clusters, namespace, service_account, self.data.path()).await
    }

    /// Kills a context's API server.
    ///
    /// # Errors
    /// If there is no such context.
    pub async fn kill(&self, context: &str) -> anyhow::Result<()> {
        self.cluster(context)?.kill_server().await;
        Ok(())
    }

    /// Starts a context's API server that was killed, with what was stored, and waits until it is ready.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start_again(&self, context: &str) -> anyhow::Result<()> {
        self.cluster(context)?.start_server().await
    }

    /// All that is stored in every context is lost, as when etcd is set up again: versions count from the beginning, and
    /// service accounts and their tokens are gone.
    ///
    /// # Errors
    /// If a server does not start again.
    pub async fn empty(&self) -> anyhow::Result<()> {
        for cluster in &self.clusters {
            cluster.kill_server().await;
        }
        self.etcd.empty(&self.programs.etcd).await?;
        let starting = self.clusters.iter().map(Cluster::start_server);
        try_join_all(starting).await.map(drop)
    }

    /// A context's API server answers nothing from now on, and keeps its connections; or goes on where it was.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn freeze(&self, context: &str, is_frozen: bool) -> anyhow::Result<()> {
        self.cluster(context)?.freeze_server(is_frozen).await
    }

    /// What users whose name contains a text have asked of a context's API server, in the order of its answers. A
    /// service account's name is `system:serviceaccount:NAMESPACE:NAME`. The last answers may be missing for a moment.
    ///
    /// # Errors
    /// If the audit log is not readable.
    pub fn requests(&self, context: &str, user: &str) -> anyhow::Result<Vec<Request>> {
        audit::read(&self.cluster(context)?.site().audit_log(), user)
    }

    fn cluster(&self, context: &str) -> anyhow::Result<&Cluster> {
        let mut clusters = self.clusters.iter();
        let found = clusters.find(|cluster| cluster.name() == context);
        found.with_context(|| {
            let names: Vec<_> = self.clusters.iter().map(Cluster::name).collect();
            format!(
                "there is no context {context}; there are {}",
                names.join(", ")
            )
        })
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // Whoever looks into why the test failed needs them.
        if std::thread::panicking() {
            self.logs.disable_cleanup(true);
        }
    }
}

/// Names become folders and prefixes in etcd.
fn check_names(names: &[&str]) -> anyhow::Result<()> {
    ensure!(!names.is_empty(), "an environment has at least one context");
    for (index, name) in names.iter().enumerate() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            !name.is_empty() && name.chars().all(plain),
            "the context name {name:?} is not made of a-z, 0-9 and -"
        );
        ensure!(
            !names[..index].contains(name),
            "there are two contexts {name}"
        );
    }
    Ok(())
}

async fn start_all(
    names: &[&str],
    programs: &Arc<Programs>,
    data: &Path,
    logs: &Path,
) -> anyhow::Result<(Etcd, Vec<Cluster>)> {
    let etcd = Etcd::start(&programs.etcd, data, logs).await?;
    let sites = names.iter().map(|name| {
        anyhow::Ok(Site {
            name: (*name).to_owned(),
            port: Port::reserve()?,
            programs: Arc::clone(programs),
            etcd: etcd.address(),
            data: data.to_path_buf(),
            logs: logs.to_path_buf(),
        })
    });
    let sites = sites.collect::<anyhow::Result<Vec<_>>>()?;
    access::prepare(&sites, data)?;
    let clusters = try_join_all(sites.into_iter().map(Cluster::start)).await?;
    Ok((etcd, clusters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_different() {
        check_names(&["dc1", "kind-k8ssandra-2"]).unwrap();
        for wrong in [&[][..], &[""], &["a/b"], &["A"], &["a", "b", "a"]] {
            check_names(wrong).unwrap_err();
        }
    }
}
