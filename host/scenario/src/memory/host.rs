//! The host on clusters in memory: the engine, shown what the watches would show, and its requests carried out at once.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use pilothouse_contract::{
    Failure, Interest, Operation, Scope, Severity, Unavailable, UnavailableReason, context_name,
};
use pilothouse_core::cache::Health;
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Answer, Decided, End, Next, Now, Request, Task, Work};
use pilothouse_core::{Object, ObjectKey, Resource};
use serde_json::{Value, json};

use super::objects::Key;
use super::{Memory, Shown};
use crate::clusters::Refusal;

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
        // Where several steps are refused, they fail by turns: it is at rest once each of them has.
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
        let is_here = |key: &&Key| key.context == resource.context && key.gvk == resource.gvk;
        let gone = self.shown.keys().filter(is_here);
        let gone = gone.filter(|key| self.objects.get(key).is_none());
        for key in gone.cloned().collect::<Vec<_>>() {
            if let Some(shown) = self.shown.remove(&key) {
                self.engine.seen_gone(resource, &shown.object());
            }
        }
        let here: Vec<Key> = self.objects.keys().filter(is_here).cloned().collect();
        for key in here {
            let object = self.objects.get(&key);
            if self.shown.get(&key).map(|shown| &shown.value) != object
                && let Some(object) = self.stored(&key)
            {
                self.engine.seen(resource, object);
            }
        }
    }

    /// An object as the API server has it now, with a new resourceVersion where it has changed.
    fn stored(&mut self, key: &Key) -> Option<Object> {
        let value = self.objects.get(key)?;
        let shown = match self.shown.get(key) {
            Some(shown) if shown.value == *value => shown.clone(),
            _ => {
                self.version += 1;
                Shown {
                    key: key.object_key(),
                    value: value.clone(),
                    version: self.version,
                }
            }
        };
        self.shown.insert(key.clone(), shown.clone());
        Some(shown.object())
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
            Task::Send(request) => Answer::Replied(self.send(request)),
            Task::Decide(snapshot) => {
                let outcome = self.policy.reconcile(&self.settings, snapshot)?;
                self.outcome = Some(outcome.clone());
                Answer::Decided(self.manifest.clone(), Ok(outcome))
            }
        })
    }

    fn send(&mut self, request: &Request) -> Result<Option<Object>, Cause> {
        let key = Key::at(request.object());
        if let Request::RecordEvent { event, .. } = request {
            let severity = match event.severity {
                Severity::Normal => "Normal",
                Severity::Warning => "Warning",
            };
            let line = format!("{severity} {} {}", event.reason, event.message);
            self.seen.events.push(line);
            self.seen.writes += 1;
            return Ok(None);
        }
        self.reach(&key)?;
        self.permitted(&key, request)?;
        match request {
            Request::Create { object, .. } => {
                if self.objects.get(&key).is_some() {
                    let message = format!("{} already exists", key.reference());
                    return Err(Cause::because("AlreadyExists", &message));
                }
                self.objects.create(key.clone(), object.clone(), self.now);
                self.seen.created.push(key.reference());
                self.seen.writes += 1;
            }
            Request::Delete { uid, .. } => {
                self.guard(&key, "uid", uid)?;
                self.objects.delete(&key, self.now);
                self.seen.deleted.push(key.reference());
                self.seen.writes += 1;
            }
            Request::Patch { patch, .. } => {
                let metadata = &patch["metadata"];
                self.change(&key, &metadata["resourceVersion"], |object| {
                    let mut metadata = metadata.clone();
                    metadata["resourceVersion"] = Value::Null;
                    json_patch::merge(&mut object["metadata"], &metadata);
                })?;
            }
            Request::PatchStatus { patch, .. } => {
                self.change(&key, &patch[0]["value"], |object| {
                    object["status"] = patch[1]["value"].clone();
                })?;
            }
            Request::Read { .. } | Request::RecordEvent { .. } => {}
        }
        Ok(self.stored(&key))
    }

    fn change(
        &mut self,
        key: &Key,
        version: &Value,
        change: impl FnOnce(&mut Value),
    ) -> Result<(), Cause> {
        let shown = self
            .shown
            .get(key)
            .map(|shown| json!(shown.version.to_string()));
        let Some(object) = self.objects.get_mut(key).filter(|_| shown.is_some()) else {
            return Err(not_found(key));
        };
        if shown.as_ref() != Some(version) {
            return Err(Cause::because("Conflict", "the object has been modified"));
        }
        let before = object.clone();
        change(object);
        self.seen.writes += usize::from(*object != before);
        self.objects.collect(key);
        self.objects.collect_dependents(self.now);
        Ok(())
    }

    fn guard(&self, key: &Key, field: &str, value: &str) -> Result<(), Cause> {
        let object = self.objects.get(key).ok_or_else(|| not_found(key))?;
        match object["metadata"][field] == *value {
            true => Ok(()),
            false => Err(Cause::because(
                "Conflict",
                &format!("the {field} is another"),
            )),
        }
    }

    /// Whether the API server there takes a request for an object.
    fn reach(&self, key: &Key) -> Result<(), Cause> {
        let context = context_name(&key.context);
        let is_registered = key
            .context
            .as_ref()
            .is_none_or(|name| self.contexts.contains(name));
        if !is_registered {
            let message = format!("context {context} is not registered with this host");
            return Err(Cause::unknown("Unreachable", message));
        }
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

    fn permitted(&self, key: &Key, request: &Request) -> Result<(), Cause> {
        let operation = match request {
            Request::Create { .. } => Operation::Create,
            Request::Delete { .. } => Operation::Delete,
            Request::Patch { .. } => Operation::PatchMetadata,
            Request::PatchStatus { .. } => Operation::SetStatus,
            Request::Read { .. } | Request::RecordEvent { .. } => return Ok(()),
        };
        let reference = key.reference();
        let is_meant = |refusal: &&Refusal| {
            refusal.object == reference && refusal.operation.is_none_or(|it| it == operation)
        };
        match self.refusals.iter().find(is_meant) {
            Some(refusal) => Err(Cause::because(&refusal.reason, &refusal.message)),
            None => Ok(()),
        }
    }
}

fn not_found(key: &Key) -> Cause {
    Cause::because("NotFound", &format!("{} not found", key.reference()))
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
