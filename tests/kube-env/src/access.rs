//! Who may talk to the API servers, and how: the administrator, the controllers, and service accounts by tokens that
//! the API servers issue. Comes in where the contexts are, goes out files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};

use super::audit;
use super::cluster::{Cluster, Site};
use super::kubeconfig::{self, Entry};

/// The administrator's token: whoever can connect to 127.0.0.1 may play with these servers.
const ADMIN_TOKEN: &str = "administrator";
/// How long the tokens of service accounts are good for, in seconds.
const TOKEN_LIFETIME: i64 = 86_400;

/// Writes what API servers and controllers read when they start, and the administrator's kubeconfig with all contexts.
pub(super) fn prepare(sites: &[Site], data: &Path) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| {
        fs::write(data.join(name), text)
            .with_context(|| format!("{name} cannot be written to {}", data.display()))
    };
    let admin = format!("{ADMIN_TOKEN},administrator,administrator,system:masters\n");
    // The controllers have a name of their own, so that what they ask is not counted as the administrator's.
    let controllers = "controllers,controllers,controllers,system:masters\n";
    write("tokens.csv", &(admin + controllers))?;
    write("audit-policy.yaml", audit::POLICY)?;
    for site in sites {
        let file = site.controllers_kubeconfig();
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        write_kubeconfig(&file, [(site, "controllers".into())], "default")?;
    }
    let admin = sites.iter().map(|site| (site, ADMIN_TOKEN.into()));
    write_kubeconfig(&admin_kubeconfig(data), admin, "default")
}

/// The administrator's kubeconfig.
pub(super) fn admin_kubeconfig(data: &Path) -> PathBuf {
    data.join("admin.kubeconfig")
}

/// Writes a kubeconfig for a service account that exists in each of the contexts, of which the first is the current
/// one, into a folder under a new name.
pub(super) async fn for_service_account(
    clusters: &[&Cluster],
    namespace: &str,
    account: &str,
    folder: &Path,
) -> anyhow::Result<PathBuf> {
    let mut entries = Vec::new();
    for cluster in clusters {
        let token = token(cluster, namespace, account).await;
        let token = token.with_context(|| {
            let context = cluster.name();
            format!("no token for service account {namespace}/{account} in context {context}")
        })?;
        entries.push((cluster.site(), token));
    }
    let file = tempfile::Builder::new()
        .prefix("operator-")
        .suffix(".kubeconfig")
        .tempfile_in(folder)?;
    let path = file.into_temp_path().keep()?;
    write_kubeconfig(&path, entries, namespace)?;
    Ok(path)
}

/// Writes a kubeconfig with a context for each site, and the token that is good there.
fn write_kubeconfig<'a>(
    path: &Path,
    sites: impl IntoIterator<Item = (&'a Site, String)>,
    namespace: &str,
) -> anyhow::Result<()> {
    let entry = |(site, token): (&'a Site, String)| Entry {
        context: site.name.clone(),
        server: site.address(),
        authority: Some(site.authority()),
        token: Some(token),
        namespace: namespace.to_owned(),
    };
    let entries: Vec<_> = sites.into_iter().map(entry).collect();
    kubeconfig::write(path, &entries)
}

async fn token(cluster: &Cluster, namespace: &str, account: &str) -> anyhow::Result<String> {
    let api: Api<ServiceAccount> = Api::namespaced(cluster.client().clone(), namespace);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(TOKEN_LIFETIME),
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    let answer = api
        .create_token_request(account, &PostParams::default(), &request)
        .await?;
    let status = answer.status.context("the answer has no token")?;
    Ok(status.token)
}
