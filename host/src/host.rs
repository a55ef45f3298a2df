//! Puts the modules together: watches tell the engine what there is, workers do what it asks for, and the policy can be swapped
//! while they do.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use arc_swap::ArcSwap;
use futures::FutureExt as _;
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Answer, Next, Request, Task, Work};
use pilothouse_core::{Engine, ObjectKey};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::contexts::Contexts;
use crate::contract::context_name;
use crate::events::Recorder;
use crate::execute::{Executor, Kinds};
use crate::policy::{Policy, in_place};
use crate::shared::Shared;
use crate::watches::Watches;

/// How long events that wait may take when the host stops.
const EVENTS_AT_THE_END: Duration = Duration::from_secs(5);

/// What a host needs besides a policy.
pub struct Options {
    /// The clusters.
    pub contexts: Contexts,
    /// The namespaces to watch; none given stands for all.
    pub namespaces: Vec<String>,
    /// How many primaries are reconciled at once.
    pub workers: usize,
    /// How many of them ask the policy at a time. The others wait for an API server, or for their turn.
    pub calls: usize,
    /// What time it is.
    pub clock: Clock,
    /// The pod's or the machine's name, for events.
    pub instance: String,
    /// How long it takes at most to stop.
    pub grace: Duration,
}

/// A running host, or one that is about to run.
pub struct Host {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    watches: Watches,
    workers: usize,
    grace: Duration,
}

impl Host {
    /// A host with its first policy, made in a runtime. Nothing is sent yet.
    pub fn new(options: Options, policy: Policy) -> Result<Self> {
        let Some(client) = options.contexts.client(&None).cloned() else {
            bail!("there is no control plane")
        };
        let mut engine = Engine::new(policy.manifest.clone()).with_workers(options.workers);
        for context in options.contexts.names() {
            engine.add_context(context.clone());
        }
        let shared = Arc::new(Shared::new(engine, options.clock.clone()));
        let kinds = Arc::new(Kinds::default());
        let worker = Worker {
            shared: shared.clone(),
            policy: ArcSwap::from_pointee(policy),
            executor: Executor {
                contexts: options.contexts.clone(),
                kinds: kinds.clone(),
                recorder: Recorder::start(&client, &options.instance, &options.clock),
            },
            calls: Semaphore::new(options.calls),
            under_way: Mutex::default(),
        };
        let watches = Watches::new(options.contexts, options.namespaces, shared.clone(), kinds);
        Ok(Self {
            shared,
            worker: Arc::new(worker),
            watches,
            workers: options.workers,
            grace: options.grace,
        })
    }

    /// Reconciles until it is told to stop; then waits for the requests and calls that are under way. Out comes what had not ended
    /// when the time for that was over.
    pub async fn run(&self, stop: CancellationToken) -> Vec<String> {
        self.watches.start(&self.policy().manifest);
        let mut workers = JoinSet::new();
        for _ in 0..self.workers {
            let (worker, stop) = (self.worker.clone(), stop.clone());
            workers.spawn(async move { worker.run(stop).await });
        }
        stop.cancelled().await;
        let end = Instant::now() + self.grace;
        info!("stopping: waiting for the answers to what was sent");
        let ended = async { while workers.join_next().await.is_some() {} };
        if timeout_at(end, ended).await.is_err() {
            return self.worker.under_way();
        }
        let left = end.saturating_duration_since(Instant::now());
        let recorder = &self.worker.executor.recorder;
        recorder.stop(left.min(EVENTS_AT_THE_END)).await;
        Vec::new()
    }

    /// Changes the policy: calls under way end on the old one, and every primary is decided again by the new one.
    pub fn swap(&self, policy: Policy) -> Result<()> {
        let current = self.policy();
        if current.manifest.primary != policy.manifest.primary {
            let (old, new) = (&current.manifest.primary, &policy.manifest.primary);
            bail!("it reconciles {new}, and this host {old}; restart the host to change that");
        }
        let policy = Arc::new(policy);
        self.watches.start(&policy.manifest);
        self.worker.policy.store(policy.clone());
        self.watches.stop_others(&policy.manifest);
        let primaries = self
            .shared
            .with(|engine| engine.swap(policy.manifest.clone()));
        info!(
            policy = policy.manifest.name,
            version = policy.manifest.version,
            digest = policy.digest,
            before = current.digest,
            primaries,
            "policy swapped"
        );
        Ok(())
    }

    /// The policy that decides now.
    pub fn policy(&self) -> Arc<Policy> {
        self.worker.policy.load_full()
    }
}

/// Does what the engine asks for.
struct Worker {
    shared: Arc<Shared>,
    policy: ArcSwap<Policy>,
    executor: Executor,
    calls: Semaphore,
    /// What is done for which primary.
    under_way: Mutex<BTreeMap<ObjectKey, String>>,
}

impl Worker {
    async fn run(&self, stop: CancellationToken) {
        loop {
            let mut work = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                work = self.shared.next() => work,
            };
            // What is sent is answered; a plan that is not at its end is begun anew by the next process.
            while let Some(answer) = self.perform(&work, &stop).await {
                self.lock().remove(&work.primary);
                match self.shared.answer(&work.primary, answer) {
                    Next::Work(next) => work = *next,
                    Next::Ended(_) => break,
                }
            }
        }
    }

    /// Nothing comes out where the host stops before it has begun.
    async fn perform(&self, work: &Work, stop: &CancellationToken) -> Option<Answer> {
        Some(match &work.task {
            _ if stop.is_cancelled() => return None,
            Task::Send(request) => {
                self.lock().insert(work.primary.clone(), shown(request));
                let sent = AssertUnwindSafe(self.executor.send(request)).catch_unwind();
                // Nobody knows whether it was sent.
                let panicked = |_| Err(Cause::unknown("Internal", "the host panicked"));
                Answer::Replied(sent.await.unwrap_or_else(panicked))
            }
            Task::Decide(snapshot) => {
                let _turn = tokio::select! {
                    turn = self.calls.acquire() => turn,
                    () = stop.cancelled() => return None,
                };
                let asked = "a call of the policy".to_owned();
                self.lock().insert(work.primary.clone(), asked);
                let policy = self.policy.load_full();
                let outcome = in_place(|| policy.reconcile(snapshot));
                let outcome = outcome.map_err(|error| {
                    let (primary, digest) = (&work.primary, &policy.digest);
                    warn!(%primary, digest, "the policy failed: {error:#}");
                    first_line(&error)
                });
                Answer::Decided(policy.manifest.clone(), outcome)
            }
        })
    }

    fn under_way(&self) -> Vec<String> {
        let under_way = self.lock();
        let shown = under_way
            .iter()
            .map(|(primary, what)| format!("{primary}: {what}"));
        shown.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, String>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request, for people.
fn shown(request: &Request) -> String {
    let object = request.object();
    let (context, kind, name) = (
        context_name(&object.context),
        &object.gvk.kind,
        &object.name,
    );
    format!("a request to {context} about {kind} {name}")
}

/// The end of an error chain that names the cause, without a WebAssembly backtrace.
fn first_line(error: &anyhow::Error) -> String {
    let cause = error.root_cause().to_string();
    cause.lines().next().unwrap_or_default().to_owned()
}
