//! Worlds on real API servers: `deploy/`'s CRDs and rights, the `pilothouse` binary under its service account, and
//! kubectl. All behaviours share the clusters; each has a namespace and a host of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use pilothouse_clusters::cass_operator::CassOperator;
use pilothouse_clusters::real::Environment;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::component;
use crate::kubectl::Kubectl;
use crate::objects::CONTEXTS;
use crate::world::{Failures, Operator, QUICK, World, cass_operator};

/// Where `deploy/` puts the host, and as whom.
const NAMESPACE: &str = "k8ssandra-operator";
const SERVICE_ACCOUNT: &str = "pilothouse";

/// Real API servers with everything installed.
pub struct Clusters {
    environment: Environment,
    kubeconfig: PathBuf,
    worlds: AtomicUsize,
}

impl Clusters {
    /// Starts the API servers and applies `deploy/`.
    pub async fn start() -> Result<Self> {
        let environment = Environment::start(&CONTEXTS).await?;
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        environment.install_crds(&deploy.join("crds")).await?;
        environment
            .install_crds(&deploy.join("crds/stand-ins"))
            .await?;
        for (context, rights) in CONTEXTS
            .iter()
            .zip(["rbac/control-plane.yaml", "remote/rbac.yaml"])
        {
            environment.create_namespace(context, NAMESPACE).await?;
            let yaml = std::fs::read_to_string(deploy.join(rights))
                .with_context(|| format!("reading {rights}"))?;
            environment.apply(context, &yaml).await?;
        }
        let kubeconfig = environment
            .operator_kubeconfig(CONTEXTS[0], &CONTEXTS[1..], NAMESPACE, SERVICE_ACCOUNT)
            .await?;
        Ok(Self {
            environment,
            kubeconfig,
            worlds: AtomicUsize::new(0),
        })
    }

    /// The kubeconfig of an administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.environment.admin_kubeconfig().to_owned()
    }

    /// A world in a namespace that no other world uses.
    pub async fn new_world(&self) -> Result<World> {
        let number = self.worlds.fetch_add(1, Ordering::Relaxed);
        self.world(&format!("behaviour-{number}"), QUICK).await
    }

    /// A world in this namespace.
    pub async fn world(&self, namespace: &str, pod_time: Duration) -> Result<World> {
        let failures = Failures::default();
        let mut keep: Vec<Box<dyn std::any::Any + Send>> = Vec::new();
        for context in CONTEXTS {
            if namespace != NAMESPACE {
                self.environment
                    .create_namespace(context, namespace)
                    .await?;
            }
            let options = cass_operator(&failures, pod_time).in_namespace(namespace);
            keep.push(Box::new(CassOperator::start(
                self.environment.client(context)?,
                options,
            )));
        }
        let mut operator = Process::new(self.kubeconfig.clone(), namespace)?;
        operator.start().await?;
        let client =
            |context: &&str| Ok(((*context).to_owned(), self.environment.client(context)?));
        Ok(World {
            namespace: namespace.to_owned(),
            clients: CONTEXTS.iter().map(client).collect::<Result<_>>()?,
            operator: Box::new(operator),
            failures,
            kubectl: Some(Kubectl {
                kubeconfig: self.kubeconfig(),
            }),
            keep,
        })
    }
}

/// The `pilothouse` binary.
struct Process {
    kubeconfig: PathBuf,
    namespace: String,
    directory: TempDir,
    policy: PathBuf,
    running: Option<Child>,
}

impl Process {
    fn new(kubeconfig: PathBuf, namespace: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let policy = directory.path().join("policy.wasm");
        std::fs::copy(component::built()?, &policy)?;
        Ok(Self {
            kubeconfig,
            namespace: namespace.to_owned(),
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
            command.args([
                "run",
                "--context",
                CONTEXTS[0],
                "--namespace",
                &self.namespace,
                "--policy",
            ]);
            command
                .arg(&self.policy)
                .arg("--kubeconfig")
                .arg(&self.kubeconfig);
            for context in CONTEXTS {
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

    fn policy_file(&self) -> &Path {
        &self.policy
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}
