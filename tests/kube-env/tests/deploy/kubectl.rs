//! kubectl on real clusters.

use anyhow::{Context as _, Result, ensure};
use kube_env::{self as real, Environment};
use tokio::process::Command;

pub const NAMESPACE: &str = "k8ssandra-operator";
pub const CONTROL: &str = "control";
pub const REMOTE: &str = "remote";

/// Two contexts, or none, said on standard error, where this machine has no API server or no kubectl.
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the output of the tests must see that they were skipped"
)]
pub async fn start_or_skip() -> Result<Option<Environment>> {
    let version = ["version", "--client"];
    let there = Command::new("kubectl").args(version).output().await.is_ok();
    if there {
        return real::start_or_skip(&[CONTROL, REMOTE]).await;
    }
    let required = std::env::var(real::REQUIRED).is_ok_and(|value| value == "1");
    ensure!(!required, "{}=1 and there is no kubectl", real::REQUIRED);
    eprintln!("skipped, for want of kubectl");
    Ok(None)
}

/// Runs kubectl as the administrator; what it printed.
pub async fn kubectl(environment: &Environment, context: &str, args: &[&str]) -> Result<String> {
    let mut command = Command::new("kubectl");
    command
        .arg("--kubeconfig")
        .arg(environment.admin_kubeconfig());
    command.args(["--context", context, "--namespace", NAMESPACE]);
    let what = format!("kubectl {} in context {context}", args.join(" "));
    run(command.args(args), &what).await
}

pub async fn run(command: &mut Command, what: &str) -> Result<String> {
    let output = command.kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("{what} could not be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what} failed: {said}");
    Ok(String::from_utf8(output.stdout)?)
}
