//! Which watches run: one for each kind, context and namespace that the policy's manifest asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::Client;
use pilothouse_core::Resource;
use tokio::task::AbortHandle;

use crate::contexts::Contexts;
use crate::contract::{Interest, Manifest, Scope};
use crate::execute::Kinds;
use crate::shared::Shared;
use crate::target::Target;
use crate::watch::watch;

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
        let target = |namespace| Target {
            client: client.clone(),
            resource: resource.clone(),
            namespace,
            shared: self.shared.clone(),
            kinds: self.kinds.clone(),
        };
        namespaces
            .into_iter()
            .map(|namespace| tokio::spawn(watch(target(namespace))).abort_handle())
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
