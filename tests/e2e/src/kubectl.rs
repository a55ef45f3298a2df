//! kubectl, as a user runs it.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// kubectl with a kubeconfig of all contexts.
#[derive(Clone)]
pub struct Kubectl {
    /// The kubeconfig.
    pub kubeconfig: std::path::PathBuf,
}

impl Kubectl {
    /// Runs kubectl, with its standard input; its output, or an error with what it said.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        use tokio::io::AsyncWriteExt as _;
        let mut child = tokio::process::Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting kubectl")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.success(),
            "kubectl {}: {said}",
            arguments.join(" ")
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// `kubectl create -f -`
    pub async fn create(&self, namespace: &str, object: &Value) -> Result<String> {
        self.run(
            &["--namespace", namespace, "create", "-f", "-"],
            &object.to_string(),
        )
        .await
    }
}
