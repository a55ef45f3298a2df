//! Credential plugins: commands (`exec` in a kubeconfig) that print credentials. They are run as client-go does, but without a
//! terminal, and no longer than [`LIMIT`].

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

/// How long a plugin may take. After that it is killed.
const LIMIT: Duration = Duration::from_secs(15);
/// So much of what it complains about is shown.
const MAX_COMPLAINT: usize = 256;

/// An `ExecCredential`.
#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// Runs a plugin: its credentials become those of the user. Out comes when they run out.
pub(super) async fn run(plugin: &ExecConfig, user: &mut AuthInfo) -> Result<Option<Timestamp>> {
    let name = plugin.command.as_deref().unwrap_or_default();
    let shown = format!("credential plugin `{name}`");
    if plugin.interactive_mode == Some(ExecInteractiveMode::Always) {
        bail!("{shown} asks for a terminal (interactiveMode: Always)");
    }
    let output = timeout(LIMIT, command(name, plugin)?.output())
        .await
        .map_err(|_| anyhow!("{shown} has not answered within {} s", LIMIT.as_secs()))?
        .with_context(|| format!("{shown} cannot be started"))?;
    ensure!(
        output.status.success(),
        "{shown} failed: {}{}",
        output.status,
        complaint(&output.stderr)
    );
    // Not what is wrong with it: that could show a part of it.
    let credential = serde_saphyr::from_slice::<Credential>(&output.stdout);
    let status = credential.ok().and_then(|it| it.status);
    let status = status
        .with_context(|| format!("{shown} has printed no ExecCredential with a valid status"))?;
    let encoded = |pem: Option<String>| pem.map(|pem| ByteString(pem.into_bytes()));
    // As a kubeconfig would say it.
    let given: AuthInfo = serde_json::from_value(json!({
        "token": status.token,
        "client-certificate-data": encoded(status.client_certificate_data),
        "client-key-data": encoded(status.client_key_data),
    }))?;
    user.token = given.token.or(user.token.take());
    if given.client_certificate_data.is_some() {
        user.client_certificate_data = given.client_certificate_data;
        user.client_key_data = given.client_key_data;
    }
    Ok(status.expiration_timestamp)
}

fn command(name: &str, plugin: &ExecConfig) -> Result<Command> {
    let mut spec = json!({ "interactive": false });
    if plugin.provide_cluster_info {
        spec["cluster"] = serde_json::to_value(&plugin.cluster)?;
    }
    let info = json!({ "apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec });
    let mut command = Command::new(name);
    command
        .args(plugin.args.iter().flatten())
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for variable in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    Ok(command)
}

/// The last line that it complains with.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    let line: String = line
        .unwrap_or_default()
        .chars()
        .take(MAX_COMPLAINT)
        .collect();
    if line.is_empty() {
        line
    } else {
        format!(": {line}")
    }
}
