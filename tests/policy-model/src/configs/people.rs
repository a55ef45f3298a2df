//! What people do to the task and its CassandraTasks.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, FORBID, NOTHING, PLAIN, REVERSED, SECOND_ONLY, TWO, WRONG};
use crate::config::Config;
use crate::sights::Sight;
use crate::state::Budget;

/// They edit it, delete it and create it again, and delete what belongs to it.
pub const PEOPLE: &[Config] = &[
    Config {
        name: "edits",
        about: "two datacenters: edits of list and policy, wrong ones too, a crash, an outage",
        specs: &[FORBID, REVERSED, ALLOW, WRONG, SECOND_ONLY],
        work: PLAIN,
        budget: Budget {
            edits: 2,
            crashes: 1,
            outages: 2,
            ..NOTHING
        },
        sights: &[
            Sight::Completes,
            Sight::Stops,
            Sight::PutRight,
            Sight::CrashBetween,
            Sight::Stuck,
        ],
        ..TWO
    },
    Config {
        name: "edits of a finished task",
        about: "two datacenters: edits at any time, its TTL, a crash",
        specs: &[FORBID, ALLOW, WRONG, SECOND_ONLY],
        budget: Budget {
            edits: 2,
            crashes: 1,
            ..NOTHING
        },
        clock: 2,
        sights: &[Sight::Completes, Sight::Stops, Sight::Expired],
        ..TWO
    },
    Config {
        name: "TTL and outage",
        about: "two datacenters, Forbid: time passes while contexts do not answer; a CassandraTask deleted, a crash",
        budget: Budget {
            child_deletions: 1,
            crashes: 1,
            outages: 2,
            ..NOTHING
        },
        clock: 3,
        sights: &[
            Sight::Completes,
            Sight::Stops,
            Sight::Lost,
            Sight::Expired,
            Sight::DeletionBlocked,
        ],
        ..TWO
    },
    Config {
        name: "deleted CassandraTasks",
        about: "two datacenters: people delete CassandraTasks; an edit, a crash, an outage, a lost answer",
        specs: &[FORBID, ALLOW, REVERSED],
        work: PLAIN,
        budget: Budget {
            edits: 1,
            child_deletions: 2,
            crashes: 1,
            outages: 1,
            faults: 1,
            ..NOTHING
        },
        sights: &[Sight::Completes, Sight::Stops, Sight::Lost],
        ..TWO
    },
    Config {
        name: "deletion and re-creation",
        about: "two datacenters, Allow: contexts that go and are unregistered, a crash, a lost answer",
        specs: &[ALLOW],
        budget: Budget {
            deletions: 1,
            outages: 1,
            unregistrations: 1,
            crashes: 1,
            faults: 1,
            ..NOTHING
        },
        incarnations: 2,
        sights: &[Sight::Completes, Sight::DeletionBlocked, Sight::Recreated],
        ..TWO
    },
    Config {
        name: "deletion that takes its time",
        about: "two datacenters: somebody's finalizers hold CassandraTasks that are deleted; an edit, a crash, an outage",
        specs: &[FORBID, ALLOW],
        budget: Budget {
            edits: 1,
            deletions: 1,
            child_deletions: 1,
            outages: 1,
            crashes: 1,
            ..NOTHING
        },
        incarnations: 2,
        lingers: true,
        sights: &[Sight::Completes, Sight::Recreated],
        ..TWO
    },
];
