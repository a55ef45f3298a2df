//! The engine: what is known of the clusters comes in, and answers; what is to be done goes out.
//!
//! It does nothing itself: [`Engine::next`] names a piece of work, whoever runs the engine does it and hands the answer to
//! [`Engine::answer`], which names the next piece, until the reconcile has ended. The same inputs in the same order give the
//! same outputs.

mod confirm;
mod execution;
mod late;
mod limits;
mod reconcile;
mod run;
mod sent;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use pilothouse_contract::{Context, Manifest};

use crate::breaker::Breakers;
use crate::budget::Budgets;
use crate::cache::Caches;
use crate::drift::Drift;
use crate::ledger::Ledger;
use crate::object::{ObjectKey, Resource};
use crate::queue::{Priority, Queue};
use crate::slots::Slots;
use crate::subscriptions::Subscriptions;
use crate::work::{Answer, End, Next, Now, Request, Work};
use run::{Run, Verdict};
use sent::Sent;

/// How many pieces of work are done at a time if nobody says.
const WORKERS: usize = 64;

/// The engine.
#[derive(Clone, Debug)]
pub struct Engine {
    manifest: Arc<Manifest>,
    contexts: BTreeSet<Context>,
    caches: Caches,
    subscriptions: Subscriptions,
    queue: Queue,
    budgets: Budgets,
    breakers: Breakers,
    slots: Slots,
    /// The reconciles whose next request waits for a slot.
    parked: BTreeMap<ObjectKey, (Run, Request)>,
    ledgers: BTreeMap<ObjectKey, Ledger>,
    runs: BTreeMap<ObjectKey, Run>,
    /// The request that was sent last for each primary that is being reconciled.
    sent: BTreeMap<ObjectKey, Sent>,
    /// The primary that [`Engine::next`] or [`Engine::answer`] is about, while it is called.
    called_for: Option<ObjectKey>,
    clock: Drift,
    /// How often an API server was set back.
    set_backs: u64,
}

impl Engine {
    /// An engine for the policy with that manifest. No context is registered but the control plane, and nothing is watched.
    pub fn new(manifest: Arc<Manifest>) -> Self {
        Self {
            manifest,
            contexts: [None].into(),
            caches: Caches::default(),
            subscriptions: Subscriptions::default(),
            queue: Queue::default(),
            budgets: Budgets::default(),
            breakers: Breakers::default(),
            slots: Slots::new(WORKERS),
            parked: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            runs: BTreeMap::new(),
            sent: BTreeMap::new(),
            called_for: None,
            clock: Drift::default(),
            set_backs: 0,
        }
    }

    /// So many pieces of work are done at a time: each context has its share of them.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.slots = Slots::new(workers);
        self
    }

    /// A context is registered.
    pub fn add_context(&mut self, context: Context) {
        self.contexts.insert(context.clone());
        self.wake(self.subscriptions.about(&context));
    }

    /// A context is not registered any more, and nothing is watched there.
    pub fn remove_context(&mut self, context: &Context) {
        self.contexts.remove(context);
        self.caches.forget(context);
        self.slots.dissolve(context);
        let waiting = self.breakers.forget(context);
        self.wake(waiting);
        self.wake(self.subscriptions.about(context));
    }

    /// The policy with that manifest decides from now on: every primary is decided again. Its primary must be of the same kind.
    pub fn swap(&mut self, manifest: Arc<Manifest>) -> usize {
        self.manifest = manifest;
        let primaries = self.caches.keys(&self.home());
        let count = primaries.len();
        self.wake(primaries);
        count
    }

    /// The next piece of work for a primary that is not being worked for; none before something comes in, or [`Engine::next_due`].
    pub fn next(&mut self, now: Now) -> Option<Work> {
        if self.clock.has_jumped(now) {
            // What was said of ages and times may not hold.
            self.wake(self.caches.keys(&self.home()));
        }
        loop {
            let probing = self.breakers.probing(now.elapsed);
            self.wake(probing);
            let granted = self.slots.granted();
            let is_resumed = granted.is_some();
            let primary = granted.or_else(|| self.queue.next(now.elapsed))?;
            self.called_for = Some(primary.clone());
            let next = match is_resumed {
                true => self.resume(now, &primary),
                false => self.start(now, &primary),
            };
            self.called_for = None;
            if let Next::Work(work) = next {
                return Some(*work);
            }
        }
    }

    /// What became of a piece of work, and what comes after it.
    pub fn answer(&mut self, now: Now, primary: &ObjectKey, answer: Answer) -> Next {
        self.called_for = Some(primary.clone());
        if let Answer::Replied(reply) = &answer {
            self.reply_came(primary, Some(reply));
            self.request_ended(now, primary, Some(reply));
        }
        let next = self.answered(now, primary, answer);
        self.called_for = None;
        next
    }

    /// [`Engine::next`] or [`Engine::answer`] has panicked: the reconcile that it was about has failed, and is begun anew after a
    /// while. Whose it was comes back.
    pub fn abandon(&mut self, now: Now) -> Option<ObjectKey> {
        let primary = self.called_for.take()?;
        self.runs.remove(&primary);
        if let Some(sent) = self.sent.remove(&primary) {
            // An answer to it may not be in the caches.
            let ledger = self.ledger_mut(&primary);
            ledger.unanswered(now, sent.write, sent.is_create);
        }
        self.end(now, &primary, Verdict::Failed, End::Undecided);
        Some(primary)
    }

    /// A primary is reconciled now, whatever it waits for.
    pub fn reconcile(&mut self, primary: ObjectKey) {
        self.wake([primary]);
    }

    /// Whether there is work now.
    pub fn is_ready(&self) -> bool {
        self.queue.is_ready() || self.slots.is_ready()
    }

    /// When there is work although nothing comes in, counted as [`Now::elapsed`] is.
    pub fn next_due(&self) -> Option<Duration> {
        let due = [self.queue.next_due(), self.breakers.next_due()];
        due.into_iter().flatten().min()
    }

    /// When a primary is reconciled although nothing comes in.
    pub fn due(&self, primary: &ObjectKey) -> Option<Duration> {
        self.queue.due(primary)
    }

    /// What is remembered of a primary.
    pub fn ledger(&self, primary: &ObjectKey) -> Option<&Ledger> {
        self.ledgers.get(primary)
    }

    /// What is known of the clusters.
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// The kind of the primaries.
    fn home(&self) -> Resource {
        Resource {
            context: None,
            gvk: self.manifest.primary.clone(),
        }
    }

    fn wake(&mut self, primaries: impl IntoIterator<Item = ObjectKey>) {
        for primary in primaries {
            let priority = self.priority(&primary);
            self.budgets.wake(&primary);
            self.queue.add(primary, priority);
        }
    }

    /// A primary that carries the policy's finalizer has started.
    fn priority(&self, primary: &ObjectKey) -> Priority {
        let object = self.caches.get(&self.home(), primary);
        let finalizer = self.manifest.finalizer.as_ref();
        let has_started = object
            .zip(finalizer)
            .is_some_and(|(object, finalizer)| object.finalizers.contains(finalizer));
        match has_started {
            true => Priority::Started,
            false => Priority::New,
        }
    }
}

#[cfg(test)]
mod tests;
