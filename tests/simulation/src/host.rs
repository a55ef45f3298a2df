//! A host: an engine, and how far its watches have shown it what there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8ssandra_task_policy::contract::{Context, Manifest, Scope, Unavailable, UnavailableReason};
use pilothouse_core::cache::{Health, List};
use pilothouse_core::{Engine, Resource};
use pilothouse_policy_test::servers::{Servers, object};

/// A host.
pub struct Host {
    pub engine: Engine,
    /// How often it was started: what is meant for an earlier one is lost.
    pub life: usize,
    watches: BTreeMap<Resource, Watch>,
}

#[derive(Clone, Debug, Default)]
struct Watch {
    /// The version up to which everything was shown; none where it has to be listed.
    shown: Option<u64>,
    /// Whether it is known when it shows something next.
    is_scheduled: bool,
}

impl Host {
    /// One that was just started.
    pub fn new(manifest: &Arc<Manifest>, contexts: &[Context], life: usize) -> Self {
        let mut engine = Engine::new(manifest.clone());
        let mut watches = BTreeMap::new();
        for context in contexts {
            engine.add_context(context.clone());
        }
        let interests = manifest.interests.iter().map(|it| (&it.gvk, &it.scope));
        let interests = interests.chain([(&manifest.primary, &Scope::ControlPlane)]);
        for (gvk, scope) in interests {
            for context in contexts.iter().filter(|context| scope.includes(context)) {
                let (context, gvk) = (context.clone(), gvk.clone());
                let resource = Resource { context, gvk };
                engine.open(&resource, None);
                watches.insert(resource, Watch::default());
            }
        }
        Self {
            engine,
            life,
            watches,
        }
    }

    /// The watches that have something to show, and do not know when yet. From now on they do.
    pub fn schedule(&mut self, servers: &mut Servers) -> Vec<Resource> {
        let mut behind = Vec::new();
        for (resource, watch) in &mut self.watches {
            let version = servers.store(&resource.context).unwrap().version();
            if !watch.is_scheduled && watch.shown != Some(version) {
                watch.is_scheduled = true;
                behind.push(resource.clone());
            }
        }
        behind
    }

    /// A watch shows what has happened, or lists everything.
    pub fn show(&mut self, servers: &mut Servers, resource: &Resource) {
        let listed = servers.list(resource);
        let store = servers.store(&resource.context).unwrap();
        let (api_version, kind) = (resource.gvk.api_version(), &resource.gvk.kind);
        let watch = self.watches.entry(resource.clone()).or_default();
        let changes = watch
            .shown
            .and_then(|it| store.changes(&api_version, kind, it));
        let version = store.version();
        match changes {
            Some(changes) => {
                for change in changes {
                    match change.is_gone {
                        true => self.engine.seen_gone(resource, &object(change.object)),
                        false => self.engine.seen(resource, object(change.object)),
                    }
                }
                let version = version.to_string();
                self.engine.caught_up(resource, None, &version);
            }
            None => {
                let list = List {
                    objects: listed.into_iter().map(object).collect(),
                    version: version.to_string(),
                };
                self.engine.listed(resource, None, list);
            }
        }
        *watch = Watch {
            shown: Some(version),
            is_scheduled: false,
        };
        self.engine.set_health(resource, None, Health::Synced);
    }

    /// A watch has nothing to resume from: it is to list.
    pub fn expire(&mut self, resource: &Resource) {
        if let Some(watch) = self.watches.get_mut(resource) {
            watch.shown = None;
        }
    }

    /// A kind cannot be read.
    pub fn lose(&mut self, resource: &Resource) {
        self.expire(resource);
        let why = Unavailable::new(UnavailableReason::Unreachable, "no route");
        let lost = Health::Lost(why);
        self.engine.set_health(resource, None, lost);
    }
}
