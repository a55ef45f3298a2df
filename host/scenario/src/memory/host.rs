//! The host in miniature: looks, plan, check, actions in order up to the first that fails, again until all is at rest.

use anyhow::{Result, anyhow, bail};
use pilothouse_contract::{Failure, Outcome, Plan, Requeue, Selector, Severity};
use pilothouse_core::failures::Cause;
use pilothouse_core::object::Primary;
use pilothouse_core::plan::{self, CREATED_FOR, Step};
use serde_json::Value;

use super::Memory;
use super::objects::Key;
use crate::clusters::Rest;
use crate::reference::context_name;

/// How often a primary is reconciled after one change before it counts as never coming to rest.
const MOST_ROUNDS: usize = 12;
/// How often a policy may ask to observe more, as in the host.
const MAX_CALLS: usize = 8;

impl Memory<'_> {
    /// Reconciles every primary until nothing is done any more.
    pub(super) fn settle(&mut self) -> Result<()> {
        self.failed.clear();
        for _ in 0..MOST_ROUNDS {
            let mut is_at_rest = true;
            for primary in self.primaries() {
                is_at_rest &= !self.reconcile(&primary)?;
            }
            let objects = &self.objects;
            self.rests.retain(|key, _| objects.get(key).is_some());
            self.failures.retain(|key, _| objects.get(key).is_some());
            self.observes.retain(|key, _| objects.get(key).is_some());
            if is_at_rest {
                return Ok(());
            }
        }
        bail!("it does not come to rest: after {MOST_ROUNDS} rounds the policy still writes")
    }

    /// One reconcile. True if anything was written, or failed in a way that is new.
    fn reconcile(&mut self, primary: &Key) -> Result<bool> {
        if self.objects.get(primary).is_none() {
            return Ok(false);
        }
        let (asked, plan) = self.decide(primary)?;
        let before = self.objects.get(primary).cloned().unwrap_or_default();
        let steps = plan::check(&self.manifest, &Primary::of(&before), &asked, &plan)
            .map_err(|denied| anyhow!("the host denies this plan: {denied}: {plan:#?}"))?;
        self.observes.insert(primary.clone(), plan.observes.clone());
        let (written, failure) = self.execute(primary, &steps);
        // Where several steps are refused, they fail by turns: it is at rest once each of them has.
        let is_new = failure
            .as_ref()
            .is_some_and(|failure| self.failed.insert((primary.clone(), failed(failure))));
        let acted = written > 0 || is_new;
        self.transcript
            .plan(&self.manifest.primary.kind, &plan, failure.as_ref(), acted);
        let requeue = plan::requeue_after(&plan);
        let due = requeue.and_then(|span| self.now.checked_add(span).ok());
        let due = due.filter(|due| *due > self.now);
        let reasons = plan.reasons.into_iter().map(|it| it.message).collect();
        self.rests
            .insert(primary.clone(), (due, Rest { requeue, reasons }));
        // After a failure, a host waits before it tries again.
        let is_at_once = plan.requeue == Requeue::AtOnce && failure.is_none();
        Ok(acted || is_at_once)
    }

    fn decide(&self, primary: &Key) -> Result<(Vec<Selector>, Plan)> {
        let mut asked = self.observes.get(primary).cloned().unwrap_or_default();
        for _ in 0..MAX_CALLS {
            let snapshot = self.snapshot(primary, &asked);
            match self.policy.reconcile(&self.settings, &snapshot)? {
                Outcome::Act(plan) => return Ok((asked, plan)),
                Outcome::Observe(more) if more.iter().all(|selector| asked.contains(selector)) => {
                    bail!("the policy asks to observe nothing new, and does not decide")
                }
                Outcome::Observe(more) => {
                    let new = more.into_iter().filter(|it| !asked.contains(it));
                    let new: Vec<Selector> = new.collect();
                    asked.extend(new);
                }
            }
        }
        bail!("the policy asked {MAX_CALLS} times to observe more, and did not decide")
    }

    /// Carries a plan out: how many writes there were, and what stopped it.
    fn execute(&mut self, primary: &Key, steps: &[Step]) -> (usize, Option<Failure>) {
        let mut failures = self.failures.remove(primary).unwrap_or_default();
        let now = u64::try_from(self.now.as_millisecond()).unwrap_or_default();
        let (mut written, mut failure) = (0, None);
        for step in steps {
            let target = step.target(&primary.object());
            match (self.carry_out(primary, step), target) {
                (Ok(done), target) => {
                    written += usize::from(done);
                    if let Some((object, operation)) = target {
                        failures.succeeded(&object, operation);
                    }
                }
                (Err(_), None) => {}
                (Err(cause), Some((object, operation))) => {
                    failure = Some(failures.record(now, object, operation, cause));
                    break;
                }
            }
        }
        self.failures.insert(primary.clone(), failures);
        (written, failure)
    }

    /// True if something was written. The error says why it could not be done.
    fn carry_out(&mut self, primary: &Key, step: &Step) -> Result<bool, Cause> {
        let wrote = match step {
            Step::Create {
                resource,
                key,
                object,
            } => self.create(primary, &Key::new(resource, key), object.clone())?,
            Step::Delete { resource, key, uid } => self.delete(&Key::new(resource, key), uid)?,
            Step::PatchMetadata(patch) => self.change(primary, |object| {
                json_patch::merge(&mut object["metadata"], &Value::Object(patch.clone()));
            })?,
            Step::SetStatus(status) => self.change(primary, |object| {
                object["status"] = Value::Object(status.clone());
            })?,
            Step::RecordEvent(event) => {
                let severity = match event.severity {
                    Severity::Normal => "Normal",
                    Severity::Warning => "Warning",
                };
                let line = format!("{severity} {} {}", event.reason, event.message);
                self.seen.events.push(line);
                true
            }
        };
        self.seen.writes += usize::from(wrote);
        Ok(wrote)
    }

    fn create(&mut self, primary: &Key, key: &Key, object: Value) -> Result<bool, Cause> {
        self.reach(key)?;
        let uid = self.uid(primary);
        if let Some(existing) = self.objects.get(key) {
            let metadata = &existing["metadata"];
            let is_ours = metadata["annotations"][CREATED_FOR] == *uid
                && metadata["deletionTimestamp"].is_null();
            return if is_ours {
                Ok(false)
            } else {
                let message = format!("{} already exists", key.reference());
                Err(Cause::because("AlreadyExists", &message))
            };
        }
        self.objects.create(key.clone(), object, self.now);
        self.seen.created.push(key.reference());
        Ok(true)
    }

    fn delete(&mut self, key: &Key, uid: &str) -> Result<bool, Cause> {
        self.reach(key)?;
        // Gone already, or another one has its name by now: it is done.
        if self.uid(key) != uid {
            return Ok(false);
        }
        self.objects.delete(key, self.now);
        self.seen.deleted.push(key.reference());
        Ok(true)
    }

    fn change(&mut self, primary: &Key, change: impl Fn(&mut Value)) -> Result<bool, Cause> {
        self.reach(primary)?;
        let Some(object) = self.objects.get_mut(primary) else {
            return Ok(false);
        };
        let before = object.clone();
        change(object);
        let is_changed = *object != before;
        self.objects.collect(primary);
        self.objects.collect_dependents(self.now);
        Ok(is_changed)
    }

    fn uid(&self, key: &Key) -> String {
        let uid = self
            .objects
            .get(key)
            .map(|object| &object["metadata"]["uid"]);
        uid.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Whether the API server there takes a write to an object.
    fn reach(&self, key: &Key) -> Result<(), Cause> {
        if self.lost.contains_key(&(key.context.clone(), None)) {
            let context = context_name(key.context.as_deref());
            let message = format!("{context} does not answer");
            return Err(Cause::unknown("Unreachable", message));
        }
        let reference = key.reference();
        let refusal = self.refusals.iter().find(|it| it.object == reference);
        match refusal {
            Some(refusal) => Err(Cause::because(&refusal.reason, &refusal.message)),
            None => Ok(()),
        }
    }
}

/// What makes a failure another one.
fn failed(failure: &Failure) -> String {
    let Failure {
        object,
        operation,
        message,
        ..
    } = failure;
    format!("{operation:?} {object:?}: {message}")
}
