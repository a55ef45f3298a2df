//! What the host shows to the policy: a view in, and out what the engine's own caches and snapshots make of it.

use std::collections::BTreeMap;

use k8ssandra_task_policy::contract::{
    Context, Failure, Selector, Snapshot, Unavailable, UnavailableReason,
};
use pilothouse_core::cache::{Caches, Health};
use pilothouse_core::ledger::Unconfirmed;
use pilothouse_core::snapshot::{Known, NotYet, take};
use pilothouse_core::{Object, Resource};

use crate::clock;
use crate::config::Config;
use crate::render;
use crate::state::Seen;
use crate::view::View;

/// What the engine knows in a view.
#[derive(Default)]
pub struct Shown {
    caches: Caches,
    unconfirmed: BTreeMap<Unconfirmed, u64>,
    contexts: Vec<Context>,
    now: u64,
}

impl Shown {
    /// The caches that show a view.
    pub fn new(config: &Config, view: &View) -> Shown {
        let mut shown = Shown {
            now: clock::now(view.clock),
            contexts: vec![None],
            ..Shown::default()
        };
        let cluster = view.cluster.map(|it| render::cluster(it, config.dcs));
        shown.watch(&render::clusters(), cluster);
        // No CassandraTask is ever in the control plane.
        shown.watch(&render::children(None), None);
        for dc in config.dcs().filter(|dc| view.registered[*dc]) {
            let resource = render::children(Some(dc));
            shown.contexts.push(resource.context.clone());
            match view.seen[dc] {
                Seen::Known(child) => {
                    shown.watch(&resource, child.map(|child| render::child(child, dc)));
                }
                Seen::Unavailable if view.unconfirmed[dc] => {
                    shown.watch(&resource, None);
                    let key = render::key(&render::child_name(dc));
                    let write = Unconfirmed { resource, key };
                    shown.unconfirmed.insert(write, shown.now);
                }
                Seen::Unavailable => {
                    let why = Unavailable::new(UnavailableReason::Unreachable, "no answer");
                    let caches = &mut shown.caches;
                    caches.open(&resource, None);
                    caches.set_health(&resource, None, Health::Lost(why));
                }
            }
        }
        shown
    }

    fn watch(&mut self, resource: &Resource, object: Option<Object>) {
        self.caches.open(resource, None);
        self.caches.set_health(resource, None, Health::Synced);
        if let Some(object) = object {
            self.caches.seen(resource, object);
        }
    }

    /// What the policy gets to see.
    pub fn snapshot(
        &self,
        primary: &Object,
        selectors: &[Selector],
        failures: Vec<Failure>,
    ) -> Result<Snapshot, NotYet> {
        let known = Known {
            caches: &self.caches,
            unconfirmed: &self.unconfirmed,
        };
        let contexts = self.contexts.iter();
        take(primary, selectors, failures, &known, contexts, self.now)
    }
}
