//! The small configurations, which every test run explores in a second.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, EVERY, FORBID, NOTHING, ONE, REVERSED, TWO};
use crate::config::{Config, Start};
use crate::sights::Sight;
use crate::state::{Budget, ELSEWHERE, Origin};

/// A foreign CassandraTask has the name of one of the task's.
const FOREIGN: Config = Config {
    specs: &[FORBID, REVERSED],
    budget: Budget {
        edits: 1,
        child_deletions: 1,
        deletions: 1,
        ..NOTHING
    },
    sights: &[Sight::Completes, Sight::NameConflict],
    ..TWO
};

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
    Config {
        name: "small: taken over",
        about: "two datacenters: k8ssandra-operator began the task; an edit that reorders, a crash, a deletion",
        start: Start::TakenOver,
        specs: &[FORBID, REVERSED],
        budget: Budget {
            edits: 1,
            deletions: 1,
            crashes: 1,
            ..NOTHING
        },
        sights: &[Sight::TakenOver, Sight::Stops],
        ..TWO
    },
    Config {
        name: "small: restored",
        about: "two datacenters: restored without its status, told to run again, a CassandraTask deleted",
        budget: Budget {
            edits: 1,
            child_deletions: 1,
            restores: 1,
            ..NOTHING
        },
        sights: &[Sight::StatusLost, Sight::NameConflict, Sight::RunsAgain],
        ..TWO
    },
    Config {
        name: "small: a second controller",
        about: "two datacenters: it creates a CassandraTask before or after the adoption; a CassandraTask deleted, a deletion",
        budget: Budget {
            child_deletions: 1,
            deletions: 1,
            second_creates: 1,
            ..NOTHING
        },
        sights: &[
            Sight::Completes,
            Sight::TakenOver,
            Sight::Conflict,
            Sight::NameConflict,
        ],
        ..TWO
    },
    Config {
        name: "small: of an earlier task",
        about: "two datacenters: a CassandraTask without a mark has the name, older than the task; an edit, a deletion",
        foreign: Some((1, Origin::Earlier)),
        ..FOREIGN
    },
    Config {
        name: "small: of another control plane",
        about: "two datacenters: a CassandraTask with another mark has the name; an edit, a deletion",
        foreign: Some((1, Origin::Policy(ELSEWHERE))),
        ..FOREIGN
    },
];
