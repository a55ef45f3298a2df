//! The host on clusters in memory: the engine, shown what the watches would show, and its requests carried out at once.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use pilothouse_contract::{Failure, ObjectRef, Operation, Severity};
use pilothouse_core::ObjectKey;
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Answer, Decided, End, Next, Request, Task, Work};

use super::Memory;
use crate::clusters::Refusal;
use crate::reference::Reference;
use crate::servers::Reply;

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
            self.servers.show(&mut self.engine, &self.manifest);
            let now = self.servers.now();
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
            let now = self.servers.now();
            match self.engine.answer(now, &work.primary, answer) {
                Next::Work(next) => work = *next,
                Next::Ended(End::Undecided | End::Waiting) => return Ok(()),
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

    fn send(&mut self, request: &Request) -> Result<Reply> {
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
            .servers
            .reach(&target)
            .and_then(|()| self.permitted(&target, request));
        if let Err(cause) = allowed {
            return Ok(Err(cause));
        }
        let before = self.servers.store(&target.context)?.version();
        let reply = self.servers.send(request)?;
        let version = self.servers.store(&target.context)?.version();
        self.seen.writes += usize::from(version > before);
        self.servers.collect_garbage();
        match (request, &reply) {
            (Request::Create { .. }, Ok(_)) => self.seen.created.push(reference(&target)),
            (Request::Delete { .. }, Ok(_)) => self.seen.deleted.push(reference(&target)),
            _ => {}
        }
        Ok(reply)
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
