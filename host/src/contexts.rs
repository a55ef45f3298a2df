//! The clusters that the host is connected to: the control plane and the remote contexts, each with its own client.
//!
//! Comes in: a kubeconfig and names, or the service account of the pod. Goes out: clients. A name that the kubeconfig does not know
//! is an error here, and so is a control plane without a client. A remote context whose client cannot be made yet is not:
//! until there is one, its requests fail with the reason, and no other context waits for it.

mod connection;
mod plugin;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
pub use connection::NotConnected;
use connection::{Entry, build};
use kube::config::Kubeconfig;
use kube::{Client, Config};

use crate::contract::Context;

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

    /// Reads the kubeconfig and makes the client of the control plane. Those of the remote contexts are made in the background.
    pub async fn connect(wanted: &Wanted) -> Result<Self> {
        let in_pod = Path::new(SERVICE_ACCOUNT).exists() && wanted.control_plane.is_none();
        let entry = |context: Option<&String>| Entry {
            kubeconfig: wanted.kubeconfig.clone(),
            context: context.cloned(),
        };
        if !in_pod || !wanted.remotes.is_empty() {
            let kubeconfig = read_kubeconfig(wanted.kubeconfig.as_deref())?;
            for name in wanted.remotes.iter().chain(&wanted.control_plane) {
                is_known(&kubeconfig, name)?;
            }
        }
        let control_plane = match in_pod {
            true => build(Config::incluster().context("reading the pod's service account")?)?,
            false => entry(wanted.control_plane.as_ref()).connect_now().await?,
        };
        let remotes = wanted.remotes.iter();
        let remotes = remotes.map(|name| (name.clone(), entry(Some(name)).connect()));
        Ok(Self::new(control_plane, remotes))
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

fn is_known(kubeconfig: &Kubeconfig, name: &str) -> Result<()> {
    let known = kubeconfig.contexts.iter().map(|it| it.name.as_str());
    let known: Vec<&str> = known.collect();
    if !known.contains(&name) {
        bail!(
            "the kubeconfig has no context {name:?}; it has: {}",
            known.join(", ")
        );
    }
    Ok(())
}
