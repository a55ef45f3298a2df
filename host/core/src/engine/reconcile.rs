//! One reconcile: unconfirmed writes are read back, the policy is asked until it decides, and its plan is checked.
//!
//! No branch here decides what a policy decides.

use std::sync::Arc;

use pilothouse_contract::{
    Manifest, ObjectRef, Outcome, Plan, Selector, Snapshot, UnavailableReason,
};
use tracing::debug;

use super::Engine;
use super::run::{Deciding, Execution, Run, Verdict, work};
use crate::cache::Unknown;
use crate::ledger::{Ledger, Unconfirmed};
use crate::object::ObjectKey;
use crate::plan;
use crate::snapshot::{self, NotYet};
use crate::work::{Answer, Decided, End, Next, Now, Request, Task};

/// How often a policy may ask to observe more before it has to decide.
const MAX_CALLS: usize = 8;
/// How many things one primary may wait for.
const MAX_SELECTORS: usize = 1_000;

impl Engine {
    pub(super) fn answered(&mut self, now: Now, primary: &ObjectKey, answer: Answer) -> Next {
        match (self.runs.remove(primary), answer) {
            (Some(Run::ReadingBack(write, left)), Answer::Replied(reply)) => {
                self.read_back(primary, &write, reply);
                self.read_next(now, primary, left)
            }
            (Some(Run::Deciding(asked)), Answer::Decided(manifest, outcome)) => {
                self.decided(now, primary, asked, manifest, outcome)
            }
            (Some(Run::Executing(execution)), Answer::Replied(reply)) => {
                self.replied(now, primary, execution, reply)
            }
            (Some(Run::Confirming(execution)), Answer::Replied(reply)) => {
                self.confirm(now, primary, execution, reply)
            }
            (Some(Run::Reporting(verdict, end)), _) => self.end(now, primary, verdict, end),
            (Some(_), _) => {
                let error = "the engine was answered another question than it asked".to_owned();
                self.end(now, primary, Verdict::Failed, End::Failed(error))
            }
            (None, _) => Next::Ended(End::Undecided),
        }
    }

    pub(super) fn start(&mut self, now: Now, primary: &ObjectKey) -> Next {
        match self.budgets.begin(primary, now.elapsed) {
            Ok(()) => self.begin(now, primary),
            Err(due) => self.wait(now, primary, due),
        }
    }

    fn begin(&mut self, now: Now, primary: &ObjectKey) -> Next {
        self.settle(now, primary);
        let ledger = self.ledgers.get(primary);
        let unconfirmed = ledger
            .into_iter()
            .flat_map(|ledger| ledger.unconfirmed.keys());
        let unconfirmed = unconfirmed.cloned().rev().collect();
        self.read_next(now, primary, unconfirmed)
    }

    pub(super) fn read_next(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        mut left: Vec<Unconfirmed>,
    ) -> Next {
        let home = self.home().object(primary);
        if self.is_pending(&home) || self.is_lost(&home) {
            // Nothing is decided on what the primary was, or forgotten.
            return self.end(now, primary, Verdict::NotYet, End::Undecided);
        }
        while let Some(write) = left.pop() {
            if self.is_lost(&write.resource.object(&write.key)) {
                // Nothing is decided on it anyway, and each read may take long. It is read back once its kind is watched again.
                continue;
            }
            let context = &write.resource.context;
            if self.contexts.contains(context) {
                let refused = self.breakers.refuse(context, primary, now.elapsed);
                if refused.is_some() {
                    continue;
                }
                let request = Request::Read {
                    resource: write.resource.clone(),
                    key: write.key.clone(),
                };
                return self.send(primary, Run::ReadingBack(write, left), request);
            }
            // Nobody can write there any more, and nobody will see it either.
            self.confirmed(primary, &write);
        }
        let Some(object) = self.caches.get(&self.home(), primary) else {
            self.forget(primary);
            return self.end(now, primary, Verdict::Done(None), End::Undecided);
        };
        self.begin_ledger(primary, &object.uid);
        // Where the policy fails, the next reconcile starts with nothing.
        let selectors = std::mem::take(&mut self.ledger_mut(primary).observes);
        let asked = Deciding {
            primary: object,
            selectors,
            calls: 1,
            set_backs: self.set_backs,
            is_careful: false,
        };
        self.decide(now, primary, asked)
    }

    /// Whether the first list of what an object is in is under way.
    pub(super) fn is_pending(&self, object: &ObjectRef) -> bool {
        matches!(self.caches.object(object), Err(Unknown::Pending))
    }

    /// Whether the watch of what an object is in does not work now. One that does not exist is not lost.
    pub(super) fn is_lost(&self, object: &ObjectRef) -> bool {
        let known = self.caches.object(object);
        matches!(known, Err(Unknown::Unavailable(why)) if why.reason != UnavailableReason::NotWatched)
    }

    /// Nothing is remembered of an earlier primary of that name but the writes that are still unconfirmed.
    fn begin_ledger(&mut self, primary: &ObjectKey, uid: &str) {
        let ledger = self.ledger_mut(primary);
        if ledger.uid != uid {
            *ledger = Ledger {
                uid: uid.to_owned(),
                unconfirmed: std::mem::take(&mut ledger.unconfirmed),
                late: std::mem::take(&mut ledger.late),
                ..Ledger::default()
            };
            self.queue.forget(primary);
        }
    }

    /// Asks the policy, unless something is not known yet that it asks for.
    fn decide(&mut self, now: Now, primary: &ObjectKey, asked: Deciding) -> Next {
        if asked.set_backs != self.set_backs {
            // Since it was asked first. The primary may never have been.
            self.wake([primary.clone()]);
            return self.end(now, primary, Verdict::Done(None), End::Undecided);
        }
        match self.snapshot(now, primary, &asked) {
            Ok(Some(snapshot)) => {
                self.runs.insert(primary.clone(), Run::Deciding(asked));
                work(primary, Task::Decide(snapshot))
            }
            // A write to the primary itself is unconfirmed: nothing is decided on what it was before.
            Ok(None) => self.end(now, primary, Verdict::Failed, End::Undecided),
            Err(NotYet) => {
                self.ledger_mut(primary).observes = asked.selectors;
                self.end(now, primary, Verdict::NotYet, End::Undecided)
            }
        }
    }

    fn snapshot(
        &self,
        now: Now,
        primary: &ObjectKey,
        asked: &Deciding,
    ) -> Result<Option<Snapshot>, NotYet> {
        let nothing = Ledger::default();
        let ledger = self.ledgers.get(primary).unwrap_or(&nothing);
        let own = Unconfirmed {
            resource: self.home(),
            key: primary.clone(),
        };
        if ledger.unconfirmed.contains_key(&own) {
            return Ok(None);
        }
        let mut unconfirmed = ledger.unconfirmed.clone();
        if asked.is_careful {
            unconfirmed.extend(self.late(primary));
        }
        let known = snapshot::Known {
            caches: &self.caches,
            unconfirmed: &unconfirmed,
        };
        let (failures, contexts) = (ledger.failures.list(), self.contexts.iter());
        let selectors = &asked.selectors;
        snapshot::take(
            &asked.primary,
            selectors,
            failures,
            &known,
            contexts,
            now.wall,
        )
        .map(Some)
    }

    fn decided(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        asked: Deciding,
        manifest: Arc<Manifest>,
        outcome: Result<Outcome, String>,
    ) -> Next {
        match outcome {
            Ok(Outcome::Act(plan)) => self.check(now, primary, asked, manifest, plan),
            Ok(Outcome::Observe(more)) => match self.observe(primary, asked, more) {
                Ok(asked) => self.decide(now, primary, asked),
                Err((asked, error)) => self.hold(primary, &manifest, asked, &error),
            },
            Err(error) => self.hold(primary, &manifest, asked, &error),
        }
    }

    /// What the policy asks to observe more wakes the primary from now on. The error says why it is not asked again.
    fn observe(
        &mut self,
        primary: &ObjectKey,
        mut asked: Deciding,
        more: Vec<Selector>,
    ) -> Result<Deciding, (Deciding, String)> {
        let is_new = |selector: &Selector| !asked.selectors.contains(selector);
        let new: Vec<Selector> = more.into_iter().filter(is_new).collect();
        let count = asked.selectors.len() + new.len();
        let error = if new.is_empty() {
            "the policy asks to observe nothing new, and does not decide".to_owned()
        } else if count > MAX_SELECTORS {
            format!(
                "the policy observes {count} selectors for one primary, {MAX_SELECTORS} are allowed"
            )
        } else if asked.calls >= MAX_CALLS {
            format!("the policy asked {MAX_CALLS} times to observe more, and did not decide")
        } else {
            // Before the caches are read: a change between the two wakes the primary again.
            self.subscriptions.add(primary, &new);
            asked.selectors.extend(new);
            asked.calls += 1;
            return Ok(asked);
        };
        Err((asked, error))
    }

    fn check(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        asked: Deciding,
        manifest: Arc<Manifest>,
        plan: Plan,
    ) -> Next {
        let (calls, actions) = (asked.calls, plan.actions.len());
        debug!(%primary, calls, actions, reasons = reasons(&plan), "decided");
        let observed = &asked.selectors;
        let steps = match plan::check(&manifest, &asked.primary.primary(), observed, &plan) {
            Ok(steps) => steps,
            Err(denied) => {
                return self.deny(now, primary, &manifest, asked.primary, &plan, &denied);
            }
        };
        if !asked.is_careful && self.leaves_late(primary, &steps) {
            let asked = Deciding {
                is_careful: true,
                calls: calls + 1,
                ..asked
            };
            return self.decide(now, primary, asked);
        }
        self.subscriptions
            .set(primary, plan.observes.iter().cloned().collect());
        let ledger = self.ledger_mut(primary);
        ledger.observes.clone_from(&plan.observes);
        ledger.reasons.clone_from(&plan.reasons);
        ledger.failures.allowed();
        let decided = Decided {
            plan,
            observed: asked.selectors,
            calls,
            done: 0,
            failure: None,
        };
        let set_backs = asked.set_backs;
        let execution = Execution::new(manifest, asked.primary, steps, decided, set_backs);
        self.execute(now, primary, Box::new(execution))
    }
}

fn reasons(plan: &Plan) -> String {
    let reasons: Vec<&str> = plan.reasons.iter().map(|it| it.message.as_str()).collect();
    reasons.join("; ")
}
