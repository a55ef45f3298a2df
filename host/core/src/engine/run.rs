//! How far a reconcile is, and how it ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use pilothouse_contract::{Event, FailureClass, Manifest, Plan, Selector, Severity};
use serde_json::json;
use tracing::{debug, info, warn};

use super::Engine;
use crate::failures::Cause;
use crate::ledger::{Ledger, Unconfirmed};
use crate::object::{Object, ObjectKey, Resource};
use crate::plan::{self, Step};
use crate::work::{Decided, End, Next, Now, Request, Task, Work};

/// How far the reconcile of a primary is.
#[derive(Clone, Debug)]
pub(super) enum Run {
    /// The object of an unconfirmed write is read back; these come after it.
    ReadingBack(Unconfirmed, Vec<Unconfirmed>),
    /// The policy is asked.
    Deciding(Deciding),
    /// The plan is carried out.
    Executing(Box<Execution>),
    /// The primary is read before something is created for it; then the plan is carried out.
    Confirming(Box<Execution>),
    /// It has failed, or has to wait, and an event is recorded that says so. It ends like this.
    Reporting(Verdict, End),
}

/// What the policy is asked with.
#[derive(Clone, Debug)]
pub(super) struct Deciding {
    pub(super) primary: Arc<Object>,
    pub(super) selectors: Vec<Selector>,
    pub(super) calls: usize,
    /// How often an API server had been set back when the policy was asked.
    pub(super) set_backs: u64,
    /// Whether creates that may still be carried out make their kind unavailable.
    pub(super) is_careful: bool,
}

/// What becomes of a primary after a reconcile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is done; call again after this long, or when something changes.
    Done(Option<Duration>),
    /// Something that it depends on is not known yet: that wakes it.
    NotYet,
    /// It was decided on an old state, or failed: call again after a while, or when something changes.
    Failed,
    /// It is not begun before then, whatever changes.
    Wait(Duration),
}

/// A plan that is being carried out.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) manifest: Arc<Manifest>,
    /// The primary that was decided upon, and after a write to it the one that was answered.
    pub(super) primary: Arc<Object>,
    pub(super) steps: VecDeque<Step>,
    /// The answer that says that there is another object than was thought, or none, while that is read.
    pub(super) unclear: Option<Cause>,
    /// How often an API server had been set back when it was decided.
    pub(super) set_backs: u64,
    /// Whether an API server has said meanwhile that the primary is still the one that was decided upon.
    pub(super) is_confirmed: bool,
    /// Whether a step has succeeded that had failed before: what the policy was told is not so any more, and it is called again.
    pub(super) has_recovered: bool,
    pub(super) decided: Decided,
}

impl Execution {
    pub(super) fn new(
        manifest: Arc<Manifest>,
        primary: Arc<Object>,
        steps: Vec<Step>,
        decided: Decided,
        set_backs: u64,
    ) -> Self {
        Self {
            manifest,
            primary,
            steps: steps.into(),
            unclear: None,
            set_backs,
            is_confirmed: false,
            has_recovered: false,
            decided,
        }
    }

    /// What a step asks for.
    pub(super) fn request(&self, home: &Resource, step: &Step) -> Request {
        let (key, version) = (self.primary.key.clone(), &self.primary.resource_version);
        let resource = home.clone();
        match step.clone() {
            Step::Create {
                resource,
                key,
                object,
            } => Request::Create {
                resource,
                key,
                object,
            },
            Step::Delete { resource, key, uid } => Request::Delete { resource, key, uid },
            Step::PatchMetadata(mut metadata) => {
                metadata.insert("resourceVersion".into(), json!(version));
                Request::Patch {
                    resource,
                    key,
                    patch: json!({ "metadata": metadata }),
                }
            }
            // Replacing the resourceVersion by the one that was decided upon makes another one a conflict, and `add`
            // replaces the whole status, whether there was one or not.
            Step::SetStatus(status) => Request::PatchStatus {
                resource,
                key,
                patch: json!([
                    { "op": "replace", "path": "/metadata/resourceVersion", "value": version },
                    { "op": "add", "path": "/status", "value": status },
                ]),
            },
            Step::RecordEvent(event) => Request::RecordEvent {
                controller: self.manifest.controller.clone(),
                gvk: home.gvk.clone(),
                object: self.primary.clone(),
                event,
            },
        }
    }
}

impl Engine {
    /// The policy failed: nothing is written for this primary but an event that says so.
    pub(super) fn hold(
        &mut self,
        primary: &ObjectKey,
        manifest: &Manifest,
        asked: Deciding,
        error: &str,
    ) -> Next {
        // What it observed now may be what changes that.
        self.subscriptions
            .set(primary, asked.selectors.into_iter().collect());
        warn!(%primary, policy = manifest.name, "held as it is: {error}");
        let message = format!("held as it is, the policy failed: {error}");
        self.report(
            primary,
            manifest,
            asked.primary,
            "PolicyFailed",
            message,
            End::Failed(error.to_owned()),
        )
    }

    pub(super) fn deny(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        manifest: &Manifest,
        object: Arc<Object>,
        plan: &Plan,
        denied: &plan::Denied,
    ) -> Next {
        warn!(%primary, policy = manifest.name, "plan denied: {denied}");
        let action = denied.action.and_then(|index| plan.actions.get(index));
        let (target, operation) = plan::denied_target(action, &self.home().object(primary));
        let cause = Cause {
            class: FailureClass::Denied,
            reason: "Denied".into(),
            message: denied.message.clone(),
        };
        let failures = &mut self.ledger_mut(primary).failures;
        failures.record(now.wall, target, operation, cause);
        let error = format!("the plan is denied: {denied}");
        self.report(
            primary,
            manifest,
            object,
            "PlanDenied",
            denied.message.clone(),
            End::Failed(error),
        )
    }

    /// The primary has written more than it may.
    pub(super) fn wait(&mut self, now: Now, primary: &ObjectKey, due: Duration) -> Next {
        let (verdict, end) = (Verdict::Wait(due), End::Undecided);
        let object = self.caches.get(&self.home(), primary);
        let message = self.budgets.report(primary, now.elapsed);
        let Some((object, message)) = object.zip(message) else {
            return self.end(now, primary, verdict, end);
        };
        warn!(%primary, "{message}");
        let (manifest, run) = (self.manifest.clone(), Run::Reporting(verdict, end));
        let request = warning(&manifest, object, "NotAtRest", message);
        self.send(primary, run, request)
    }

    /// Records an event about a primary that has failed.
    pub(super) fn report(
        &mut self,
        primary: &ObjectKey,
        manifest: &Manifest,
        object: Arc<Object>,
        reason: &str,
        message: String,
        end: End,
    ) -> Next {
        let request = warning(manifest, object, reason, message);
        self.send(primary, Run::Reporting(Verdict::Failed, end), request)
    }

    pub(super) fn end(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        verdict: Verdict,
        end: End,
    ) -> Next {
        let priority = self.priority(primary);
        let mut backoff = || {
            let key = primary.clone();
            self.queue.add_with_backoff(key, now.elapsed, priority)
        };
        match verdict {
            Verdict::Done(again) => {
                // What is unconfirmed is read back although nothing changes.
                let ledger = self.ledgers.get(primary);
                let retry = if ledger.is_some_and(|ledger| !ledger.unconfirmed.is_empty()) {
                    Some(backoff())
                } else {
                    self.queue.forget(primary);
                    None
                };
                let delays = again.into_iter().chain(retry);
                let due = delays.map(|delay| now.elapsed + delay);
                if let Some(due) = due.chain(self.settled(primary)).min() {
                    self.queue.add_at(primary.clone(), due, priority);
                }
            }
            // What it waits for wakes it.
            Verdict::NotYet => {}
            Verdict::Failed => {
                let delay = backoff();
                debug!(%primary, ?delay, "will be tried again");
            }
            Verdict::Wait(due) => self.queue.add_at(primary.clone(), due, priority),
        }
        self.reply_came(primary, None);
        self.sent.remove(primary);
        self.request_ended(now, primary, None);
        self.parked.remove(primary);
        self.budgets.end(primary);
        self.breakers.reconciled(primary);
        self.queue.done(primary);
        Next::Ended(end)
    }

    pub(super) fn forget(&mut self, primary: &ObjectKey) {
        info!(%primary, "gone");
        self.subscriptions.set(primary, [].into());
        self.ledgers.remove(primary);
    }

    pub(super) fn ledger_mut(&mut self, primary: &ObjectKey) -> &mut Ledger {
        self.ledgers.entry(primary.clone()).or_default()
    }
}

pub(super) fn work(primary: &ObjectKey, task: Task) -> Next {
    Next::Work(Box::new(Work {
        primary: primary.clone(),
        task,
    }))
}

fn warning(manifest: &Manifest, object: Arc<Object>, reason: &str, mut message: String) -> Request {
    plan::shorten(&mut message);
    Request::RecordEvent {
        controller: manifest.controller.clone(),
        gvk: manifest.primary.clone(),
        object,
        event: Event {
            severity: Severity::Warning,
            reason: reason.to_owned(),
            message,
        },
    }
}
