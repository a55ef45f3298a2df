//! kubectl on real clusters.

use std::path::Path;

use anyhow::{Result, ensure};
use kube_env::{self as real, Environment, Kubectl};
use tokio::process::Command;

pub const NAMESPACE: &str = "k8ssandra-operator";
pub const CONTROL: &str = "control";
pub const REMOTE: &str = "remote";

/// Two contexts, or none, said on standard error, where this machine has no API server or no kubectl.
pub async fn start_or_skip() -> Result<Option<Environment>> {
    if !Kubectl::is_there_or_skip().await? {
        return Ok(None);
    }
    real::start_or_skip(&[CONTROL, REMOTE]).await
}

/// Runs kubectl as the administrator; what it printed.
pub async fn kubectl(environment: &Environment, context: &str, args: &[&str]) -> Result<String> {
    let place = ["--context", context, "--namespace", NAMESPACE];
    environment
        .kubectl()
        .run(&[&place, args].concat(), "")
        .await
}

/// A copy of a folder, to change it.
pub async fn copy(folder: &str, copy: &Path) -> Result<()> {
    let copied = Command::new("cp").args(["-R", folder]).arg(copy).status();
    ensure!(copied.await?.success(), "{folder} was not copied");
    Ok(())
}
