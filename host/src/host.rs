//! Puts the rooms together: watches wake keys, workers take them through the line, and the policy can be swapped
//! while they do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use arc_swap::ArcSwap;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::cache::{Caches, Change, Resource};
use crate::clock::Clock;
use crate::contexts::Contexts;
use crate::events::Recorder;
use crate::execute::Executor;
use crate::object::ObjectKey;
use crate::policy::Policy;
use crate::queue::{Priority, Queue};
use crate::reconcile::{Reconciler, Verdict};
use crate::subscriptions::Subscriptions;
use crate::watch::{Listener, Watches};

/// How soon a primary is decided again that changed while it was decided upon; the watch brings its new state.
const STALE_DELAY: Duration = Duration::from_millis(50);

/// What a host needs besides a policy.
pub struct Options {
    /// The clusters.
    pub contexts: Contexts,
    /// The namespaces to watch; none given stands for all.
    pub namespaces: Vec<String>,
    /// How many primaries are reconciled at once.
    pub workers: usize,
    /// What time it is.
    pub clock: Clock,
    /// The pod's or the machine's name, for events.
    pub instance: String,
}

/// A running host, or one that is about to run.
pub struct Host {
    reconciler: Arc<Reconciler>,
    queue: Arc<Queue>,
    watches: Watches,
    listener: Arc<dyn Listener>,
    workers: usize,
}

impl Host {
    /// A host with its first policy. Nothing runs and nothing is sent yet.
    pub fn new(options: Options, policy: Policy) -> Result<Self> {
        let Some(client) = options.contexts.client(&None).cloned() else {
            bail!("there is no control plane")
        };
        let policy = Arc::new(ArcSwap::from_pointee(policy));
        let caches = Arc::new(Caches::default());
        let subscriptions = Arc::new(Mutex::new(Subscriptions::default()));
        let queue = Arc::new(Queue::default());
        let recorder = Arc::new(Recorder::new(
            client,
            options.instance,
            options.clock.clone(),
        ));
        let listener: Arc<dyn Listener> = Arc::new(Dispatcher {
            policy: policy.clone(),
            caches: caches.clone(),
            subscriptions: subscriptions.clone(),
            queue: queue.clone(),
        });
        let executor = Executor::new(
            options.contexts.clone(),
            caches.clone(),
            listener.clone(),
            recorder.clone(),
            options.clock.clone(),
        );
        let watches = Watches::new(
            options.contexts.clone(),
            options.namespaces,
            caches.clone(),
            options.clock.clone(),
        );
        let reconciler = Reconciler {
            policy,
            caches,
            subscriptions,
            contexts: options.contexts,
            executor,
            recorder,
            clock: options.clock,
            failures: Mutex::new(HashMap::new()),
            unconfirmed: Mutex::new(HashMap::new()),
            observes: Mutex::new(HashMap::new()),
        };
        Ok(Self {
            reconciler: Arc::new(reconciler),
            queue,
            watches,
            listener,
            workers: options.workers,
        })
    }

    /// Reconciles until it is told to stop; what is under way then is ended first.
    pub async fn run(&self, stop: CancellationToken) {
        self.watches
            .start(&self.reconciler.policy.load().manifest, &self.listener);
        let mut workers = JoinSet::new();
        for _ in 0..self.workers {
            workers.spawn(work(
                self.reconciler.clone(),
                self.queue.clone(),
                stop.clone(),
            ));
        }
        stop.cancelled().await;
        info!("stopping: ending what is under way");
        while workers.join_next().await.is_some() {}
    }

    /// Changes the policy: reconciles under way end on the old one, and every primary is decided again by the new one.
    pub fn swap(&self, policy: Policy) -> Result<()> {
        let current = self.reconciler.policy.load_full();
        if current.manifest.primary != policy.manifest.primary {
            let (old, new) = (&current.manifest.primary, &policy.manifest.primary);
            bail!("it reconciles {new}, and this host {old}; restart the host to change that");
        }
        let policy = Arc::new(policy);
        self.watches.start(&policy.manifest, &self.listener);
        self.reconciler.policy.store(policy.clone());
        self.watches.stop_others(&policy.manifest);
        let home = Resource {
            context: None,
            gvk: policy.manifest.primary.clone(),
        };
        let everyone = self.reconciler.caches.all(&home);
        info!(
            policy = policy.manifest.name,
            version = policy.manifest.version,
            digest = policy.digest,
            before = current.digest,
            primaries = everyone.len(),
            "policy swapped"
        );
        let unlabelled = |key| Change {
            key,
            labels: Vec::new(),
        };
        self.listener.changed(
            &home,
            everyone
                .iter()
                .map(|primary| unlabelled(primary.key()))
                .collect(),
        );
        Ok(())
    }

    /// The policy that decides now.
    pub fn policy(&self) -> Arc<Policy> {
        self.reconciler.policy.load_full()
    }
}

async fn work(reconciler: Arc<Reconciler>, queue: Arc<Queue>, stop: CancellationToken) {
    loop {
        let key = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            key = queue.next() => key,
        };
        match reconciler.reconcile(&key).await {
            Verdict::Done(again) => {
                queue.forget(&key);
                if let Some(delay) = again {
                    queue.add_after(key.clone(), delay);
                }
            }
            // What it waits for wakes it.
            Verdict::NotYet => {}
            Verdict::Stale => queue.add_after(key.clone(), STALE_DELAY),
            Verdict::Failed => {
                let delay = queue.add_with_backoff(key.clone());
                debug!(primary = %key, ?delay, "will be tried again");
            }
        }
        queue.done(&key);
    }
}

/// Turns what changed into keys to reconcile.
struct Dispatcher {
    policy: Arc<ArcSwap<Policy>>,
    caches: Arc<Caches>,
    subscriptions: Arc<Mutex<Subscriptions>>,
    queue: Arc<Queue>,
}

impl Listener for Dispatcher {
    fn changed(&self, resource: &Resource, changes: Vec<Change>) {
        let policy = self.policy.load();
        let primaries = resource.context.is_none() && resource.gvk == policy.manifest.primary;
        for change in changes {
            let concerned = self
                .subscriptions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .concerned(resource, &change);
            self.wake(&policy, concerned);
            if primaries {
                self.wake(&policy, [change.key]);
            }
        }
    }

    fn health_changed(&self, resource: &Resource) {
        let asking = self
            .subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .asking(resource);
        self.wake(&self.policy.load(), asking);
    }
}

impl Dispatcher {
    fn wake(&self, policy: &Policy, keys: impl IntoIterator<Item = ObjectKey>) {
        for key in keys {
            let priority = self.priority(policy, &key);
            self.queue.add(key, priority);
        }
    }

    /// A primary that carries the policy's finalizer has begun.
    fn priority(&self, policy: &Policy, key: &ObjectKey) -> Priority {
        let home = Resource {
            context: None,
            gvk: policy.manifest.primary.clone(),
        };
        let begun = self.caches.get(&home, key).is_some_and(|primary| {
            primary
                .metadata
                .finalizers
                .iter()
                .flatten()
                .any(|name| Some(name) == policy.manifest.finalizer.as_ref())
        });
        if begun {
            Priority::Begun
        } else {
            Priority::New
        }
    }
}
