//! Writes that were not answered are read back. A create that was not carried out when it was read back may still be, for a while: an API server or a
//! proxy holds it up, and another one answers the read.
//!
//! A plan that makes the same create again loses nothing: one of the two finds the name taken. Any other plan might do what must not
//! be done beside it, or end what it would outlive. So the policy is asked again, and the kind is unavailable there until it is known.

use std::time::Duration;

use super::Engine;
use crate::failures::{Cause, NOT_REGISTERED, NOT_SERVED};
use crate::ledger::{Late, Unconfirmed};
use crate::object::{Object, ObjectKey};
use crate::plan::Step;
use crate::work::Now;

impl Engine {
    /// Until an unconfirmed write is read back, its kind is unavailable to the policy.
    pub(super) fn read_back(
        &mut self,
        primary: &ObjectKey,
        write: &Unconfirmed,
        reply: Result<Option<Object>, Cause>,
    ) {
        match reply {
            Ok(Some(object)) => self.overlay(&write.resource, object),
            // What came since it was asked for is not what the answer is about.
            Ok(None) => {
                if let Some(uid) = self.sent.get(primary).and_then(|it| it.known.clone()) {
                    self.overlay_gone(&write.resource, &write.key, &uid);
                }
            }
            // Nobody can have written there.
            Err(Cause { reason, .. }) if matches!(reason.as_str(), NOT_REGISTERED | NOT_SERVED) => {
            }
            Err(_) => return,
        }
        self.confirmed(primary, write);
    }

    pub(super) fn confirmed(&mut self, primary: &ObjectKey, write: &Unconfirmed) {
        self.ledger_mut(primary).unconfirmed.remove(write);
    }

    /// The creates of a primary that may still be carried out, and when each was made.
    pub(super) fn late(&self, primary: &ObjectKey) -> impl Iterator<Item = (Unconfirmed, u64)> {
        let late = self.unseen(primary);
        late.map(|(write, late)| (write.clone(), late.since))
    }

    /// When they are known, if there are any.
    pub(super) fn settled(&self, primary: &ObjectKey) -> Option<Duration> {
        self.unseen(primary).map(|(_, late)| late.until).min()
    }

    /// What cannot be carried out any more is read back once more, unless its object is there.
    pub(super) fn settle(&mut self, now: Now, primary: &ObjectKey) {
        if let Some(ledger) = self.ledgers.get_mut(primary) {
            let caches = &self.caches;
            let settled = ledger.late.extract_if(.., |_, it| it.until <= now.elapsed);
            let unseen =
                settled.filter(|(write, _)| caches.get(&write.resource, &write.key).is_none());
            let unseen = unseen.map(|(write, late)| (write, late.since));
            ledger.unconfirmed.extend(unseen);
        }
    }

    /// Whether a plan does not make all of them again, although nothing has said so far that they may be carried out.
    pub(super) fn leaves_late(&self, primary: &ObjectKey, steps: &[Step]) -> bool {
        let creates = |write: &Unconfirmed| {
            steps.iter().any(|step| match step {
                Step::Create { resource, key, .. } => {
                    (resource, key) == (&write.resource, &write.key)
                }
                _ => false,
            })
        };
        let ledger = self.ledgers.get(primary);
        let is_told =
            |write: &Unconfirmed| ledger.is_some_and(|it| it.is_unconfirmed(&write.resource));
        self.unseen(primary)
            .any(|(write, _)| !creates(write) && !is_told(write))
    }

    /// Those whose object is there have been carried out, or cannot be.
    fn unseen(&self, primary: &ObjectKey) -> impl Iterator<Item = (&Unconfirmed, &Late)> {
        let ledger = self.ledgers.get(primary);
        let late = ledger.into_iter().flat_map(|ledger| &ledger.late);
        late.filter(|(write, _)| self.caches.get(&write.resource, &write.key).is_none())
    }
}
