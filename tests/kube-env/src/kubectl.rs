//! kubectl, as a user runs it: comes in a command, goes out what it printed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::skip::skip;

/// kubectl with a kubeconfig.
#[derive(Clone)]
pub struct Kubectl {
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// With this kubeconfig. What it has learnt of the API servers is kept beside that file.
    pub fn new(kubeconfig: &Path) -> Self {
        Self {
            kubeconfig: kubeconfig.to_owned(),
        }
    }

    /// Whether this machine has a kubectl; where it has none, that is said on standard error.
    ///
    /// # Errors
    /// If there is none though `PILOTHOUSE_REAL=1` is set.
    pub async fn is_there_or_skip() -> anyhow::Result<bool> {
        let version = ["version", "--client"];
        let found = Command::new("kubectl").args(version).output().await.is_ok();
        if !found {
            skip("kubectl is not installed")?;
        }
        Ok(found)
    }

    /// A command, which ends at the latest when its process is dropped.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        let cache = self.kubeconfig.with_extension("cache");
        command.arg("--cache-dir").arg(cache).args(arguments);
        command.kill_on_drop(true);
        command
    }

    /// Runs a command with this standard input; its output, or an error with what it said.
    ///
    /// # Errors
    /// If it cannot be started, or fails.
    pub async fn run(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let spawned = command.stderr(Stdio::piped()).spawn();
        let mut child = spawned.context("starting kubectl")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        let command = arguments.join(" ");
        ensure!(output.status.success(), "kubectl {command}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
