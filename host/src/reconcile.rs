//! The line that everything runs along: key, snapshot, policy, plan, check, execute.
//!
//! Comes in: a primary's key. Goes out: what is to become of the key. No branch here decides what a policy decides.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use arc_swap::ArcSwap;
use tracing::{debug, info, warn};

use crate::cache::{Caches, Place};
use crate::clock::{Clock, instant};
use crate::contexts::Contexts;
use crate::contract::{Event, Failure, Outcome, Plan, Selector, Severity};
use crate::events::Recorder;
use crate::execute::{Doubt, Executor, Failed};
use crate::object::{Object, ObjectKey};
use crate::plan;
use crate::policy::Policy;
use crate::snapshot::{self, NotYet};
use crate::subscriptions::Subscriptions;

/// How often a policy may ask to see more before it has to decide.
const MOST_LOOKS: usize = 8;
/// How many things one primary may wait for.
const MOST_SELECTORS: usize = 1_000;

/// What becomes of a key after a reconcile.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is done; call again after this long, or when something changes.
    Done(Option<Duration>),
    /// Something that it depends on is not known yet: that wakes it.
    NotYet,
    /// It was decided on an old state: call again in a moment.
    Stale,
    /// It failed: call again after a while.
    Failed,
}

/// A decision: a plan, or that it has to wait.
enum Decision {
    Plan(Plan),
    NotYet,
}

/// All that a reconcile works with.
pub struct Reconciler {
    /// The policy that decides; swapped as a whole.
    pub policy: Arc<ArcSwap<Policy>>,
    /// What is known.
    pub caches: Arc<Caches>,
    /// Who waits for what.
    pub subscriptions: Arc<Mutex<Subscriptions>>,
    /// The registered contexts.
    pub contexts: Contexts,
    /// Writes.
    pub executor: Executor,
    /// Tells people.
    pub recorder: Arc<Recorder>,
    /// Tells the time.
    pub clock: Clock,
    /// What went wrong last, by primary.
    pub failures: Mutex<HashMap<ObjectKey, Failure>>,
    /// The writes that got no answer, by primary.
    pub doubts: Mutex<HashMap<ObjectKey, BTreeSet<Doubt>>>,
}

impl Reconciler {
    /// Reconciles one primary, once.
    pub async fn reconcile(&self, key: &ObjectKey) -> Verdict {
        self.resolve(key).await;
        let policy = self.policy.load_full();
        let home = Place {
            context: None,
            gvk: policy.manifest.primary.clone(),
        };
        let Some(primary) = self.caches.get(&home, key) else {
            self.forget(key);
            return Verdict::Done(None);
        };
        if self.is_in_doubt(&home, key) {
            return Verdict::Failed;
        }
        let plan = match self.decide(&policy, key, &primary) {
            Ok(Decision::Plan(plan)) => plan,
            Ok(Decision::NotYet) => return Verdict::NotYet,
            Err(error) => return self.hold(&policy, &primary, &error).await,
        };
        debug!(primary = %key, actions = plan.actions.len(), reasons = plan.reasons.join("; "), "decided");
        let steps = match plan::check(&policy.manifest, &primary, &plan) {
            Ok(steps) => steps,
            Err(denied) => return self.deny(&policy, &primary, &denied).await,
        };
        match self
            .executor
            .execute(&policy.manifest, &primary, &steps)
            .await
        {
            Ok(()) => {
                self.set_failure(key, None);
                Verdict::Done(plan::requeue_after(&plan))
            }
            Err(Failed::Stale) => Verdict::Stale,
            Err(Failed::Refused(failure)) => self.fail(key, failure),
            Err(Failed::Unanswered(failure, doubt)) => {
                locked(&self.doubts)
                    .entry(key.clone())
                    .or_default()
                    .insert(doubt);
                self.fail(key, failure)
            }
        }
    }

    /// Asks the policy, shows it what it wants to see, and asks again until it decides.
    fn decide(&self, policy: &Policy, key: &ObjectKey, primary: &Object) -> Result<Decision> {
        let mut selectors: Vec<Selector> = Vec::new();
        let last_failure = locked(&self.failures).get(key).cloned();
        let doubts = locked(&self.doubts).get(key).cloned().unwrap_or_default();
        let now = instant((self.clock)());
        for _ in 0..MOST_LOOKS {
            let names = self.contexts.names();
            let seen = snapshot::take(
                primary,
                &selectors,
                last_failure.clone(),
                &snapshot::Known {
                    caches: &self.caches,
                    doubts: &doubts,
                },
                names,
                now,
            );
            let Ok(snapshot) = seen.map_err(|NotYet| ()) else {
                return Ok(Decision::NotYet);
            };
            match in_place(|| policy.reconcile(&snapshot))? {
                Outcome::Act(plan) => {
                    locked(&self.subscriptions).set(key, selectors.into_iter().collect());
                    return Ok(Decision::Plan(plan));
                }
                Outcome::Look(more) => {
                    let new: Vec<_> = more
                        .into_iter()
                        .filter(|selector| !selectors.contains(selector))
                        .collect();
                    ensure!(
                        !new.is_empty(),
                        "the policy asks to see nothing that it has not seen, and does not decide"
                    );
                    // Before the caches are read: a change between the two wakes the primary again.
                    locked(&self.subscriptions).add(key, &new);
                    selectors.extend(new);
                }
            }
            let asked = selectors.len();
            ensure!(
                asked <= MOST_SELECTORS,
                "the policy asks to see {asked} things for one primary, {MOST_SELECTORS} are allowed"
            );
        }
        bail!("the policy asked {MOST_LOOKS} times to see more, and did not decide")
    }

    /// Asks what became of the writes that got no answer. Until there is one, what is known of their places counts as unknown.
    async fn resolve(&self, key: &ObjectKey) {
        let Some(doubts) = locked(&self.doubts).remove(key) else {
            return;
        };
        let mut left = BTreeSet::new();
        for doubt in doubts {
            if !self.executor.resolve(&doubt).await {
                left.insert(doubt);
            }
        }
        if !left.is_empty() {
            locked(&self.doubts).insert(key.clone(), left);
        }
    }

    /// Whether it is not known what became of a write to the primary itself: then nothing is decided on what it was before.
    fn is_in_doubt(&self, home: &Place, key: &ObjectKey) -> bool {
        let doubts = locked(&self.doubts);
        let mut doubts = doubts.get(key).into_iter().flatten();
        doubts.any(|doubt| doubt.place == *home && doubt.key == *key)
    }

    fn fail(&self, key: &ObjectKey, failure: Failure) -> Verdict {
        warn!(primary = %key, reason = failure.reason, "{}", failure.message);
        self.set_failure(key, Some(failure));
        Verdict::Failed
    }

    /// The policy failed: nothing is written for this primary but an event that says so.
    async fn hold(&self, policy: &Policy, primary: &Object, error: &anyhow::Error) -> Verdict {
        warn!(primary = %primary.key(), policy = policy.digest, "held as it is: {error:#}");
        let message = format!("held as it is, the policy failed: {}", first_line(error));
        self.tell(policy, primary, "PolicyFailed", message).await;
        Verdict::Failed
    }

    async fn deny(&self, policy: &Policy, primary: &Object, denied: &plan::Denied) -> Verdict {
        let plan::Denied { action, message } = denied;
        warn!(primary = %primary.key(), policy = policy.digest, action, "plan denied: {message}");
        self.tell(policy, primary, "PlanDenied", message.clone())
            .await;
        let action = u32::try_from(*action).unwrap_or(u32::MAX);
        let failure = Failure {
            action,
            reason: "Denied".into(),
            message: message.clone(),
        };
        self.set_failure(&primary.key(), Some(failure));
        Verdict::Failed
    }

    async fn tell(&self, policy: &Policy, primary: &Object, reason: &str, mut message: String) {
        plan::shorten(&mut message);
        let event = Event {
            severity: Severity::Warning,
            reason: reason.into(),
            message,
        };
        self.recorder
            .record(
                &policy.manifest.controller,
                &policy.manifest.primary,
                primary,
                &event,
            )
            .await;
    }

    fn forget(&self, key: &ObjectKey) {
        info!(primary = %key, "gone");
        locked(&self.subscriptions).set(key, BTreeSet::new());
        self.set_failure(key, None);
        locked(&self.doubts).remove(key);
    }

    fn set_failure(&self, key: &ObjectKey, failure: Option<Failure>) {
        let mut failures = locked(&self.failures);
        match failure {
            Some(failure) => failures.insert(key.clone(), failure),
            None => failures.remove(key),
        };
    }
}

/// What is behind a lock. A panic while it was held has left nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Computes without holding up what else this thread has to do, where there are other threads to do it.
pub(crate) fn in_place<T>(compute: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(compute),
        _ => compute(),
    }
}

/// The end of an error chain that names the cause, without a WebAssembly backtrace.
fn first_line(error: &anyhow::Error) -> String {
    error
        .root_cause()
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
