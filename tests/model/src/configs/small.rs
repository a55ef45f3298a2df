//! The small configurations, which every test run explores in a second.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, EVERY, FORBID, NOTHING, ONE, REVERSED, TWO};
use crate::config::Config;
use crate::sights::Sight;
use crate::state::Budget;

/// Some of each kind of mischief.
pub const SMALL: &[Config] = &[
    Config {
        name: "small: every way of cass-operator",
        about: "one datacenter: all stages, a crash, the TTL",
        work: EVERY,
        budget: Budget {
            crashes: 1,
            ..NOTHING
        },
        clock: 2,
        sights: &[
            Sight::Completes,
            Sight::Expired,
            Sight::Stuck,
            Sight::FailsAtWork,
            Sight::CountsDown,
        ],
        ..ONE
    },
    Config {
        name: "small: one at a time",
        about: "two datacenters: an edit that reorders, a crash, an outage, a CassandraTask deleted",
        specs: &[FORBID, REVERSED],
        budget: Budget {
            edits: 1,
            child_deletions: 1,
            crashes: 1,
            outages: 1,
            ..NOTHING
        },
        sights: &[
            Sight::Completes,
            Sight::Stops,
            Sight::Lost,
            Sight::CrashBetween,
        ],
        ..TWO
    },
    Config {
        name: "small: deleted",
        about: "two datacenters, Allow: a deletion, an outage, another task of that name",
        specs: &[ALLOW],
        budget: Budget {
            deletions: 1,
            outages: 1,
            ..NOTHING
        },
        incarnations: 2,
        sights: &[Sight::DeletionBlocked, Sight::Recreated],
        ..TWO
    },
];
