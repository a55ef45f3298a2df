//! The clusters that the host is connected to: the control plane and the remote contexts, each with its own client.
//!
//! Comes in: a kubeconfig and names, or the service account of the pod. Goes out: clients. A context that cannot be
//! reached is no error here; one that the kubeconfig does not know is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http::header::{HeaderValue, USER_AGENT};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::contract::Context;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Which contexts are wanted, as the command line says it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The kubeconfig; none is `$KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context that is the control plane; none is the service account in a pod, and the current
    /// context elsewhere.
    pub control_plane: Option<String>,
    /// The kubeconfig's contexts that are remote contexts.
    pub remotes: Vec<String>,
}

/// A client for each context.
#[derive(Clone)]
pub struct Contexts {
    clients: BTreeMap<Context, Client>,
}

impl Contexts {
    /// From clients that exist already.
    pub fn new(control_plane: Client, remotes: impl IntoIterator<Item = (String, Client)>) -> Self {
        let remotes = remotes
            .into_iter()
            .map(|(name, client)| (Some(name), client));
        Self {
            clients: remotes.chain([(None, control_plane)]).collect(),
        }
    }

    /// Reads the kubeconfig and makes a client for each context that is wanted. Nothing is sent yet.
    pub async fn connect(wanted: &Wanted) -> Result<Self> {
        let in_pod = Path::new(SERVICE_ACCOUNT).exists() && wanted.control_plane.is_none();
        let needs_kubeconfig = !in_pod || !wanted.remotes.is_empty();
        let kubeconfig = if needs_kubeconfig {
            Some(read_kubeconfig(wanted.kubeconfig.as_deref())?)
        } else {
            None
        };
        let control_plane = match &kubeconfig {
            Some(kubeconfig) if !in_pod => {
                from_kubeconfig(kubeconfig, wanted.control_plane.as_deref()).await?
            }
            _ => client(Config::incluster().context("reading the pod's service account")?)?,
        };
        let mut clients = BTreeMap::from([(None, control_plane)]);
        for name in &wanted.remotes {
            if let Some(kubeconfig) = &kubeconfig {
                clients.insert(
                    Some(name.clone()),
                    from_kubeconfig(kubeconfig, Some(name)).await?,
                );
            }
        }
        Ok(Self { clients })
    }

    /// The client of a context; none where it is not registered.
    pub fn client(&self, context: &Context) -> Option<&Client> {
        self.clients.get(context)
    }

    /// Every context, the control plane first.
    pub fn names(&self) -> impl Iterator<Item = &Context> + Clone {
        self.clients.keys()
    }
}

fn read_kubeconfig(path: Option<&Path>) -> Result<Kubeconfig> {
    match path {
        Some(path) => Kubeconfig::read_from(path).with_context(|| {
            format!(
                "reading kubeconfig {}: is --kubeconfig right?",
                path.display()
            )
        }),
        None => Kubeconfig::read()
            .context("no kubeconfig found: give one with --kubeconfig, or set KUBECONFIG"),
    }
}

async fn from_kubeconfig(kubeconfig: &Kubeconfig, name: Option<&str>) -> Result<Client> {
    let known: Vec<&str> = kubeconfig
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect();
    if let Some(name) = name
        && !known.contains(&name)
    {
        bail!(
            "the kubeconfig has no context {name:?}; it has: {}",
            known.join(", ")
        );
    }
    let options = KubeConfigOptions {
        context: name.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await;
    let shown = name.unwrap_or("(the current one)");
    client(config.with_context(|| format!("context {shown} of the kubeconfig cannot be used"))?)
        .with_context(|| format!("context {shown} of the kubeconfig cannot be used"))
}

fn client(mut config: Config) -> Result<Client> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // kube's own retry sends a POST again whose answer was lost. Here a failed write goes back to the policy instead.
    config.default_retry = false;
    // Audit logs and `managedFields` name the writer by it.
    let agent = HeaderValue::from_static(concat!("pilothouse/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    Ok(Client::try_from(config)?)
}
