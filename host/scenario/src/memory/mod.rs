//! Clusters in memory under the engine that the host runs: it asks the policy, checks the plan and has it carried out.
//!
//! In: what happens, and a policy. Out: objects, and a text of every plan. It knows as much of Kubernetes as a policy can
//! notice: uids, creation times, finalizers, owners, contexts that do not answer, writes that are refused. Nothing waits
//! here, and nothing runs at once: a story is played the same each time.

mod host;
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use pilothouse_contract::{Gvk, Manifest, Outcome, UnavailableReason};
use pilothouse_core::{Engine, Object, ObjectKey};
use serde_json::{Value, json};

use crate::clusters::{Change, Clusters, Policy, Refusal, Rest, Seen};
use crate::near::hint;
use crate::reference::{Context, Reference};
use crate::scenario::Scenario;
use crate::transcript::Transcript;
use objects::{Key, Objects};

/// How often the host may be called between two steps because the policy asked for it.
const MAX_CALLS: usize = 1_000;

/// The clusters, the host and the policy.
pub struct Memory<'p> {
    policy: &'p dyn Policy,
    settings: String,
    manifest: Arc<Manifest>,
    engine: Engine,
    start: Timestamp,
    now: Timestamp,
    objects: Objects,
    /// What the engine was shown of each object, and under which resourceVersion.
    shown: BTreeMap<Key, Shown>,
    version: u64,
    /// The registered remote contexts.
    contexts: BTreeSet<String>,
    /// What cannot be reached: a context, or a kind in it.
    lost: BTreeMap<(Context, Option<String>), (UnavailableReason, Timestamp)>,
    refusals: Vec<Refusal>,
    /// What went wrong since the last change.
    failed: BTreeSet<(ObjectKey, String)>,
    /// The primaries for which something has failed and not succeeded since.
    failing: BTreeSet<ObjectKey>,
    /// What the policy answered last.
    outcome: Option<Outcome>,
    /// Those whose last plan failed in a new way: they are tried again.
    retries: BTreeSet<ObjectKey>,
    /// Why the last plan of each primary did what it did, or nothing.
    reasons: BTreeMap<ObjectKey, Vec<String>>,
    seen: Seen,
    transcript: Transcript,
}

/// An object as a watch has shown it.
#[derive(Clone)]
struct Shown {
    key: ObjectKey,
    value: Value,
    version: u64,
}

impl Shown {
    fn object(&self) -> Object {
        let mut document = self.value.as_object().cloned().unwrap_or_default();
        if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), json!(self.version.to_string()));
        }
        let mut object = Object::of(document);
        object.key = self.key.clone();
        object
    }
}

impl<'p> Memory<'p> {
    /// The clusters at the start of a scenario.
    pub fn new(scenario: &Scenario, policy: &'p dyn Policy) -> Result<Self> {
        let manifest = policy
            .describe(&scenario.settings)
            .with_context(|| format!("the policy refuses the settings {}", scenario.settings))?;
        let manifest = Arc::new(manifest);
        let mut memory = Self {
            policy,
            settings: scenario.settings.clone(),
            engine: Engine::new(manifest.clone()),
            start: scenario.start,
            now: scenario.start,
            objects: Objects::default(),
            shown: BTreeMap::new(),
            version: 0,
            contexts: scenario.contexts.iter().cloned().collect(),
            lost: BTreeMap::new(),
            refusals: Vec::new(),
            failed: BTreeSet::new(),
            failing: BTreeSet::new(),
            outcome: None,
            retries: BTreeSet::new(),
            reasons: BTreeMap::new(),
            seen: Seen::default(),
            transcript: Transcript::default(),
            manifest,
        };
        memory.transcript.story(&scenario.story);
        memory.restart();
        for change in &scenario.given {
            memory.happen(change)?;
        }
        Ok(memory)
    }

    /// A host that was started anew remembers nothing.
    fn restart(&mut self) {
        self.engine = Engine::new(self.manifest.clone());
        self.shown.clear();
        for name in &self.contexts {
            self.engine.add_context(Some(name.clone()));
        }
    }

    /// What a kind is, by its name alone.
    fn gvk_of(&self, kind: &str) -> Result<Gvk> {
        let declared = self.manifest.interests.iter().map(|interest| &interest.gvk);
        let known = declared.chain([&self.manifest.primary]);
        let known: Vec<&Gvk> = known.chain(self.objects.kinds()).collect();
        let found = known.iter().find(|gvk| gvk.kind == kind);
        found.copied().cloned().with_context(|| {
            let hint = hint(kind, known.iter().map(|gvk| gvk.kind.as_str()));
            format!("neither the policy nor an object is of the kind {kind}{hint}")
        })
    }

    fn key(&self, reference: &Reference) -> Result<Key> {
        Ok(Key {
            context: reference.context.clone(),
            gvk: self
                .gvk_of(&reference.kind)
                .with_context(|| reference.to_string())?,
            namespace: reference.namespace.clone(),
            name: reference.name.clone(),
        })
    }

    fn existing(&mut self, reference: &Reference) -> Result<&mut Value> {
        let key = self.key(reference)?;
        self.objects
            .get_mut(&key)
            .with_context(|| format!("{reference} is not there"))
    }

    /// The first primary.
    fn primary(&self) -> Option<&Key> {
        let is_primary = |key: &&Key| key.context.is_none() && key.gvk == self.manifest.primary;
        self.objects.keys().find(is_primary)
    }
}

impl Clusters for Memory<'_> {
    fn advance(&mut self, now: Timestamp) -> Result<()> {
        // The host is called when it asked for, not only when the scenario goes on.
        let mut calls = 0;
        while let Some(due) = self.engine.next_due()
            && let Ok(at) = self.start.checked_add(due)
            && at <= now
        {
            // What has failed is tried again by the host, not because the policy asks.
            calls += usize::from(self.failing.is_empty());
            if calls > MAX_CALLS {
                bail!("the policy asks to be called again and again: {MAX_CALLS} times until {at}");
            }
            self.now = at.max(self.now);
            self.transcript.moment(self.now);
            self.settle()?;
        }
        self.now = now;
        Ok(())
    }

    fn happen(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Apply { context, object } => self.objects.apply(context, object, self.now),
            Change::Patch { object, patch } => {
                let existing = self.existing(object)?;
                let before = existing.clone();
                json_patch::merge(existing, patch);
                Objects::count_generation(&before, existing);
                let key = self.key(object)?;
                self.objects.collect(&key);
            }
            Change::Status { object, status } => self.existing(object)?["status"] = status.clone(),
            Change::PatchStatus { object, patch } => {
                json_patch::merge(&mut self.existing(object)?["status"], patch);
            }
            Change::Delete(object) => {
                self.existing(object)?;
                let key = self.key(object)?;
                self.objects.delete(&key, self.now);
            }
            Change::Lose {
                context,
                kind,
                reason,
            } => {
                kind.as_deref().map(|kind| self.gvk_of(kind)).transpose()?;
                self.lost
                    .insert((context.clone(), kind.clone()), (*reason, self.now));
            }
            Change::Regain { context, kind } => {
                self.lost.remove(&(context.clone(), kind.clone()));
            }
            Change::Unregister(name) => {
                self.contexts.remove(name);
                self.restart();
            }
            Change::Register(name) => {
                self.contexts.insert(name.clone());
                self.restart();
            }
            Change::Refuse(refusal) => {
                self.key(&refusal.object)?;
                // The last word counts.
                self.refusals.retain(|known| known.object != refusal.object);
                self.refusals.push(refusal.clone());
            }
            Change::Permit(object) => self.refusals.retain(|refusal| refusal.object != *object),
            Change::Restart => self.restart(),
            Change::Nothing => {}
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<Seen> {
        self.settle_anew()?;
        let mut seen = std::mem::take(&mut self.seen);
        if let Some(first) = self.primary() {
            seen.primary = self.objects.get(first).cloned();
            let (key, now) = (first.object_key(), self.now().elapsed);
            let due = self.engine.due(&key);
            let requeue = due.map(|due| due.saturating_sub(now));
            let reasons = self.reasons.get(&key).cloned();
            seen.plan = reasons.map(|reasons| Rest { requeue, reasons });
        }
        Ok(seen)
    }

    fn object(&self, reference: &Reference) -> Result<Option<Value>> {
        Ok(self.objects.get(&self.key(reference)?).cloned())
    }

    fn begin(&mut self, heading: &str, note: Option<&str>) {
        self.transcript.step(heading, note);
    }

    fn transcript(&self) -> Option<&str> {
        Some(self.transcript.text())
    }
}

#[cfg(test)]
mod tests;
