//! The line that everything runs along: key, snapshot, policy, plan, check, execute.
//!
//! Comes in: a primary's key. Goes out: what is to become of the key. No branch here decides what a policy decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use arc_swap::ArcSwap;
use pilothouse_core::failures::{Cause, Failures};
use pilothouse_core::plan;
use tracing::{debug, info, warn};

use crate::cache::{Caches, Resource};
use crate::clock::{Clock, instant};
use crate::contexts::Contexts;
use crate::contract::{Event, FailureClass, Outcome, Plan, Selector, Severity};
use crate::events::Recorder;
use crate::execute::{Executor, Failed, Unconfirmed};
use crate::object::{Object, ObjectKey};
use crate::policy::Policy;
use crate::snapshot::{self, NotYet};
use crate::subscriptions::Subscriptions;

/// How often a policy may ask to observe more before it has to decide.
const MAX_CALLS: usize = 8;
/// How many things one primary may wait for.
const MAX_SELECTORS: usize = 1_000;

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
    /// With what was observed for it, and how often the policy was called.
    Plan(Plan, Vec<Selector>, usize),
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
    /// What has failed and not succeeded since, by primary.
    pub failures: Mutex<HashMap<ObjectKey, Failures>>,
    /// The writes of unknown outcome, by primary, and when each was made.
    pub unconfirmed: Mutex<HashMap<ObjectKey, BTreeMap<Unconfirmed, u64>>>,
    /// What each primary's last plan depended on: the next reconcile starts with it.
    pub observes: Mutex<HashMap<ObjectKey, Vec<Selector>>>,
}

impl Reconciler {
    /// Reconciles one primary, once.
    pub async fn reconcile(&self, key: &ObjectKey) -> Verdict {
        self.resolve(key).await;
        let policy = self.policy.load_full();
        let home = Resource {
            context: None,
            gvk: policy.manifest.primary.clone(),
        };
        let Some(primary) = self.caches.get(&home, key) else {
            self.forget(key);
            return Verdict::Done(None);
        };
        if self.is_unconfirmed(&home, key) {
            return Verdict::Failed;
        }
        let (plan, observed, calls) = match self.decide(&policy, key, &primary) {
            Ok(Decision::Plan(plan, observed, calls)) => (plan, observed, calls),
            Ok(Decision::NotYet) => return Verdict::NotYet,
            Err(error) => return self.hold(&policy, &primary, &error).await,
        };
        debug!(primary = %key, calls, actions = plan.actions.len(), reasons = reasons(&plan), "decided");
        let steps = match plan::check(&policy.manifest, &primary.primary(), &observed, &plan) {
            Ok(steps) => steps,
            Err(denied) => return self.deny(&policy, &primary, &plan, &denied).await,
        };
        self.depends_on(key, &plan.observes);
        let mut failures = self.failures_of(key);
        failures.allowed();
        let executor = &self.executor;
        let executed = executor
            .execute(&policy.manifest, &primary, &steps, &mut failures)
            .await;
        self.set_failures(key, failures);
        match executed {
            Ok(()) => Verdict::Done(plan::requeue_after(&plan)),
            Err(Failed::Stale) => Verdict::Stale,
            Err(Failed::Refused) => Verdict::Failed,
            Err(Failed::Unanswered(write)) => {
                let now = instant((self.clock)());
                let mut unconfirmed = locked(&self.unconfirmed);
                let writes = unconfirmed.entry(key.clone()).or_default();
                writes.entry(write).or_insert(now);
                Verdict::Failed
            }
        }
    }

    /// From now on these wake the primary, and its next reconcile starts with them.
    fn depends_on(&self, key: &ObjectKey, selectors: &[Selector]) {
        locked(&self.subscriptions).set(key, selectors.iter().cloned().collect());
        locked(&self.observes).insert(key.clone(), selectors.to_vec());
    }

    /// Asks the policy, shows it what it wants to see, and asks again until it decides.
    fn decide(&self, policy: &Policy, key: &ObjectKey, primary: &Object) -> Result<Decision> {
        // Where the policy fails, the next reconcile starts with nothing.
        let observed = locked(&self.observes).remove(key);
        let mut selectors: Vec<Selector> = observed.unwrap_or_default();
        let failures = self.failures_of(key).list();
        let unconfirmed = locked(&self.unconfirmed).get(key).cloned();
        let unconfirmed = unconfirmed.unwrap_or_default();
        let now = instant((self.clock)());
        for calls in 1..=MAX_CALLS {
            let names = self.contexts.names();
            let seen = snapshot::take(
                primary,
                &selectors,
                failures.clone(),
                &snapshot::Known {
                    caches: &self.caches,
                    unconfirmed: &unconfirmed,
                },
                names,
                now,
            );
            let Ok(snapshot) = seen.map_err(|NotYet| ()) else {
                locked(&self.observes).insert(key.clone(), selectors);
                return Ok(Decision::NotYet);
            };
            match in_place(|| policy.reconcile(&snapshot))? {
                Outcome::Act(plan) => {
                    return Ok(Decision::Plan(plan, selectors, calls));
                }
                Outcome::Observe(more) => {
                    let new: Vec<_> = more
                        .into_iter()
                        .filter(|selector| !selectors.contains(selector))
                        .collect();
                    ensure!(
                        !new.is_empty(),
                        "the policy asks to observe nothing new, and does not decide"
                    );
                    // Before the caches are read: a change between the two wakes the primary again.
                    locked(&self.subscriptions).add(key, &new);
                    selectors.extend(new);
                }
            }
            let asked = selectors.len();
            ensure!(
                asked <= MAX_SELECTORS,
                "the policy observes {asked} selectors for one primary, {MAX_SELECTORS} are allowed"
            );
        }
        bail!("the policy asked {MAX_CALLS} times to observe more, and did not decide")
    }

    /// Reads the objects of unconfirmed writes back. Until that succeeds, their kinds are unavailable to the policy.
    async fn resolve(&self, key: &ObjectKey) {
        let Some(writes) = locked(&self.unconfirmed).remove(key) else {
            return;
        };
        let mut left = BTreeMap::new();
        for (write, since) in writes {
            if !self.executor.resolve(&write).await {
                left.insert(write, since);
            }
        }
        if !left.is_empty() {
            locked(&self.unconfirmed).insert(key.clone(), left);
        }
    }

    /// Whether a write to the primary itself is unconfirmed: then nothing is decided on what it was before.
    fn is_unconfirmed(&self, home: &Resource, key: &ObjectKey) -> bool {
        let unconfirmed = locked(&self.unconfirmed);
        let mut writes = unconfirmed.get(key).into_iter().flatten();
        writes.any(|(write, _)| write.resource == *home && write.key == *key)
    }

    /// The policy failed: nothing is written for this primary but an event that says so.
    async fn hold(&self, policy: &Policy, primary: &Object, error: &anyhow::Error) -> Verdict {
        warn!(primary = %primary.key(), policy = policy.digest, "held as it is: {error:#}");
        let message = format!("held as it is, the policy failed: {}", first_line(error));
        self.tell(policy, primary, "PolicyFailed", message).await;
        Verdict::Failed
    }

    async fn deny(
        &self,
        policy: &Policy,
        primary: &Object,
        plan: &Plan,
        denied: &plan::Denied,
    ) -> Verdict {
        let message = &denied.message;
        warn!(primary = %primary.key(), policy = policy.digest, "plan denied: {denied}");
        self.tell(policy, primary, "PlanDenied", message.clone())
            .await;
        let home = Resource {
            context: None,
            gvk: policy.manifest.primary.clone(),
        };
        let action = denied.action.and_then(|index| plan.actions.get(index));
        let (object, operation) = plan::denied_target(action, &home.object(&primary.key()));
        let cause = Cause {
            class: FailureClass::Denied,
            reason: "Denied".into(),
            message: message.clone(),
        };
        let key = primary.key();
        let mut failures = self.failures_of(&key);
        failures.record(instant((self.clock)()), object, operation, cause);
        self.set_failures(&key, failures);
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
        locked(&self.failures).remove(key);
        locked(&self.unconfirmed).remove(key);
        locked(&self.observes).remove(key);
    }

    fn failures_of(&self, key: &ObjectKey) -> Failures {
        let failures = locked(&self.failures);
        failures.get(key).cloned().unwrap_or_default()
    }

    fn set_failures(&self, key: &ObjectKey, of_primary: Failures) {
        let mut failures = locked(&self.failures);
        match of_primary.is_empty() {
            true => failures.remove(key),
            false => failures.insert(key.clone(), of_primary),
        };
    }
}

fn reasons(plan: &Plan) -> String {
    let reasons: Vec<&str> = plan.reasons.iter().map(|it| it.message.as_str()).collect();
    reasons.join("; ")
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
