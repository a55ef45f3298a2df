//! Whether a scenario can take its course: all that happens in, the first thing that makes no sense where it stands out.
//!
//! A context that nobody has is not looked at by anybody: a scenario that loses it, or puts an object there, would pass and show
//! nothing. So would one that regains what was not lost.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};

use super::Scenario;
use crate::clusters::Change;
use crate::expect::Expect;
use crate::near::hint;
use crate::reference::{CONTROL_PLANE, Context, Reference, context_name};

/// Whether all that happens can happen.
pub fn check(scenario: &Scenario) -> Result<()> {
    let mut course = Course::of(scenario)?;
    for (number, given) in (1..).zip(&scenario.given) {
        let checked = course.known_in(given);
        checked.with_context(|| format!("given {number}"))?;
    }
    for (number, step) in (1..).zip(&scenario.steps) {
        let checked = course
            .known_in(&step.change)
            .and_then(|()| course.follow(&step.change))
            .and_then(|()| course.expected(&step.expect).context("expect"));
        checked.with_context(|| format!("step {number}"))?;
    }
    Ok(())
}

/// What has come about so far.
struct Course<'a> {
    /// All contexts that there ever are.
    contexts: BTreeSet<&'a str>,
    registered: BTreeSet<&'a str>,
    lost: BTreeSet<(&'a Context, &'a Option<String>)>,
    refused: BTreeSet<&'a Reference>,
}

impl<'a> Course<'a> {
    fn of(scenario: &'a Scenario) -> Result<Self> {
        let registered: BTreeSet<&str> = scenario.contexts.iter().map(String::as_str).collect();
        ensure!(
            !registered.contains(CONTROL_PLANE),
            "contexts: the control plane is always there: leave it out"
        );
        Ok(Self {
            contexts: scenario.all_contexts().collect(),
            registered,
            lost: BTreeSet::new(),
            refused: BTreeSet::new(),
        })
    }

    /// Whether there is such a context.
    fn known(&self, context: &Context) -> Result<()> {
        let name = context_name(context.as_deref());
        if name == CONTROL_PLANE || self.contexts.contains(name) {
            return Ok(());
        }
        let there_are = || {
            [CONTROL_PLANE]
                .into_iter()
                .chain(self.contexts.iter().copied())
        };
        bail!(
            "there is no context `{name}`{}; there are {}; others stand in `contexts`, or are registered by a step",
            hint(name, there_are()),
            there_are().collect::<Vec<_>>().join(", ")
        )
    }

    /// Whether something happens where there is something.
    fn known_in(&self, change: &Change) -> Result<()> {
        let (field, context) = match change {
            Change::Apply { context, .. } => ("context", context),
            Change::Patch { object, .. } => ("patch", &object.context),
            Change::Status { object, .. } | Change::PatchStatus { object, .. } => {
                ("status", &object.context)
            }
            Change::Delete(object) => ("delete", &object.context),
            Change::Lose { context, .. } => ("lose", context),
            Change::Regain { context, .. } => ("regain", context),
            Change::Refuse(refusal) => ("refuse", &refusal.object.context),
            Change::Permit(object) => ("permit", &object.context),
            Change::Unregister(name) => {
                return self.known(&Some(name.clone())).context("unregister");
            }
            Change::Register(_) | Change::Restart | Change::Nothing => return Ok(()),
        };
        self.known(context).context(field)
    }

    /// Goes a step further, if it follows from those before.
    fn follow(&mut self, change: &'a Change) -> Result<()> {
        match change {
            Change::Lose { context, kind, .. } => {
                self.lost.insert((context, kind));
            }
            Change::Regain { context, kind } => {
                let was_lost = self.lost.remove(&(context, kind));
                ensure!(was_lost, "{change}: it was not lost; say it as in `lose`");
            }
            Change::Unregister(name) => {
                let was_there = self.registered.remove(name.as_str());
                ensure!(was_there, "{change}: it is not registered at this time");
            }
            Change::Register(name) => {
                ensure!(name != CONTROL_PLANE, "{change}: it is always there");
                let is_new = self.registered.insert(name);
                ensure!(is_new, "{change}: it is registered already");
            }
            Change::Refuse(refusal) => {
                self.refused.insert(&refusal.object);
            }
            Change::Permit(object) => {
                let was_refused = self.refused.remove(object);
                ensure!(
                    was_refused,
                    "{change}: it was not refused; say it as in `refuse`"
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn expected(&self, expect: &Expect) -> Result<()> {
        let lists = [("created", &expect.created), ("deleted", &expect.deleted)];
        let listed = lists
            .into_iter()
            .flat_map(|(field, list)| list.iter().map(move |object| (field, object)));
        let looked_at = expect.objects.keys().map(|object| ("objects", object));
        for (field, object) in listed.chain(looked_at) {
            let known = self.known(&object.context);
            known.with_context(|| format!("{field}: {object}"))?;
        }
        Ok(())
    }
}
