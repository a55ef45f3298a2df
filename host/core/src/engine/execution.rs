//! Carries the steps of a checked plan out, in order, and stops at the first that fails. It decides nothing.
//!
//! Every write is guarded: a create by its name, a delete by the uid, status and metadata by the resourceVersion of the primary
//! that was decided upon. What an API server answers is overlaid on the caches at once.

use std::sync::Arc;

use pilothouse_contract::{FailureClass, context_name};
use serde_json::json;
use tracing::{debug, info, warn};

use super::Engine;
use super::run::{Execution, Run, Verdict};
use crate::failures::Cause;
use crate::ledger::Unconfirmed;
use crate::object::{Object, ObjectKey, Resource};
use crate::plan::{CREATED_FOR, Step};
use crate::work::{End, Next, Now, Request};

impl Execution {
    fn request(&self, home: &Resource, step: &Step) -> Request {
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
    /// Sends what the next step asks for.
    pub(super) fn execute(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        execution: Box<Execution>,
    ) -> Next {
        let Some(step) = execution.steps.front() else {
            let decided = execution.decided;
            let again = crate::plan::requeue_after(&decided.plan);
            return self.end(
                now,
                primary,
                Verdict::Done(again),
                End::Decided(Box::new(decided)),
            );
        };
        if let Some(cause) = self.not_sent(step) {
            let step = step.clone();
            return self.failed(now, primary, execution, &step, cause);
        }
        let request = execution.request(&self.home(), step);
        self.send(primary, Run::Executing(execution), request)
    }

    /// Why a step cannot be sent at all: nothing is changed by it, and nobody need ask what became of it.
    fn not_sent(&self, step: &Step) -> Option<Cause> {
        let (Step::Create { resource, .. } | Step::Delete { resource, .. }) = step else {
            return None;
        };
        let context = context_name(&resource.context);
        let is_registered = self.contexts.contains(&resource.context);
        (!is_registered).then(|| Cause {
            class: FailureClass::Refused,
            reason: "NotRegistered".into(),
            message: format!("context {context} is not registered with this host"),
        })
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
        let reply = match (&step, execution.exists.take(), reply) {
            (Step::Create { resource, .. }, Some(exists), Ok(existing)) => {
                self.adopt(resource, &execution.primary, existing, exists)
            }
            // An earlier answer was lost, or a restart came between: it may be what was asked for.
            (Step::Create { resource, key, .. }, None, Err(cause))
                if cause.reason == "AlreadyExists" =>
            {
                let (resource, key) = (resource.clone(), key.clone());
                execution.exists = Some(cause);
                execution.steps.push_front(step);
                let request = Request::Read { resource, key };
                return self.send(primary, Run::Executing(execution), request);
            }
            (_, _, Ok(object)) => {
                self.carried_out(&mut execution, &step, object);
                Ok(())
            }
            (Step::Delete { resource, key, uid }, _, Err(cause)) if is_gone(&cause) => {
                self.overlay_gone(resource, key, uid);
                Ok(())
            }
            (_, _, Err(cause)) => Err(cause),
        };
        let target = step.target(&self.home().object(primary));
        match reply {
            Ok(()) => {
                execution.decided.done += 1;
                if let Some((object, operation)) = target {
                    let failures = &mut self.ledger_mut(primary).failures;
                    failures.succeeded(&object, operation);
                }
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
                    // Its finalizers keep it.
                    Some(object) if !object.finalizers.is_empty() => self.overlay(resource, object),
                    _ => self.overlay_gone(resource, key, uid),
                }
            }
            // The next step is guarded by the resourceVersion that this one has made.
            (Step::PatchMetadata(_) | Step::SetStatus(_), Some(patched)) => {
                execution.primary = Arc::new(patched.clone());
                self.overlay(&self.home(), patched);
            }
            _ => {}
        }
    }

    fn failed(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        mut execution: Box<Execution>,
        step: &Step,
        cause: Cause,
    ) -> Next {
        let Cause {
            class,
            reason,
            message,
        } = &cause;
        let of_primary = matches!(step, Step::PatchMetadata(_) | Step::SetStatus(_));
        let verdict = if of_primary && matches!(reason.as_str(), "Conflict" | "NotFound") {
            // Nothing is wrong: it is decided anew on the newer primary.
            debug!(%primary, "{step}: {message}");
            Verdict::Stale
        } else {
            warn!(%primary, reason, "{step}: {message}");
            Verdict::Failed
        };
        if *class == FailureClass::UnknownOutcome && verdict == Verdict::Failed {
            let (resource, key) = match step {
                Step::Create { resource, key, .. } | Step::Delete { resource, key, .. } => {
                    (resource.clone(), key.clone())
                }
                _ => (self.home(), primary.clone()),
            };
            let unconfirmed = &mut self.ledger_mut(primary).unconfirmed;
            let write = Unconfirmed { resource, key };
            unconfirmed.entry(write).or_insert(now.wall);
        }
        if let Some((object, operation)) = step.target(&self.home().object(primary)) {
            let failures = &mut self.ledger_mut(primary).failures;
            execution.decided.failure = Some(failures.record(now.wall, object, operation, cause));
        }
        self.end(
            now,
            primary,
            verdict,
            End::Decided(Box::new(execution.decided)),
        )
    }

    pub(super) fn overlay(&mut self, resource: &Resource, object: Object) {
        let changes = self.caches.wrote(resource, object);
        self.changed(resource, changes);
    }

    pub(super) fn overlay_gone(&mut self, resource: &Resource, key: &ObjectKey, uid: &str) {
        let changes = self.caches.wrote_gone(resource, key, uid);
        self.changed(resource, changes);
    }
}

/// Gone already, or another object has its name by now.
fn is_gone(cause: &Cause) -> bool {
    matches!(cause.reason.as_str(), "NotFound" | "Conflict")
}
