//! The host on clusters in memory: the engine, shown what the watches would show, and its requests carried out at once.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use kube_sim::{Failure as Failed, Patch};
use pilothouse_contract::{
    Failure, Interest, ObjectRef, Operation, Scope, Severity, Unavailable, UnavailableReason,
    context_name,
};
use pilothouse_core::cache::Health;
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Answer, Decided, End, Next, Now, Request, Task, Work};
use pilothouse_core::{Object, ObjectKey, Resource};
use serde_json::Value;

use super::Memory;
use super::servers::{location, object};
use crate::clusters::Refusal;
use crate::reference::Reference;

/// An API server's reply, or how there is none.
type Answered = Result<Option<Object>, Cause>;

/// How often a primary is reconciled after one change before it counts as never coming to rest.
const MAX_ROUNDS: usize = 12;

impl Memory<'_> {
    /// After a change, what has failed is tried again at once: its backoff is not waited for.
    pub(super) fn settle_anew(&mut self) -> Result<()> {
        self.failed.clear();
        self.retries = self.failing.clone();
        self.settle()
    }

    /// Does what the engine asks for until it asks for nothing any more, and what fails fails as it did before.
    pub(super) fn settle(&mut self) -> Result<()> {
        let mut rounds: BTreeMap<ObjectKey, usize> = BTreeMap::new();
        loop {
            self.show();
            let now = self.now();
            let work = self.engine.next(now).or_else(|| {
                let retry = self.retries.pop_first()?;
                self.engine.reconcile(retry);
                self.engine.next(now)
            });
            let Some(work) = work else {
                // Of what is gone, nothing was decided.
                let engine = &self.engine;
                self.reasons.retain(|key, _| engine.ledger(key).is_some());
                return Ok(());
            };
            let count = rounds.entry(work.primary.clone()).or_default();
            *count += 1;
            if *count > MAX_ROUNDS {
                bail!(
                    "it does not come to rest: after {MAX_ROUNDS} rounds the policy still writes"
                );
            }
            self.reconcile(work)?;
        }
    }

    /// One reconcile.
    fn reconcile(&mut self, mut work: Work) -> Result<()> {
        let before = self.seen.writes;
        loop {
            let answer = self.perform(&work.task)?;
            let now = self.now();
            match self.engine.answer(now, &work.primary, answer) {
                Next::Work(next) => work = *next,
                Next::Ended(End::Undecided) => return Ok(()),
                Next::Ended(End::Failed(why)) => bail!("{why}: {:#?}", self.outcome),
                Next::Ended(End::Decided(decided)) => {
                    self.note(&work, &decided, self.seen.writes > before);
                    return Ok(());
                }
            }
        }
    }

    /// Takes down what was decided, and what became of it.
    fn note(&mut self, work: &Work, decided: &Decided, has_written: bool) {
        let failure = decided.failure.as_ref();
        // Where several steps are refused, they fail alternately: it is at rest once each of them has.
        let is_new =
            failure.is_some_and(|it| self.failed.insert((work.primary.clone(), failed(it))));
        if is_new {
            self.retries.insert(work.primary.clone());
        }
        let ledger = self.engine.ledger(&work.primary);
        match ledger.is_some_and(|ledger| !ledger.failures.is_empty()) {
            true => self.failing.insert(work.primary.clone()),
            false => self.failing.remove(&work.primary),
        };
        let kind = &self.manifest.primary.kind;
        self.transcript
            .plan(kind, &decided.plan, failure, has_written || is_new);
        let reasons = decided.plan.reasons.iter().map(|it| it.message.clone());
        self.reasons.insert(work.primary.clone(), reasons.collect());
    }

    pub(super) fn now(&self) -> Now {
        Now {
            wall: u64::try_from(self.now.as_millisecond()).unwrap_or_default(),
            elapsed: self.now.duration_since(self.start).unsigned_abs(),
        }
    }

    /// Shows the engine what has changed since, as the watches would.
    fn show(&mut self) {
        for resource in self.watched() {
            let health = match self.unavailable(&resource) {
                Some(unavailable) => Health::Lost(unavailable),
                None => {
                    self.list(&resource);
                    Health::Synced
                }
            };
            self.engine.set_health(&resource, None, health);
        }
    }

    fn list(&mut self, resource: &Resource) {
        for change in self.servers.news(resource) {
            let object = object(change.object);
            match change.is_gone {
                true => self.engine.seen_gone(resource, &object),
                false => self.engine.seen(resource, object),
            }
        }
    }

    /// What the host watches: the primaries, and what the manifest is interested in.
    fn watched(&self) -> Vec<Resource> {
        let primary = Interest {
            gvk: self.manifest.primary.clone(),
            scope: Scope::ControlPlane,
            verbs: Vec::new(),
        };
        let contexts = self.contexts.iter().cloned().map(Some);
        let contexts: Vec<_> = [None].into_iter().chain(contexts).collect();
        let interests = self.manifest.interests.iter().chain([&primary]);
        let resources = interests.flat_map(|interest| {
            let contexts = contexts
                .iter()
                .filter(|context| interest.scope.includes(context));
            contexts.map(|context| Resource {
                context: context.clone(),
                gvk: interest.gvk.clone(),
            })
        });
        resources.collect()
    }

    /// Why a context cannot say what it has of a kind.
    fn unavailable(&self, Resource { context, gvk }: &Resource) -> Option<Unavailable> {
        let lost = |kind| self.lost.get(&(context.clone(), kind));
        let (reason, since) = lost(None).or_else(|| lost(Some(gvk.kind.clone())))?;
        Some(Unavailable {
            since: u64::try_from(since.as_millisecond()).ok(),
            ..Unavailable::new(*reason, "")
        })
    }

    fn perform(&mut self, task: &Task) -> Result<Answer> {
        Ok(match task {
            Task::Send(request) => Answer::Replied(self.send(request)?),
            Task::Decide(snapshot) => {
                let outcome = self.policy.reconcile(&self.settings, snapshot)?;
                self.outcome = Some(outcome.clone());
                Answer::Decided(self.manifest.clone(), Ok(outcome))
            }
        })
    }

    fn send(&mut self, request: &Request) -> Result<Answered> {
        if let Request::RecordEvent { event, .. } = request {
            let severity = match event.severity {
                Severity::Normal => "Normal",
                Severity::Warning => "Warning",
            };
            let line = format!("{severity} {} {}", event.reason, event.message);
            self.seen.events.push(line);
            self.seen.writes += 1;
            return Ok(Ok(None));
        }
        let target = request.object();
        let allowed = self
            .reach(&target)
            .and_then(|()| self.permitted(&target, request));
        if let Err(cause) = allowed {
            return Ok(Err(cause));
        }
        let before = self.servers.store(&target.context)?.version();
        let reply = self.write(&target, request)?;
        let store = self.servers.store(&target.context)?;
        self.seen.writes += usize::from(store.version() > before);
        store.collect_garbage(self.now);
        match (request, &reply) {
            (Request::Create { .. }, Ok(_)) => self.seen.created.push(reference(&target)),
            (Request::Delete { .. }, Ok(_)) => self.seen.deleted.push(reference(&target)),
            _ => {}
        }
        let reply = reply.map(|left| left.map(object));
        Ok(reply.map_err(|it| Cause::answered(it.code, &it.reason, &it.message)))
    }

    fn write(
        &mut self,
        target: &ObjectRef,
        request: &Request,
    ) -> Result<Result<Option<Value>, Failed>> {
        let (at, now) = (location(target), self.now);
        if let Request::Create { object, .. } = request {
            let made = self.servers.create(&target.context, object.clone(), now)?;
            return Ok(made.map(Some));
        }
        let store = self.servers.store(&target.context)?;
        Ok(match request {
            Request::Delete { uid, .. } => store.delete(&at, Some(uid), now),
            Request::Patch { patch, .. } => {
                let patch = Patch::Merge(patch.clone());
                store.patch(&at, &patch, false, now).map(Some)
            }
            Request::PatchStatus { patch, .. } => {
                let patch = Patch::Json(serde_json::from_value(patch.clone())?);
                store.patch(&at, &patch, true, now).map(Some)
            }
            _ => Ok(store.get(&at)),
        })
    }

    /// Whether the API server there takes a request for an object.
    fn reach(&self, key: &ObjectRef) -> Result<(), Cause> {
        let context = context_name(&key.context);
        let lost = |kind| self.lost.get(&(key.context.clone(), kind));
        let is_kind_lost = lost(Some(key.gvk.kind.clone()))
            .is_some_and(|(reason, _)| *reason == UnavailableReason::Unreachable);
        if lost(None).is_some() || is_kind_lost {
            return Err(Cause::unknown(
                "Unreachable",
                format!("{context} does not answer"),
            ));
        }
        Ok(())
    }

    fn permitted(&self, key: &ObjectRef, request: &Request) -> Result<(), Cause> {
        let operation = match request {
            Request::Create { .. } => Operation::Create,
            Request::Delete { .. } => Operation::Delete,
            Request::Patch { .. } => Operation::PatchMetadata,
            Request::PatchStatus { .. } => Operation::SetStatus,
            Request::Read { .. } | Request::RecordEvent { .. } => return Ok(()),
        };
        let reference = reference(key);
        let is_meant = |refusal: &&Refusal| {
            refusal.object == reference && refusal.operation.is_none_or(|it| it == operation)
        };
        match self.refusals.iter().find(is_meant) {
            Some(refusal) => Err(Cause::because(&refusal.reason, &refusal.message)),
            None => Ok(()),
        }
    }
}

/// As a scenario would name an object.
fn reference(object: &ObjectRef) -> Reference {
    Reference {
        kind: object.gvk.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        context: object.context.clone(),
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
