//! What the engine remembers of one primary between two reconciles.

use std::collections::BTreeMap;

use pilothouse_contract::{Reason, Selector};

use crate::failures::Failures;
use crate::object::{ObjectKey, Resource};

/// An object on which a write of unknown outcome was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unconfirmed {
    /// Where it is, and of which kind.
    pub resource: Resource,
    /// Which object.
    pub key: ObjectKey,
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
    /// Why the last plan did what it did, or nothing.
    pub reasons: Vec<Reason>,
}
