//! Kubeconfig files: comes in how contexts are reached and as whom, goes out a file that kubectl and kube read alike,
//! and a client for one of its contexts. Nothing is asked of an API server here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

/// One context of a kubeconfig: an API server and who speaks to it.
pub(super) struct Entry {
    /// The context's name.
    pub context: String,
    /// The API server's address.
    pub server: String,
    /// The file with the certificate that the server's own is checked against, where it has one.
    pub authority: Option<PathBuf>,
    /// The bearer token, where one is asked for.
    pub token: Option<String>,
    /// Where namespaced objects are looked for by default.
    pub namespace: String,
}

/// Writes a kubeconfig for API servers that let in anybody: contexts by name, each with its server's address. The first
/// is the current one.
///
/// # Errors
/// If the file cannot be written.
pub fn write_kubeconfig(path: &Path, servers: &[(String, String)]) -> anyhow::Result<()> {
    let entries = servers.iter().map(|(context, server)| Entry {
        context: context.clone(),
        server: server.clone(),
        authority: None,
        token: None,
        namespace: "default".into(),
    });
    write(path, &entries.collect::<Vec<_>>())
}

/// A client for a context of a kubeconfig.
///
/// # Errors
/// If there is no such file or no such context.
pub async fn client_of(path: &Path, context: &str) -> anyhow::Result<Client> {
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let described = || format!("context {context} of the kubeconfig {}", path.display());
    let kubeconfig = Kubeconfig::read_from(path).with_context(described)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .with_context(described)?;
    Client::try_from(config).with_context(described)
}

/// Writes a kubeconfig with these contexts. The first is the current one.
pub(super) fn write(path: &Path, entries: &[Entry]) -> anyhow::Result<()> {
    let list = |part: fn(&Entry) -> Value| entries.iter().map(part).collect::<Vec<_>>();
    // YAML reads JSON.
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries.first().map(|entry| &entry.context),
        "clusters": list(|entry| json!({
            "name": entry.context,
            "cluster": {"server": entry.server, "certificate-authority": entry.authority},
        })),
        "users": list(|entry| json!({
            "name": entry.context,
            "user": {"token": entry.token},
        })),
        "contexts": list(|entry| json!({
            "name": entry.context,
            "context": {
                "cluster": entry.context,
                "user": entry.context,
                "namespace": entry.namespace,
            },
        })),
    });
    fs::write(path, format!("{config:#}\n"))
        .with_context(|| format!("the kubeconfig {} cannot be written", path.display()))
}
