//! Contexts that do not answer: requests to them fail at once, but for one at a time that finds out whether they answer again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pilothouse_contract::{Context, FailureClass, context_name};

use crate::failures::{Cause, NOT_CONNECTED, NOT_REGISTERED, NOT_SERVED};
use crate::object::ObjectKey;

/// After so many requests in a row without an answer, no more are sent: one may be lost, and so may the one that reads it back.
const MAX_SILENT: u32 = 3;
/// The time until the first request that is sent all the same; it doubles with each that is not answered either.
const FIRST_PROBE: Duration = Duration::from_secs(1);
/// The longest time between two of them: so long it may take until a context is used again that has come back unseen.
const MAX_PROBE: Duration = Duration::from_secs(60);

/// What is known of the contexts that have not answered lately. All others have answered, or were not asked.
#[derive(Clone, Debug, Default)]
pub struct Breakers {
    silent: BTreeMap<Context, Silent>,
}

#[derive(Clone, Debug, Default)]
struct Silent {
    /// How many requests in a row.
    count: u32,
    /// The `Status` reason of the last.
    reason: String,
    /// When one is to be sent all the same, and how long after the one before.
    due: Duration,
    delay: Duration,
    /// For whom one is under way.
    probe: Option<ObjectKey>,
    /// Who was woken to send one.
    woken: Option<ObjectKey>,
    /// Whose requests were not sent: they are woken when it answers.
    waiting: BTreeSet<ObjectKey>,
}

impl Breakers {
    /// Why a request of a primary is not sent now, if it is not.
    pub fn refuse(
        &mut self,
        context: &Context,
        primary: &ObjectKey,
        now: Duration,
    ) -> Option<Cause> {
        let silent = self.silent.get_mut(context)?;
        if !silent.is_open() || (silent.probe.is_none() && silent.due <= now) {
            return None;
        }
        silent.waiting.insert(primary.clone());
        let context = context_name(context);
        Some(Cause {
            // Nothing was changed, so there is nothing to be read back.
            class: FailureClass::Throttled,
            reason: silent.reason.clone(),
            message: format!("not sent: context {context} has not answered lately"),
        })
    }

    /// A request of a primary is sent.
    pub fn sent(&mut self, context: &Context, primary: &ObjectKey) {
        if let Some(silent) = self.silent.get_mut(context)
            && silent.is_open()
        {
            silent.probe.get_or_insert_with(|| primary.clone());
        }
    }

    /// A request of a primary has come to its end. If the context answers, those come back that wait for it.
    pub fn ended<T>(
        &mut self,
        context: &Context,
        primary: &ObjectKey,
        now: Duration,
        reply: Option<&Result<T, Cause>>,
    ) -> BTreeSet<ObjectKey> {
        match reply {
            Some(Err(cause)) if is_silence(cause) => {
                let silent = self.silent.entry(context.clone()).or_default();
                silent.went_on(primary, now, &cause.reason);
            }
            Some(Err(cause)) if is_of_the_host(cause) => self.abandoned(context, primary, now),
            None => self.abandoned(context, primary, now),
            Some(_) => return self.forget(context),
        }
        BTreeSet::new()
    }

    /// A watch there is well again: the next request is sent.
    pub fn probe_now(&mut self, context: &Context) {
        if let Some(silent) = self.silent.get_mut(context) {
            silent.due = Duration::ZERO;
        }
    }

    /// When the next request is to be sent to a context that somebody waits for.
    pub fn next_due(&self) -> Option<Duration> {
        let wanted = self.silent.values().filter(|it| it.is_wanted());
        wanted.map(|it| it.due).min()
    }

    /// Those that are to find out now whether a context answers, one for each.
    pub fn probing(&mut self, now: Duration) -> Vec<ObjectKey> {
        let all = self.silent.values_mut();
        let due = all.filter(|it| it.is_wanted() && it.due <= now);
        due.filter_map(|it| {
            it.woken = it.waiting.pop_first();
            it.woken.clone()
        })
        .collect()
    }

    /// The reconcile of a primary has ended: if it has sent no request to a context that it was woken for, another one may.
    pub fn reconciled(&mut self, primary: &ObjectKey) {
        for silent in self.silent.values_mut() {
            silent.woken.take_if(|woken| woken == primary);
        }
    }

    /// A context answers, or is not registered any more. Those come back that wait for it.
    pub fn forget(&mut self, context: &Context) -> BTreeSet<ObjectKey> {
        let silent = self.silent.remove(context);
        silent.map(|silent| silent.waiting).unwrap_or_default()
    }

    /// Nobody knows whether the context would have answered: the next one finds out.
    fn abandoned(&mut self, context: &Context, primary: &ObjectKey, now: Duration) {
        if let Some(silent) = self.silent.get_mut(context)
            && silent.probe.take_if(|probe| probe == primary).is_some()
        {
            silent.due = now + silent.delay;
        }
    }
}

impl Silent {
    fn is_open(&self) -> bool {
        self.count >= MAX_SILENT
    }

    fn is_wanted(&self) -> bool {
        let is_asked = self.probe.is_some() || self.woken.is_some();
        self.is_open() && !is_asked && !self.waiting.is_empty()
    }

    fn went_on(&mut self, primary: &ObjectKey, now: Duration, reason: &str) {
        reason.clone_into(&mut self.reason);
        let was_probe = self.probe.take_if(|probe| probe == primary).is_some();
        self.count = self.count.saturating_add(1);
        if self.count == MAX_SILENT {
            self.delay = FIRST_PROBE;
        } else if was_probe {
            self.delay = (self.delay * 2).min(MAX_PROBE);
        } else {
            // It was sent before it was known that nothing is answered.
            return;
        }
        self.due = now + self.delay;
    }
}

fn is_silence(cause: &Cause) -> bool {
    cause.class == FailureClass::UnknownOutcome
        && matches!(cause.reason.as_str(), "Timeout" | "Unreachable")
}

/// Whether a failure says nothing of the context: the request was not sent, or the host is at fault.
fn is_of_the_host(cause: &Cause) -> bool {
    matches!(
        cause.reason.as_str(),
        NOT_CONNECTED | NOT_REGISTERED | NOT_SERVED | "Internal"
    )
}
