//! Clusters in memory under the engine that the host runs: it asks the policy, checks the plan and has it carried out.
//!
//! In: what happens, and a policy. Out: objects, and a text of every plan. The API servers are the store of
//! `kube-sim`: uids, times, finalizers, owners, definitions. Here is the rest: contexts that do not answer, and writes that are
//! refused. Nothing waits here, and nothing runs at once: a scenario is played the same each time.

mod host;
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use kube_sim::{Definitions, Patch};
use pilothouse_contract::{Manifest, Outcome};
use pilothouse_core::{Engine, ObjectKey, Resource};
use serde_json::{Value, json};

use crate::clusters::{Change, Clusters, Policy, Refusal, Rest, Seen, named};
use crate::reference::Reference;
use crate::scenario::Scenario;
use crate::servers::{Servers, object};
use crate::transcript::Transcript;

/// How often the host may be called between two steps because the policy asked for it.
const MAX_CALLS: usize = 1_000;

/// The clusters, the host and the policy.
pub struct Memory<'p> {
    policy: &'p dyn Policy,
    settings: String,
    manifest: Arc<Manifest>,
    engine: Engine,
    servers: Servers,
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

impl<'p> Memory<'p> {
    /// The clusters at the start of a scenario.
    pub fn new(
        scenario: &Scenario,
        policy: &'p dyn Policy,
        definitions: &Definitions,
    ) -> Result<Self> {
        let manifest = policy
            .describe(&scenario.settings)
            .with_context(|| format!("the policy refuses the settings {}", scenario.settings))?;
        let manifest = Arc::new(manifest);
        let interests = manifest.interests.iter().map(|interest| &interest.gvk);
        let kinds: Vec<_> = interests.chain([&manifest.primary]).collect();
        let mut memory = Self {
            policy,
            settings: scenario.settings.clone(),
            engine: Engine::new(manifest.clone()),
            servers: objects::servers(scenario, definitions, &kinds)?,
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
        for given in &scenario.given {
            let Change::Apply { context, object } = given else {
                continue;
            };
            let restored = memory.servers.give(context, object);
            restored.with_context(|| format!("given {}", named(context.as_deref(), object)))?;
        }
        Ok(memory)
    }

    /// A host that was started anew remembers nothing.
    fn restart(&mut self) {
        self.engine = Engine::new(self.manifest.clone());
        self.servers.restart();
    }

    /// The first primary.
    fn primary(&self) -> Option<Value> {
        let gvk = self.manifest.primary.clone();
        let primaries = Resource { context: None, gvk };
        self.servers.list(&primaries).into_iter().next()
    }
}

impl Clusters for Memory<'_> {
    fn advance(&mut self, now: Timestamp) -> Result<()> {
        // The host is called when it asked for, not only when the scenario goes on.
        let mut calls = 0;
        while let Some(due) = self.engine.next_due()
            && let Ok(at) = self.servers.start.checked_add(due)
            && at <= now
        {
            // What has failed is tried again by the host, not because the policy asks.
            calls += usize::from(self.failing.is_empty());
            if calls > MAX_CALLS {
                bail!("the policy asks to be called again and again: {MAX_CALLS} times until {at}");
            }
            self.servers.now = at.max(self.servers.now);
            self.transcript.moment(self.servers.now);
            self.settle()?;
        }
        self.servers.now = now;
        Ok(())
    }

    fn happen(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Apply { context, object } => self.servers.apply(context, object)?,
            Change::Patch { object, patch } => {
                let patch = Patch::Merge(patch.clone());
                self.servers.patch(object, &patch, false)?;
            }
            Change::Status { object, status } => self.servers.set_status(object, status)?,
            Change::PatchStatus { object, patch } => {
                let patch = Patch::Merge(json!({ "status": patch }));
                self.servers.patch(object, &patch, true)?;
            }
            Change::Delete(object) => self.servers.delete(object)?,
            Change::Lose {
                context,
                kind,
                reason,
            } => {
                kind.as_deref()
                    .map(|kind| self.servers.gvk_of(kind))
                    .transpose()?;
                let since = (*reason, self.servers.now);
                let lost = &mut self.servers.lost;
                lost.insert((context.clone(), kind.clone()), since);
            }
            Change::Regain { context, kind } => {
                self.servers.lost.remove(&(context.clone(), kind.clone()));
            }
            Change::Unregister(name) => {
                self.servers.contexts.remove(name);
                self.restart();
            }
            Change::Register(name) => {
                self.servers.contexts.insert(name.clone());
                self.restart();
            }
            Change::Refuse(refusal) => {
                self.servers.location(&refusal.object)?;
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
            seen.primary = Some(first.clone());
            let (key, now) = (object(first).key, self.servers.now().elapsed);
            let due = self.engine.due(&key);
            let requeue = due.map(|due| due.saturating_sub(now));
            let reasons = self.reasons.get(&key).cloned();
            seen.plan = reasons.map(|reasons| Rest { requeue, reasons });
        }
        Ok(seen)
    }

    fn object(&self, reference: &Reference) -> Result<Option<Value>> {
        self.servers.find(reference)
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
