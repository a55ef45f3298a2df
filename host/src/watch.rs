//! Watches: what the API servers say goes to the engine.
//!
//! One task a kind, context and namespace. It lists, follows, and starts over when it fails. A watch that breaks lists
//! again at once; only when that fails too is the kind *lost* in that context, with the reason, until a list succeeds.
//! No decision is made here, and nothing is written to an API server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Error, anyhow};
use futures::StreamExt;
use kube::Client;
use kube::api::{Api, ApiResource};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope as ApiScope, pinned_kind};
use kube::runtime::watcher::{self, Event};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use pilothouse_core::cache::{Epoch, Health};
use pilothouse_core::{Object, Resource};

use crate::contexts::Contexts;
use crate::contract::{Interest, Manifest, Scope, Unavailable, UnavailableReason, context_name};
use crate::execute::Kinds;
use crate::object::Wire;
use crate::shared::Shared;

/// The API server ends a watch after this long, and a connection that is silent for longer is given up.
const WATCH_SECONDS: u32 = 30;
/// How long an API server may take for a page of a list, or to name a kind.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// The delays between attempts to list.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(15);

/// The running watches.
pub struct Watches {
    contexts: Contexts,
    namespaces: Vec<String>,
    shared: Arc<Shared>,
    kinds: Arc<Kinds>,
    running: Mutex<BTreeMap<Resource, Vec<AbortHandle>>>,
}

impl Watches {
    /// No watch runs yet. An empty list of namespaces stands for all.
    pub fn new(
        contexts: Contexts,
        namespaces: Vec<String>,
        shared: Arc<Shared>,
        kinds: Arc<Kinds>,
    ) -> Self {
        Self {
            contexts,
            namespaces,
            shared,
            kinds,
            running: Mutex::default(),
        }
    }

    /// Starts the watches that a manifest asks for and that do not run yet.
    pub fn start(&self, manifest: &Manifest) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in self.wanted(manifest) {
            let Some(client) = self.contexts.client(&resource.context) else {
                continue;
            };
            running
                .entry(resource.clone())
                .or_insert_with(|| self.spawn(&resource, client));
        }
    }

    /// Stops the watches that a manifest does not ask for, and forgets what they saw.
    pub fn stop_others(&self, manifest: &Manifest) {
        let wanted = self.wanted(manifest);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|resource, tasks| {
            let keep = wanted.contains(resource);
            if !keep {
                tasks.iter().for_each(AbortHandle::abort);
                self.shared.with(|engine| engine.close(resource));
            }
            keep
        });
    }

    fn wanted(&self, manifest: &Manifest) -> Vec<Resource> {
        let primary = Interest {
            gvk: manifest.primary.clone(),
            scope: Scope::ControlPlane,
            verbs: Vec::new(),
        };
        let mut resources = Vec::new();
        for interest in manifest.interests.iter().chain([&primary]) {
            for context in self
                .contexts
                .names()
                .filter(|context| interest.scope.includes(context))
            {
                resources.push(Resource {
                    context: context.clone(),
                    gvk: interest.gvk.clone(),
                });
            }
        }
        resources
    }

    fn spawn(&self, resource: &Resource, client: &Client) -> Vec<AbortHandle> {
        let namespaces: Vec<Option<String>> = match self.namespaces.as_slice() {
            [] => vec![None],
            some => some.iter().cloned().map(Some).collect(),
        };
        // All are open before the first one answers: a kind is known when all of its namespaces are.
        for namespace in &namespaces {
            self.shared
                .with(|engine| engine.open(resource, namespace.as_deref()));
        }
        let watch = |namespace| Watch {
            client: client.clone(),
            resource: resource.clone(),
            namespace,
            shared: self.shared.clone(),
            kinds: self.kinds.clone(),
        };
        namespaces
            .into_iter()
            .map(|namespace| tokio::spawn(watch(namespace).run()).abort_handle())
            .collect()
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        running.values().flatten().for_each(AbortHandle::abort);
    }
}

/// One watch: of a kind, in a context, in a namespace or in all.
struct Watch {
    client: Client,
    resource: Resource,
    namespace: Option<String>,
    shared: Arc<Shared>,
    kinds: Arc<Kinds>,
}

impl Watch {
    async fn run(self) {
        let mut retry = FIRST_RETRY;
        loop {
            let started = Instant::now();
            let (synced, error) = self.follow().await;
            if synced {
                // It was well a moment ago: list again, and only say that it is lost if that fails.
                debug!(kind = %self.resource.gvk, context = context_name(&self.resource.context), "watch broke: {error:#}");
                if started.elapsed() > LONGEST_RETRY {
                    retry = FIRST_RETRY;
                    continue;
                }
            } else {
                self.set_health(Health::Lost(Unavailable {
                    reason: why(&error),
                    since: Some(self.shared.wall()),
                    message: format!("{error:#}"),
                }));
            }
            tokio::time::sleep(retry).await;
            retry = (retry * 2).min(LONGEST_RETRY);
        }
    }

    /// Lists and follows until something fails: whether the list succeeded, and what failed.
    async fn follow(&self) -> (bool, Error) {
        let (api_resource, namespaced) = match self.resolve().await {
            Ok(resolved) => resolved,
            Err(error) => return (false, error),
        };
        let api: Api<Wire> = match &self.namespace {
            Some(namespace) if namespaced => {
                Api::namespaced_with(self.client.clone(), namespace, &api_resource)
            }
            _ => Api::all_with(self.client.clone(), &api_resource),
        };
        let mut events =
            watcher::watcher(api, watcher::Config::default().timeout(WATCH_SECONDS)).boxed();
        let mut list: Option<(Epoch, Vec<Object>)> = None;
        let mut synced = false;
        loop {
            let event = if synced {
                events.next().await
            } else {
                match tokio::time::timeout(LIST_TIMEOUT, events.next()).await {
                    Ok(event) => event,
                    Err(_) => {
                        return (
                            false,
                            anyhow!("no answer to a list within {} s", LIST_TIMEOUT.as_secs()),
                        );
                    }
                }
            };
            match event {
                Some(Ok(event)) => synced |= self.take(event, &mut list),
                Some(Err(error)) => return (synced, Error::new(error)),
                None => return (synced, anyhow!("the watch ended")),
            }
        }
    }

    async fn resolve(&self) -> Result<(ApiResource, bool), Error> {
        let gvk = &self.resource.gvk;
        let wanted = GroupVersionKind::gvk(&gvk.group, &gvk.version, &gvk.kind);
        let asked = tokio::time::timeout(LIST_TIMEOUT, pinned_kind(&self.client, &wanted)).await;
        let (api_resource, capabilities) = asked
            .with_context(|| {
                format!(
                    "no answer from the API server within {} s",
                    LIST_TIMEOUT.as_secs()
                )
            })?
            .with_context(|| {
                format!("the API server does not serve {gvk}; is its CRD installed?")
            })?;
        let namespaced = capabilities.scope == ApiScope::Namespaced;
        self.kinds
            .insert(&self.resource, api_resource.clone(), namespaced);
        self.shared
            .with(|engine| engine.resolved(&self.resource, namespaced));
        Ok((api_resource, namespaced))
    }

    /// Hands one event to the engine. True when a list is complete.
    fn take(&self, event: Event<Wire>, list: &mut Option<(Epoch, Vec<Object>)>) -> bool {
        let resource = &self.resource;
        match event {
            Event::Init => {
                let since = self.shared.with(|engine| engine.list_begins(resource));
                *list = Some((since, Vec::new()));
            }
            Event::InitApply(wire) => {
                if let Some((_, objects)) = list {
                    objects.push(wire.object);
                }
            }
            Event::InitDone => {
                let Some((since, objects)) = list.take() else {
                    return false;
                };
                let namespace = self.namespace.as_deref();
                self.shared
                    .with(|engine| engine.listed(resource, namespace, objects, since));
                self.set_health(Health::Synced);
                return true;
            }
            Event::Apply(wire) => self
                .shared
                .with(|engine| engine.seen(resource, wire.object)),
            Event::Delete(wire) => self
                .shared
                .with(|engine| engine.seen_gone(resource, &wire.object)),
        }
        false
    }

    fn set_health(&self, health: Health) {
        let (kind, context) = (&self.resource.gvk, context_name(&self.resource.context));
        let namespace = self.namespace.as_deref();
        let is_news = self
            .shared
            .with(|engine| engine.set_health(&self.resource, namespace, health.clone()));
        match health {
            _ if !is_news => {}
            Health::Lost(why) => warn!(%kind, context, "cannot be watched: {}", why.message),
            Health::Synced | Health::Starting => info!(%kind, context, "watched"),
        }
    }
}

/// What an API server's answer says of the kind; without an answer, it is unreachable.
fn why(error: &Error) -> UnavailableReason {
    let answers = error.chain();
    let mut answers = answers.filter_map(|cause| cause.downcast_ref::<kube::Error>());
    match answers.next() {
        Some(kube::Error::Api(status)) if status.code == 403 => UnavailableReason::Forbidden,
        Some(kube::Error::Api(status)) if status.code == 404 => UnavailableReason::NotServed,
        Some(kube::Error::Discovery(_)) => UnavailableReason::NotServed,
        _ => UnavailableReason::Unreachable,
    }
}
