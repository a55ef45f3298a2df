//! How much a primary may make the host write: one that goes on writing waits, whatever its policy or an admission webhook answers.
//!
//! It is a token bucket, kept as the time at which it is full again. What is counted are reconciles that write, since one plan
//! may have any number of steps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::object::ObjectKey;

/// So far a primary may be ahead of its time: 60 reconciles of its own, or 600 that follow others. Normal work stays below: a primary
/// that creates one object after the other has one of its own for each and some six that follow, 16 s together, which is less than
/// such an object takes; and where they are at work at once, 80 of them may come to their end within one second.
const AHEAD: Duration = Duration::from_secs(600);
/// The cost of a reconcile that the host has begun by itself, a retry or one that the plan asked for: a few follow each other, and
/// then something has to happen before there is more to write.
const OWN: Duration = Duration::from_secs(10);
/// The cost of a reconcile that follows a change by somebody else: nobody reads a progress that changes more often. Not free, since
/// two programs that undo each other's writes follow each other for ever.
const FOLLOWING: Duration = Duration::from_secs(1);

/// The budgets of all primaries. They are those of names: one that is created again has that of the one before.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    /// Those that are not full.
    spent: BTreeMap<ObjectKey, Spent>,
    /// When each of them is full again.
    full: BTreeSet<(Duration, ObjectKey)>,
    /// The primaries that somebody else's change has woken since their last reconcile began.
    woken: BTreeSet<ObjectKey>,
    /// When a reconcile began that has not written yet, and what it costs if it does.
    unpaid: BTreeMap<ObjectKey, (Duration, Duration)>,
}

/// What a primary has written since its budget was full.
#[derive(Clone, Copy, Debug)]
struct Spent {
    full: Duration,
    since: Duration,
    writes: u64,
    is_reported: bool,
}

impl Budgets {
    /// Something has changed that concerns a primary.
    pub fn wake(&mut self, primary: &ObjectKey) {
        self.woken.insert(primary.clone());
    }

    /// A reconcile is to begin. The error says when it may, if not now.
    pub fn begin(&mut self, primary: &ObjectKey, now: Duration) -> Result<(), Duration> {
        let cost = match self.woken.contains(primary) {
            true => FOLLOWING,
            false => OWN,
        };
        let full = self.spent.get(primary).map_or(now, |spent| spent.full);
        let due = (full + cost).saturating_sub(AHEAD);
        if due > now {
            return Err(due);
        }
        self.woken.remove(primary);
        self.unpaid.insert(primary.clone(), (now, cost));
        Ok(())
    }

    /// It writes.
    pub fn write(&mut self, primary: &ObjectKey) {
        let Some((began, cost)) = self.unpaid.remove(primary) else {
            return;
        };
        self.forget_full(began);
        let spent = self.spent.entry(primary.clone()).or_insert(Spent {
            full: began,
            since: began,
            writes: 0,
            is_reported: false,
        });
        self.full.remove(&(spent.full, primary.clone()));
        spent.full += cost;
        spent.writes += 1;
        self.full.insert((spent.full, primary.clone()));
    }

    /// It has ended.
    pub fn end(&mut self, primary: &ObjectKey) {
        self.unpaid.remove(primary);
    }

    /// What there is to be said of a primary that has to wait; once until its budget was full again.
    pub fn report(&mut self, primary: &ObjectKey, now: Duration) -> Option<String> {
        let spent = self.spent.get_mut(primary)?;
        let is_new = !std::mem::replace(&mut spent.is_reported, true);
        let (writes, seconds) = (spent.writes, now.saturating_sub(spent.since).as_secs());
        is_new.then(|| {
            format!(
                "does not come to rest: {writes} writes in the last {seconds} s; further ones wait"
            )
        })
    }

    fn forget_full(&mut self, now: Duration) {
        while let Some((full, primary)) = self.full.first()
            && *full <= now
        {
            self.spent.remove(primary);
            self.full.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_of_who_is_at_rest() {
        let key = |name: &str| ObjectKey {
            namespace: None,
            name: name.into(),
        };
        let mut budgets = Budgets::default();
        for (name, now) in [("a", Duration::ZERO), ("b", OWN), ("c", OWN)] {
            budgets.begin(&key(name), now).unwrap();
            budgets.write(&key(name));
            budgets.end(&key(name));
        }
        assert_eq!((budgets.spent.len(), budgets.full.len()), (2, 2));
        assert!(budgets.woken.is_empty() && budgets.unpaid.is_empty());
    }
}
