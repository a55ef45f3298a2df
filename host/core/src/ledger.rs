//! What the engine remembers of one primary between two reconciles.

use std::collections::BTreeMap;
use std::time::Duration;

use pilothouse_contract::{Failure, FailureClass, ObjectRef, Reason, Selector};

use crate::failures::{Cause, Failures};
use crate::object::{ObjectKey, Resource};
use crate::plan::Step;
use crate::work::Now;

/// API servers end a request after a minute by themselves: so long after its answer was given up, nothing comes of it any more.
const LATEST: Duration = Duration::from_secs(60);

/// An object on which a write of unknown outcome was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unconfirmed {
    /// Where it is, and of which kind.
    pub resource: Resource,
    /// Which object.
    pub key: ObjectKey,
}

/// A create that was not answered, and may be carried out although it was not when it was read back.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// When it was made, in milliseconds since the Unix epoch.
    pub since: u64,
    /// Until when it may be carried out, counted as [`Now::elapsed`] is.
    pub until: Duration,
}

/// The record of one primary. When it is reconciled next is the queue's to say.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The uid of the primary that it is about: another one of its name has nothing to do with it.
    pub uid: String,
    /// What the last plan depended on: the next reconcile starts with it.
    pub observes: Vec<Selector>,
    /// What has failed and not succeeded since.
    pub failures: Failures,
    /// The writes of unknown outcome, and when each was made, in milliseconds since the Unix epoch.
    pub unconfirmed: BTreeMap<Unconfirmed, u64>,
    /// The creates that were not answered lately.
    pub late: BTreeMap<Unconfirmed, Late>,
    /// Why the last plan did what it did, or nothing.
    pub reasons: Vec<Reason>,
}

impl Ledger {
    /// Whether a write of unknown outcome was made on an object of that kind.
    pub fn is_unconfirmed(&self, resource: &Resource) -> bool {
        self.unconfirmed.keys().any(|it| it.resource == *resource)
    }

    /// Nobody knows what has become of a write.
    pub fn unanswered(&mut self, now: Now, write: Unconfirmed, is_create: bool) {
        if is_create {
            let (since, until) = (now.wall, now.elapsed + LATEST);
            self.late.insert(write.clone(), Late { since, until });
        }
        self.unconfirmed.entry(write).or_insert(now.wall);
    }

    /// A step of a plan for that primary was carried out. Whether it had failed before.
    pub fn succeeded(&mut self, primary: &ObjectRef, step: &Step) -> bool {
        let target = step.target(primary);
        target.is_some_and(|(object, operation)| self.failures.succeeded(&object, operation))
    }

    /// A step has failed. A write of unknown outcome is unconfirmed from now on. None for an event, which cannot fail.
    pub fn failed(
        &mut self,
        now: Now,
        primary: &ObjectRef,
        step: &Step,
        cause: Cause,
    ) -> Option<Failure> {
        let (object, operation) = step.target(primary)?;
        if cause.class == FailureClass::UnknownOutcome {
            let (resource, key) = Resource::and_key(&object);
            let is_create = matches!(step, Step::Create { .. });
            self.unanswered(now, Unconfirmed { resource, key }, is_create);
        }
        Some(self.failures.record(now.wall, object, operation, cause))
    }
}
