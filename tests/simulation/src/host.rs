//! A host: an engine, and how far its watches have shown it what there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8ssandra_task_policy::contract::{Context, Manifest, Scope, Unavailable, UnavailableReason};
use kube_sim::Change;
use pilothouse_core::cache::{Health, List};
use pilothouse_core::{Engine, Resource};
use pilothouse_policy_test::servers::{Servers, object};
use serde_json::Value;

/// A host.
pub struct Host {
    pub engine: Engine,
    /// How often it was started: what is meant for an earlier one is lost.
    pub life: usize,
    /// The policy that decides there.
    pub manifest: Arc<Manifest>,
    /// Whether that traps.
    pub is_broken: bool,
    /// By how many milliseconds its clock is fast.
    pub ahead: i64,
    watches: BTreeMap<Resource, Watch>,
}

#[derive(Clone, Debug, Default)]
struct Watch {
    /// The version up to which everything was shown; none where it has to be listed.
    shown: Option<u64>,
    /// Whether it is known when it shows something next.
    is_scheduled: bool,
}

/// What a watch has to show.
pub struct Seen {
    since: Option<u64>,
    changes: Option<Vec<Change>>,
    objects: Vec<Value>,
    version: u64,
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
            manifest: manifest.clone(),
            is_broken: false,
            ahead: 0,
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

    /// The kinds that are watched in a context.
    pub fn of_context(&self, context: &Context) -> Vec<Resource> {
        let watched = self.watches.keys();
        let there = watched.filter(|resource| resource.context == *context);
        there.cloned().collect()
    }

    /// What a watch has to show now: what has happened, or all there is.
    pub fn look(&self, servers: &mut Servers, resource: &Resource) -> Seen {
        let objects = servers.list(resource);
        let store = servers.store(&resource.context).unwrap();
        let (api_version, kind) = (resource.gvk.api_version(), &resource.gvk.kind);
        let since = self.watches.get(resource).and_then(|it| it.shown);
        Seen {
            since,
            changes: since.and_then(|it| store.changes(&api_version, kind, it)),
            objects,
            version: store.version(),
        }
    }

    /// A watch shows what was seen of a kind, unless it has been begun anew since.
    pub fn show(&mut self, resource: &Resource, seen: Seen) {
        let watch = self.watches.entry(resource.clone()).or_default();
        watch.is_scheduled = false;
        if watch.shown != seen.since {
            return;
        }
        watch.shown = Some(seen.version);
        let version = seen.version.to_string();
        match seen.changes {
            Some(changes) => {
                for change in changes {
                    match change.is_gone {
                        true => self.engine.seen_gone(resource, &object(change.object)),
                        false => self.engine.seen(resource, object(change.object)),
                    }
                }
                self.engine.caught_up(resource, None, &version);
            }
            None => {
                let objects = seen.objects.into_iter().map(object).collect();
                let list = List { objects, version };
                self.engine.listed(resource, None, list);
            }
        }
        self.engine.set_health(resource, None, Health::Synced);
    }

    /// A watch has nothing to resume from: it is to list.
    pub fn expire(&mut self, resource: &Resource) {
        if let Some(watch) = self.watches.get_mut(resource) {
            watch.shown = None;
        }
    }

    /// Another version of the policy decides from now on.
    pub fn swap(&mut self, is_broken: bool) {
        let mut manifest = Manifest::clone(&self.manifest);
        manifest.version.push_str("+next");
        self.manifest = Arc::new(manifest);
        self.is_broken = is_broken;
        self.engine.swap(self.manifest.clone());
    }

    /// A kind cannot be read.
    pub fn lose(&mut self, resource: &Resource) {
        self.expire(resource);
        let why = Unavailable::new(UnavailableReason::Unreachable, "no route");
        let lost = Health::Lost(why);
        self.engine.set_health(resource, None, lost);
    }
}
