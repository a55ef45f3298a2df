//! What happens around the task: the cluster, foreign objects, and cass-operator.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, EVERY, FORBID, NOTHING, REVERSED, TWO};
use crate::config::Config;
use crate::sights::Sight;
use crate::state::{Budget, Origin};

/// The cluster changes, a foreign object has the name, cass-operator is at its worst.
pub const SURROUNDINGS: &[Config] = &[
    Config {
        name: "the cluster changes",
        about: "two datacenters: it loses and gains datacenters, or is deleted and created again; an edit, a crash, an outage",
        specs: &[FORBID, REVERSED, ALLOW],
        declares: &[0b11, 0b01, 0b10],
        budget: Budget {
            edits: 1,
            cluster_changes: 1,
            crashes: 1,
            outages: 1,
            ..NOTHING
        },
        sights: &[Sight::Completes, Sight::ClusterGone],
        ..TWO
    },
    Config {
        name: "the cluster changes twice",
        about: "two datacenters, Forbid: the same twice, a crash, an outage",
        declares: &[0b11, 0b01, 0b10],
        budget: Budget {
            cluster_changes: 2,
            outages: 1,
            crashes: 1,
            ..NOTHING
        },
        sights: &[Sight::Completes, Sight::ClusterGone],
        ..TWO
    },
    Config {
        name: "a foreign object",
        about: "two datacenters: somebody else's CassandraTask is in the way; an edit, a deletion, a crash, a lost answer",
        specs: &[FORBID, REVERSED, ALLOW],
        foreign: Some((1, Origin::Unlabelled)),
        budget: Budget {
            edits: 1,
            child_deletions: 1,
            deletions: 1,
            crashes: 1,
            faults: 1,
            ..NOTHING
        },
        incarnations: 2,
        sights: &[Sight::Completes, Sight::PutRight],
        ..TWO
    },
    Config {
        name: "every way of cass-operator",
        about: "two datacenters, Allow: all stages in any order, restarts of cass-operator that move startTime",
        specs: &[ALLOW],
        work: EVERY,
        budget: Budget {
            operator_restarts: 2,
            ..NOTHING
        },
        sights: &[
            Sight::Completes,
            Sight::Stuck,
            Sight::FailsAtWork,
            Sight::CountsDown,
        ],
        ..TWO
    },
    Config {
        name: "every way of cass-operator, one at a time",
        about: "two datacenters, Forbid: the same with an edit of the list, a crash, an outage, a CassandraTask deleted",
        specs: &[FORBID, REVERSED],
        work: EVERY,
        budget: Budget {
            edits: 1,
            child_deletions: 1,
            crashes: 1,
            outages: 1,
            operator_restarts: 1,
            ..NOTHING
        },
        sights: &[
            Sight::Completes,
            Sight::Stops,
            Sight::Stuck,
            Sight::FailsAtWork,
            Sight::CountsDown,
        ],
        ..TWO
    },
];
