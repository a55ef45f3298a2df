//! Clusters in memory, with a host in miniature: it asks the policy, checks the plan and carries it out, as the real one does.
//!
//! In: what happens, and a policy. Out: objects, and a text of every plan. It knows as much of Kubernetes as a policy can
//! notice: uids, creation times, finalizers, owners, contexts that do not answer, writes that are refused. Nothing waits
//! here, and nothing runs at once: a story is played the same each time.

mod host;
mod objects;
mod observe;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use pilothouse_contract::{Gvk, Manifest, Selector, UnavailableReason};
use pilothouse_core::Failures;
use serde_json::Value;

use crate::clusters::{Change, Clusters, Policy, Refusal, Rest, Seen};
use crate::near::hint;
use crate::reference::{Context, Reference};
use crate::scenario::Scenario;
use crate::transcript::Transcript;
use objects::{Key, Objects};

/// How often the host may be called between two steps because the policy asked for it.
const MOST_CALLS: usize = 1_000;

/// The clusters, the host and the policy.
pub struct Memory<'p> {
    policy: &'p dyn Policy,
    settings: String,
    manifest: Manifest,
    now: Timestamp,
    objects: Objects,
    /// The registered remote contexts.
    contexts: BTreeSet<String>,
    /// What cannot be reached: a context, or a kind in it.
    lost: BTreeMap<(Context, Option<String>), (UnavailableReason, Timestamp)>,
    refusals: Vec<Refusal>,
    /// What went wrong since the last change.
    failed: BTreeSet<(Key, String)>,
    /// What has failed and not succeeded since, by primary.
    failures: BTreeMap<Key, Failures>,
    /// What the last plan depended on, by primary: the next reconcile starts with it.
    observes: BTreeMap<Key, Vec<Selector>>,
    /// When each primary wants to be reconciled again, and why nothing is done until then.
    rests: BTreeMap<Key, (Option<Timestamp>, Rest)>,
    seen: Seen,
    transcript: Transcript,
}

impl<'p> Memory<'p> {
    /// The clusters at the start of a scenario.
    pub fn new(scenario: &Scenario, policy: &'p dyn Policy) -> Result<Self> {
        let manifest = policy
            .describe(&scenario.settings)
            .with_context(|| format!("the policy refuses the settings {}", scenario.settings))?;
        let mut memory = Self {
            policy,
            settings: scenario.settings.clone(),
            now: scenario.start,
            objects: Objects::default(),
            contexts: scenario.contexts.iter().cloned().collect(),
            lost: BTreeMap::new(),
            refusals: Vec::new(),
            failed: BTreeSet::new(),
            failures: BTreeMap::new(),
            observes: BTreeMap::new(),
            rests: BTreeMap::new(),
            seen: Seen::default(),
            transcript: Transcript::default(),
            manifest,
        };
        memory.transcript.story(&scenario.story);
        for change in &scenario.given {
            memory.happen(change)?;
        }
        Ok(memory)
    }

    /// A host that was started anew remembers nothing.
    fn restart(&mut self) {
        self.failures.clear();
        self.observes.clear();
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

    fn is_primary(&self, key: &Key) -> bool {
        key.context.is_none() && key.gvk == self.manifest.primary
    }

    fn primaries(&self) -> Vec<Key> {
        let all = self.objects.keys();
        all.filter(|key| self.is_primary(key)).cloned().collect()
    }
}

impl Clusters for Memory<'_> {
    fn advance(&mut self, now: Timestamp) -> Result<()> {
        // The host is called when it asked for, not only when the story goes on.
        let mut calls = 0;
        while let Some(due) = self.rests.values().filter_map(|(due, _)| *due).min()
            && due <= now
        {
            calls += 1;
            if calls > MOST_CALLS {
                bail!(
                    "the policy asks to be called again and again: {MOST_CALLS} times until {due}"
                );
            }
            self.now = due.max(self.now);
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
        self.settle()?;
        let mut seen = std::mem::take(&mut self.seen);
        if let Some(first) = self.primaries().first() {
            seen.primary = self.objects.get(first).cloned();
            seen.plan = self.rests.get(first).map(|(_, rest)| rest.clone());
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
