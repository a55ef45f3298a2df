//! The `pilothouse` binary on real API servers: started, killed, stopped and frozen.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::component;
use crate::objects::CONTEXTS;
use crate::world::Operator;

/// How the host reaches the clusters: a kubeconfig, in which [`CONTEXTS`] are the remote ones.
#[derive(Clone)]
pub(crate) struct Access {
    pub kubeconfig: PathBuf,
    /// The context of the control plane.
    pub control_plane: String,
}

/// The `pilothouse` binary.
pub(crate) struct Process {
    access: Access,
    remotes: Vec<&'static str>,
    namespaces: Vec<String>,
    directory: TempDir,
    policy: PathBuf,
    running: Option<Child>,
}

impl Process {
    /// One that does not run yet, for this namespace.
    pub(crate) fn new(access: Access, namespace: &str) -> Result<Self> {
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

    /// Stops it in the middle of what it does, or lets it go on.
    pub(crate) fn freeze(&self, is_frozen: bool) -> Result<()> {
        self.signal(if is_frozen {
            Signal::STOP
        } else {
            Signal::CONT
        })
    }

    /// Stops it as a kubelet does, which gives it so long.
    pub(crate) async fn stop(&mut self, grace: Duration) -> Result<()> {
        let mut running = self.running.take().context("pilothouse does not run")?;
        let stopped = stop(&mut running, grace).await;
        stopped.with_context(|| format!("its log:\n{}", self.log()))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let running = self.running.as_ref();
        send(running.context("pilothouse does not run")?, signal)
    }
}

/// Stops a process as a kubelet does, which gives it so long.
pub(crate) async fn stop(child: &mut Child, grace: Duration) -> Result<()> {
    send(child, Signal::TERM)?;
    let ended = tokio::time::timeout(grace, child.wait()).await;
    let status = ended.with_context(|| format!("it did not stop within {grace:?}"))??;
    ensure!(status.success(), "it stopped with {status}");
    Ok(())
}

fn send(child: &Child, signal: Signal) -> Result<()> {
    let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    kill_process(id.context("it does not run")?, signal)?;
    Ok(())
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
