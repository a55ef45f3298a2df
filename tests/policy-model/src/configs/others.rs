//! What others than the policy have created: k8ssandra-operator before it, a second controller beside it, and the policy itself
//! before a restore.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, FORBID, NOTHING, REVERSED, TWO};
use crate::config::{Config, Start};
use crate::sights::Sight;
use crate::state::{Budget, ELSEWHERE, Origin};

/// Takeovers, restores, a second controller, and CassandraTasks of other K8ssandraTasks.
pub const OTHERS: &[Config] = &[
    Config {
        name: "taken over",
        about: "two datacenters: k8ssandra-operator began the task; an edit, a CassandraTask deleted, a deletion, a crash, an outage",
        start: Start::TakenOver,
        specs: &[FORBID, REVERSED, ALLOW],
        budget: Budget {
            edits: 1,
            child_deletions: 1,
            deletions: 1,
            crashes: 1,
            outages: 1,
            ..NOTHING
        },
        sights: &[
            Sight::TakenOver,
            Sight::Stops,
            Sight::Lost,
            Sight::DeletionBlocked,
        ],
        ..TWO
    },
    Config {
        name: "taken over, an earlier one in the way",
        about: "two datacenters: the same where a CassandraTask of an earlier task has the name; an edit, a CassandraTask deleted, a deletion, a crash",
        start: Start::TakenOver,
        foreign: Some((1, Origin::Earlier)),
        specs: &[FORBID, REVERSED, ALLOW],
        budget: Budget {
            edits: 1,
            child_deletions: 1,
            deletions: 1,
            crashes: 1,
            ..NOTHING
        },
        sights: &[Sight::TakenOver, Sight::NameConflict],
        ..TWO
    },
    Config {
        name: "restored",
        about: "two datacenters: restored without its status; an edit, or told to run again; CassandraTasks deleted, a deletion, an outage",
        specs: &[FORBID, ALLOW],
        budget: Budget {
            edits: 1,
            child_deletions: 2,
            deletions: 1,
            outages: 1,
            restores: 1,
            ..NOTHING
        },
        sights: &[Sight::StatusLost, Sight::NameConflict, Sight::RunsAgain],
        ..TWO
    },
    Config {
        name: "a second controller",
        about: "two datacenters: it creates CassandraTasks; an edit, a deletion, a crash",
        specs: &[FORBID, ALLOW, REVERSED],
        budget: Budget {
            edits: 1,
            deletions: 1,
            crashes: 1,
            second_creates: 2,
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
        name: "another control plane",
        about: "two datacenters: its CassandraTask has the name; an edit, CassandraTasks deleted, a deletion and another task, a crash, an outage",
        foreign: Some((0, Origin::Policy(ELSEWHERE))),
        specs: &[FORBID, REVERSED, ALLOW],
        budget: Budget {
            edits: 1,
            child_deletions: 2,
            deletions: 1,
            crashes: 1,
            outages: 1,
            ..NOTHING
        },
        incarnations: 2,
        sights: &[Sight::Completes, Sight::NameConflict, Sight::Recreated],
        ..TWO
    },
];
