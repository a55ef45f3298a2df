//! Worlds on real API servers: `deploy/`'s CRDs and rights, the `pilothouse` binary under its service account, and
//! kubectl. All behaviours share the clusters; each has a namespace and a host of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cass_operator_sim::CassOperator;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams};
use kube_env::Environment;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::component;
use crate::objects::CONTEXTS;
use crate::world::{Failures, Operator, QUICK, World, cass_operator};

/// Where `deploy/` puts the host, and as whom.
pub(crate) const NAMESPACE: &str = "k8ssandra-operator";
const SERVICE_ACCOUNT: &str = "pilothouse";

/// The control plane of clusters that has none of the CassandraTasks.
pub const HUB: &str = "kind-hub";

/// Real API servers with everything installed.
pub struct Clusters {
    pub(crate) environment: Environment,
    control_plane: &'static str,
    /// As what `deploy/` makes of it.
    own: Access,
    worlds: AtomicUsize,
}

/// How the host reaches the clusters: a kubeconfig, in which [`CONTEXTS`] are the remote ones.
#[derive(Clone)]
pub(crate) struct Access {
    pub kubeconfig: PathBuf,
    /// The context of the control plane.
    pub control_plane: String,
}

impl Clusters {
    /// Starts the API servers and applies `deploy/`. The control plane is the first of [`CONTEXTS`].
    pub async fn start() -> Result<Self> {
        Self::install(Environment::start(&CONTEXTS).await?, CONTEXTS[0]).await
    }

    /// The same with a control plane of its own, which does not serve CassandraTasks.
    pub async fn start_with_hub() -> Result<Self> {
        let [first, second] = CONTEXTS;
        let environment = Environment::start(&[HUB, first, second]).await?;
        let clusters = Self::install(environment, HUB).await?;
        let definitions: Api<CustomResourceDefinition> =
            Api::all(clusters.environment.client(HUB)?);
        let name = "cassandratasks.control.k8ssandra.io";
        definitions.delete(name, &DeleteParams::default()).await?;
        Ok(clusters)
    }

    async fn install(environment: Environment, control_plane: &'static str) -> Result<Self> {
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
        let definitions = ["crds", "overlays/standalone", "../tests/fixtures/crds"];
        let definitions = definitions.map(|folder| deploy.join(folder));
        environment.install_crds(&definitions).await?;
        let remotes: Vec<&str> = CONTEXTS
            .into_iter()
            .filter(|context| *context != control_plane)
            .collect();
        for context in remotes.iter().copied().chain([control_plane]) {
            let rights = if context == control_plane {
                "control-plane/rbac.yaml"
            } else {
                "remote/rbac.yaml"
            };
            environment.create_namespace(context, NAMESPACE).await?;
            let yaml = std::fs::read_to_string(deploy.join(rights))
                .with_context(|| format!("reading {rights}"))?;
            environment.apply(context, &yaml).await?;
        }
        let kubeconfig = environment
            .operator_kubeconfig(control_plane, &remotes, NAMESPACE, SERVICE_ACCOUNT)
            .await?;
        let own = Access {
            kubeconfig,
            control_plane: control_plane.to_owned(),
        };
        Ok(Self {
            environment,
            control_plane,
            own,
            worlds: AtomicUsize::new(0),
        })
    }

    /// The kubeconfig of an administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.environment.admin_kubeconfig().to_owned()
    }

    /// The host's access with the account that `deploy/` creates for it.
    pub(crate) fn own(&self) -> &Access {
        &self.own
    }

    /// A world in a namespace that no other world uses.
    pub async fn new_world(&self) -> Result<World> {
        self.new_world_as(self.own.clone()).await
    }

    /// The same, with this access for the host.
    pub(crate) async fn new_world_as(&self, access: Access) -> Result<World> {
        let number = self.worlds.fetch_add(1, Ordering::Relaxed);
        self.world_as(&format!("behaviour-{number}"), QUICK, access)
            .await
    }

    /// A world in this namespace.
    pub async fn world(&self, namespace: &str, pod_time: Duration) -> Result<World> {
        self.world_as(namespace, pod_time, self.own.clone()).await
    }

    async fn world_as(&self, namespace: &str, pod_time: Duration, access: Access) -> Result<World> {
        let failures = Failures::default();
        let mut cass_operators = Vec::new();
        let mut contexts: BTreeSet<&str> = CONTEXTS.into();
        contexts.insert(self.control_plane);
        for context in &contexts {
            if namespace != NAMESPACE {
                self.environment
                    .create_namespace(context, namespace)
                    .await?;
            }
        }
        for context in CONTEXTS {
            let options = cass_operator(&failures, pod_time).in_namespace(namespace);
            let client = self.environment.client(context)?;
            cass_operators.push(CassOperator::start(client, options));
        }
        let mut operator = Process::new(access, namespace)?;
        operator.start().await?;
        let client =
            |context: &&str| Ok(((*context).to_owned(), self.environment.client(context)?));
        Ok(World {
            namespace: namespace.to_owned(),
            control_plane: self.control_plane.to_owned(),
            clients: contexts.iter().map(client).collect::<Result<_>>()?,
            operator: Box::new(operator),
            failures,
            kubectl: Some(self.environment.kubectl()),
            cass_operators,
        })
    }
}

/// The `pilothouse` binary.
struct Process {
    access: Access,
    remotes: Vec<&'static str>,
    namespaces: Vec<String>,
    directory: TempDir,
    policy: PathBuf,
    running: Option<Child>,
}

impl Process {
    fn new(access: Access, namespace: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let policy = directory.path().join("policy.wasm");
        std::fs::copy(component::built()?, &policy)?;
        Ok(Self {
            access,
            remotes: CONTEXTS.into(),
            namespaces: vec![namespace.to_owned()],
            directory,
            policy,
            running: None,
        })
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Operator for Process {
    fn start(&mut self) -> BoxFuture<'_, Result<()>> {
        async {
            let log = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.log_file())?;
            let mut command = Command::new(component::host()?);
            command.args(["run", "--context", &self.access.control_plane, "--policy"]);
            command
                .arg(&self.policy)
                .arg("--kubeconfig")
                .arg(&self.access.kubeconfig);
            for namespace in &self.namespaces {
                command.args(["--namespace", namespace]);
            }
            for context in &self.remotes {
                command.args(["--remote", context]);
            }
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .kill_on_drop(true);
            self.running = Some(command.spawn().context("starting pilothouse")?);
            Ok(())
        }
        .boxed()
    }

    fn kill(&mut self) -> BoxFuture<'_, Result<()>> {
        async {
            let mut running = self.running.take().context("pilothouse does not run")?;
            ensure!(
                running.try_wait()?.is_none(),
                "pilothouse had stopped by itself:\n{}",
                self.log()
            );
            running.kill().await.context("killing pilothouse")
        }
        .boxed()
    }

    fn forget(&mut self, context: &str) {
        self.remotes.retain(|remote| *remote != context);
    }

    fn also_watch(&mut self, namespace: &str) {
        self.namespaces.push(namespace.to_owned());
    }

    fn policy_file(&self) -> &Path {
        &self.policy
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}
