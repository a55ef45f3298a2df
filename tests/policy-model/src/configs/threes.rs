//! Three datacenters: what two of them cannot show.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, FORBID, LAST_FIRST, NOTHING, PLAIN, REVERSED, SHORT, THREE};
use crate::config::{Config, Work};
use crate::sights::Sight;
use crate::state::Budget;

/// One at a time, at once, now this way and now that, and deleted.
pub const THREES: &[Config] = &[
    Config {
        name: "three, one at a time",
        about: "three datacenters, Forbid: edits of the list, a crash, an outage, a lost answer, a deleted CassandraTask",
        specs: &[FORBID, REVERSED, LAST_FIRST],
        budget: Budget {
            edits: 2,
            child_deletions: 1,
            crashes: 1,
            outages: 1,
            faults: 1,
            ..NOTHING
        },
        sights: &[Sight::Completes, Sight::Stops, Sight::Lost],
        ..THREE
    },
    Config {
        name: "three, failing before the end",
        about: "three datacenters, Forbid: they say that they failed and are at work still; edits of the list, a crash, an outage, a deleted CassandraTask",
        specs: &[FORBID, LAST_FIRST],
        work: Work {
            running: true,
            counts: true,
            fails_early: true,
            ..SHORT
        },
        budget: Budget {
            edits: 2,
            child_deletions: 1,
            crashes: 1,
            outages: 1,
            ..NOTHING
        },
        sights: &[
            Sight::Completes,
            Sight::Stops,
            Sight::Lost,
            Sight::FailsAtWork,
        ],
        ..THREE
    },
    Config {
        name: "three at once",
        about: "three datacenters, Allow: a crash, an outage, a deleted CassandraTask",
        specs: &[ALLOW],
        work: Work {
            stuck: false,
            ..PLAIN
        },
        budget: Budget {
            child_deletions: 1,
            crashes: 1,
            outages: 1,
            ..NOTHING
        },
        sights: &[Sight::Completes, Sight::Lost],
        ..THREE
    },
    Config {
        name: "three, now this way, now that",
        about: "three datacenters: switched between Forbid and Allow, a crash, an outage",
        specs: &[FORBID, ALLOW],
        budget: Budget {
            edits: 3,
            outages: 1,
            crashes: 1,
            ..NOTHING
        },
        sights: &[Sight::Completes, Sight::Stops, Sight::CrashBetween],
        ..THREE
    },
    Config {
        name: "three, deleted",
        about: "three datacenters, Allow: a deletion, an outage, a context unregistered, a crash, another task of that name",
        specs: &[ALLOW],
        budget: Budget {
            deletions: 1,
            unregistrations: 1,
            outages: 1,
            crashes: 1,
            ..NOTHING
        },
        incarnations: 2,
        work: Work {
            fails: false,
            ..SHORT
        },
        sights: &[Sight::Completes, Sight::DeletionBlocked, Sight::Recreated],
        ..THREE
    },
    Config {
        name: "three, one at a time, deleted",
        about: "three datacenters, Forbid: failures, a deletion, an edit, a CassandraTask deleted, a crash, an outage, a lost answer, another task of that name",
        specs: &[FORBID, LAST_FIRST],
        budget: Budget {
            edits: 1,
            deletions: 1,
            child_deletions: 1,
            crashes: 1,
            outages: 1,
            faults: 1,
            ..NOTHING
        },
        incarnations: 2,
        sights: &[
            Sight::Completes,
            Sight::Stops,
            Sight::Lost,
            Sight::DeletionBlocked,
            Sight::Recreated,
        ],
        ..THREE
    },
];
