//! Kubeconfig files: comes in how contexts are reached and as whom, goes out a file that kubectl and kube read alike,
//! and a client for one of its contexts. Nothing is asked of an API server here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

/// One context of a kubeconfig: an API server and who speaks to it.
pub(super) struct Entry<'a> {
    /// The context's name.
    pub context: &'a str,
    /// The API server's address.
    pub server: String,
    /// The file with the certificate that the server's own is checked against.
    pub authority: PathBuf,
    /// The bearer token.
    pub token: String,
    /// Where namespaced objects are looked for by default.
    pub namespace: &'a str,
}

/// Writes a kubeconfig with these contexts. The first is the current one.
pub(super) fn write(path: &Path, entries: &[Entry<'_>]) -> anyhow::Result<()> {
    let list = |part: fn(&Entry<'_>) -> Value| entries.iter().map(part).collect::<Vec<_>>();
    // YAML reads JSON.
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries.first().map(|entry| entry.context),
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

/// A client for a context of a kubeconfig.
pub(super) async fn client(path: &Path, context: &str) -> anyhow::Result<Client> {
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
