//! Watches: what the API servers say goes into the caches, and what changed goes to whoever listens.
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

use crate::cache::{Caches, Change, Epoch, Health, Resource};
use crate::clock::{Clock, instant};
use crate::contexts::Contexts;
use crate::contract::{Interest, Manifest, Scope, Unavailable, UnavailableReason, context_name};
use crate::object::Object;

/// The API server ends a watch after this long, and a connection that is silent for longer is given up.
const WATCH_SECONDS: u32 = 30;
/// How long an API server may take for a page of a list, or to name a kind.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// The delays between attempts to list.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(15);

/// Hears of what changed in the caches.
pub trait Listener: Send + Sync + 'static {
    /// Objects of a kind came, changed or went.
    fn changed(&self, resource: &Resource, changes: Vec<Change>);
    /// It is now known, or no longer known, what there is of a kind.
    fn health_changed(&self, resource: &Resource);
}

/// The running watches.
pub struct Watches {
    contexts: Contexts,
    namespaces: Vec<String>,
    caches: Arc<Caches>,
    clock: Clock,
    running: Mutex<BTreeMap<Resource, Vec<AbortHandle>>>,
}

impl Watches {
    /// No watch runs yet. An empty list of namespaces stands for all.
    pub fn new(
        contexts: Contexts,
        namespaces: Vec<String>,
        caches: Arc<Caches>,
        clock: Clock,
    ) -> Self {
        Self {
            contexts,
            namespaces,
            caches,
            clock,
            running: Mutex::default(),
        }
    }

    /// Starts the watches that a manifest asks for and that do not run yet.
    pub fn start(&self, manifest: &Manifest, listener: &Arc<dyn Listener>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in self.wanted(manifest) {
            let Some(client) = self.contexts.client(&resource.context) else {
                continue;
            };
            running
                .entry(resource.clone())
                .or_insert_with(|| self.spawn(&resource, client, listener));
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
                self.caches.close(resource);
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

    fn spawn(
        &self,
        resource: &Resource,
        client: &Client,
        listener: &Arc<dyn Listener>,
    ) -> Vec<AbortHandle> {
        let namespaces: Vec<Option<String>> = match self.namespaces.as_slice() {
            [] => vec![None],
            some => some.iter().cloned().map(Some).collect(),
        };
        // All are open before the first one answers: a kind is known when all of its namespaces are.
        for namespace in &namespaces {
            self.caches.open(resource, namespace.as_deref());
        }
        let watch = |namespace| Watch {
            client: client.clone(),
            resource: resource.clone(),
            namespace,
            caches: self.caches.clone(),
            listener: listener.clone(),
            clock: self.clock.clone(),
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
    caches: Arc<Caches>,
    listener: Arc<dyn Listener>,
    clock: Clock,
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
                    since: Some(instant((self.clock)())),
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
        let api: Api<Object> = match &self.namespace {
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
        self.caches
            .resolve(&self.resource, api_resource.clone(), namespaced);
        Ok((api_resource, namespaced))
    }

    /// Takes one event over into the cache. True when a list is complete.
    fn take(&self, event: Event<Object>, list: &mut Option<(Epoch, Vec<Object>)>) -> bool {
        let changes = match event {
            Event::Init => {
                *list = Some((self.caches.list_begins(&self.resource), Vec::new()));
                return false;
            }
            Event::InitApply(object) => {
                if let Some((_, objects)) = list {
                    objects.push(object);
                }
                return false;
            }
            Event::InitDone => {
                let Some((since, objects)) = list.take() else {
                    return false;
                };
                let changes = self.caches.list_done(
                    &self.resource,
                    self.namespace.as_deref(),
                    objects,
                    since,
                );
                self.listener.changed(&self.resource, changes);
                self.set_health(Health::Synced);
                return true;
            }
            Event::Apply(object) => self.caches.seen(&self.resource, object),
            Event::Delete(object) => self.caches.seen_gone(&self.resource, &object),
        };
        self.listener.changed(&self.resource, changes);
        false
    }

    fn set_health(&self, health: Health) {
        if !self
            .caches
            .set_health(&self.resource, self.namespace.as_deref(), health.clone())
        {
            return;
        }
        let (kind, context) = (&self.resource.gvk, context_name(&self.resource.context));
        match health {
            Health::Lost(why) => warn!(%kind, context, "cannot be watched: {}", why.message),
            Health::Synced | Health::Starting => info!(%kind, context, "watched"),
        }
        self.listener.health_changed(&self.resource);
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
