//! Carries the steps of a checked plan out, in order, and stops at the first that fails. It decides nothing.
//!
//! Every write is guarded: a create by its name, a delete by the uid, status and metadata by the resourceVersion of the primary
//! that was decided upon. A name says nothing of the primary: before the first create the primary is patched or read, so that nothing
//! is created for one that has changed, or is gone, and the watch is behind. What an API server answers is overlaid on the caches at once.

use std::sync::Arc;
use std::time::Duration;

use pilothouse_contract::{FailureClass, context_name};
use tracing::{debug, info, warn};

use super::Engine;
use super::run::{Execution, Run, Verdict};
use crate::failures::Cause;
use crate::object::{Object, ObjectKey, Resource};
use crate::plan::{CREATED_FOR, Step};
use crate::work::{End, Next, Now, Request};

impl Engine {
    /// Sends what the next step asks for.
    pub(super) fn execute(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        execution: Box<Execution>,
    ) -> Next {
        let Some(step) = execution.steps.front() else {
            let decided = execution.decided;
            let again = match execution.has_recovered {
                true => Some(Duration::ZERO),
                false => crate::plan::requeue_after(&decided.plan),
            };
            return self.end(
                now,
                primary,
                Verdict::Done(again),
                End::Decided(Box::new(decided)),
            );
        };
        if self.has_changed(primary, &execution) && !matches!(step, Step::RecordEvent(_)) {
            return self.leave(now, primary, execution);
        }
        let request = execution.request(&self.home(), step);
        if let Some(cause) = self.not_sent(now, primary, &request) {
            let step = step.clone();
            return self.failed(now, primary, execution, &step, cause);
        }
        if matches!(step, Step::Create { .. }) && !execution.is_confirmed {
            return self.read_first(now, primary, execution);
        }
        self.send(primary, Run::Executing(execution), request)
    }

    /// The reply to what a step asked for.
    pub(super) fn replied(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        mut execution: Box<Execution>,
        reply: Result<Option<Object>, Cause>,
    ) -> Next {
        let Some(step) = execution.steps.pop_front() else {
            return self.execute(now, primary, execution);
        };
        let reply = match (&step, execution.unclear.take(), reply) {
            (Step::Create { resource, .. }, Some(exists), Ok(existing)) => {
                self.adopt(resource, &execution.primary, existing, exists)
            }
            (Step::Delete { resource, key, uid }, Some(conflict), Ok(found)) => {
                self.deleted(resource, key, uid, found, conflict)
            }
            (Step::PatchMetadata(_) | Step::SetStatus(_), Some(cause), found) => {
                Err(self.primary_found(primary, &execution.primary, &step, found, cause))
            }
            (_, None, Err(cause))
                if is_unclear(&step, &cause)
                    && let Some((object, _)) = step.target(&self.home().object(primary)) =>
            {
                let (resource, key) = Resource::and_key(&object);
                execution.unclear = Some(cause);
                execution.steps.push_front(step);
                let request = Request::Read { resource, key };
                return self.send(primary, Run::Executing(execution), request);
            }
            (_, _, Ok(object)) => {
                self.carried_out(&mut execution, &step, object);
                Ok(())
            }
            (Step::Delete { resource, key, uid }, _, Err(cause)) if cause.reason == "NotFound" => {
                self.overlay_gone(resource, key, uid);
                Ok(())
            }
            // Nothing depends on an event.
            (Step::RecordEvent(_), _, Err(_)) => Ok(()),
            (_, _, Err(cause)) => Err(cause),
        };
        match reply {
            Ok(()) => {
                execution.decided.done += 1;
                let object = self.home().object(primary);
                execution.has_recovered |= self.ledger_mut(primary).succeeded(&object, &step);
                self.execute(now, primary, execution)
            }
            Err(cause) => self.failed(now, primary, execution, &step, cause),
        }
    }

    /// An object of that name exists already: whether it was created for this primary.
    fn adopt(
        &mut self,
        resource: &Resource,
        primary: &Object,
        existing: Option<Object>,
        exists: Cause,
    ) -> Result<(), Cause> {
        let Some(existing) = existing else {
            return Err(exists);
        };
        let is_ours = existing.annotations.get(CREATED_FOR) == Some(&primary.uid)
            && !existing.is_being_deleted;
        self.overlay(resource, existing);
        if is_ours { Ok(()) } else { Err(exists) }
    }

    /// What is there under the name of an object whose delete was answered with a conflict: another object, or still that one.
    fn deleted(
        &mut self,
        resource: &Resource,
        key: &ObjectKey,
        uid: &str,
        found: Option<Object>,
        conflict: Cause,
    ) -> Result<(), Cause> {
        let is_there = found.as_ref().is_some_and(|found| found.uid == uid);
        if !is_there {
            self.overlay_gone(resource, key, uid);
        }
        if let Some(found) = found {
            self.overlay(resource, found);
        }
        if is_there { Err(conflict) } else { Ok(()) }
    }

    /// What there is of a primary whose patch was answered with a conflict, or that there is none. The watch may be far behind. Where
    /// the primary is as it was decided upon, it is not stale: somebody refuses the patch.
    fn primary_found(
        &mut self,
        primary: &ObjectKey,
        decided: &Object,
        step: &Step,
        found: Result<Option<Object>, Cause>,
        mut cause: Cause,
    ) -> Cause {
        cause.class = FailureClass::Conflict;
        let Ok(found) = found else { return cause };
        let home = self.home();
        match found {
            Some(found) if found.uid == decided.uid => {
                let is_absent = is_absent(&cause);
                if is_absent || found.resource_version == decided.resource_version {
                    cause.class = FailureClass::Refused;
                }
                if is_absent && matches!(step, Step::SetStatus(_)) {
                    let kind = &home.gvk.kind;
                    let hint = format!("; does the CRD of {kind} have the status subresource?");
                    cause.message.push_str(&hint);
                }
                self.overlay_itself(primary, &home, found);
            }
            other => {
                self.overlay_gone(&home, primary, &decided.uid);
                if let Some(found) = other {
                    self.overlay(&home, found);
                }
            }
        }
        cause
    }

    fn carried_out(&mut self, execution: &mut Execution, step: &Step, object: Option<Object>) {
        match (step, object) {
            (Step::Create { resource, key, .. }, Some(created)) => {
                let context = context_name(&resource.context);
                info!(object = %key, kind = %resource.gvk, context, primary = %execution.primary.key, "created");
                self.overlay(resource, created);
            }
            (Step::Delete { resource, key, uid }, left) => {
                let context = context_name(&resource.context);
                info!(object = %key, kind = %resource.gvk, context, "deleted");
                match left {
                    // Its finalizers keep it, or it has time to stop.
                    Some(object) => self.overlay(resource, object),
                    None => self.overlay_gone(resource, key, uid),
                }
            }
            // The next step is guarded by the resourceVersion that this one has made.
            (Step::PatchMetadata(_) | Step::SetStatus(_), Some(patched)) => {
                execution.primary = Arc::new(patched.clone());
                execution.is_confirmed = true;
                self.overlay(&self.home(), patched);
            }
            _ => {}
        }
    }

    pub(super) fn failed(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        mut execution: Box<Execution>,
        step: &Step,
        cause: Cause,
    ) -> Next {
        let object = self.home().object(primary);
        let ledger = self.ledger_mut(primary);
        let is_news = !ledger.failures.has(step.target(&object), &cause);
        let Cause {
            reason, message, ..
        } = &cause;
        let refused = refused(step, &cause).filter(|_| is_news);
        let text = format!("cannot {step} of {}: {reason}: {message}", object.gvk.kind);
        if is_news && !is_stale(step, &cause) {
            warn!(%primary, reason, "{step}: {message}");
        } else {
            // It was said, or it is decided anew on the newer primary.
            debug!(%primary, reason, "{step}: {message}");
        }
        execution.decided.failure = ledger.failed(now, &object, step, cause);
        let Execution {
            manifest,
            primary: object,
            decided,
            ..
        } = *execution;
        let end = End::Decided(Box::new(decided));
        match refused {
            Some(reason) => self.report(primary, &manifest, object, reason, text, end),
            None => self.end(now, primary, Verdict::Failed, end),
        }
    }

    /// What an API server has answered counts until the watch shows it, unless the watch has shown it already or something newer.
    pub(super) fn overlay(&mut self, resource: &Resource, object: Object) {
        let writer = self.writer();
        let changes = self.caches.wrote(resource, object);
        self.changed_by(writer.as_ref(), resource, changes);
    }

    /// The same for the primary itself: it is not woken by that, it is tried again after its backoff.
    fn overlay_itself(&mut self, primary: &ObjectKey, home: &Resource, object: Object) {
        let changes = self.caches.wrote(home, object);
        self.changed_by(Some(primary), home, changes);
    }

    /// A plan that deletes is followed by another call anyway.
    pub(super) fn overlay_gone(&mut self, resource: &Resource, key: &ObjectKey, uid: &str) {
        let writer = self.writer();
        let changes = self.caches.wrote_gone(resource, key, uid);
        self.changed_by(writer.as_ref(), resource, changes);
    }
}

/// Whether the object has to be read to know what an answer means: a create whose earlier answer was lost finds its own object, a
/// delete finds another object than it names, or something that keeps the object, and the primary has changed or is gone.
fn is_unclear(step: &Step, cause: &Cause) -> bool {
    match step {
        Step::Create { .. } => cause.reason == "AlreadyExists",
        Step::Delete { .. } => cause.reason == "Conflict",
        Step::PatchMetadata(_) | Step::SetStatus(_) => {
            cause.class == FailureClass::Conflict || is_absent(cause)
        }
        Step::RecordEvent(_) => false,
    }
}

fn is_absent(cause: &Cause) -> bool {
    matches!(cause.reason.as_str(), "NotFound" | "HTTP404")
}

/// Whether nothing is wrong: the primary has changed, or is gone.
fn is_stale(step: &Step, cause: &Cause) -> bool {
    let of_primary = matches!(step, Step::PatchMetadata(_) | Step::SetStatus(_));
    of_primary && cause.class == FailureClass::Conflict
}

/// The reason of the event that says that a write to the primary itself is refused: of a status that cannot say so, and of what looks
/// as if the primary had changed.
fn refused(step: &Step, cause: &Cause) -> Option<&'static str> {
    let looks_stale = cause.reason == "Conflict" || is_absent(cause);
    match step {
        _ if cause.class != FailureClass::Refused => None,
        Step::SetStatus(_) => Some("StatusRefused"),
        Step::PatchMetadata(_) if looks_stale => Some("MetadataRefused"),
        _ => None,
    }
}
