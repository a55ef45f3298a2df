//! All kinds of mischief together, a little of each.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{ALLOW, FORBID, NOTHING, TWO};
use crate::config::Config;
use crate::sights::Sight;
use crate::state::Budget;

/// One of each kind.
pub const MIXED: &[Config] = &[Config {
    name: "some of everything",
    about: "two datacenters: an edit, a deletion, a CassandraTask deleted, a change of the cluster, a crash, an outage",
    specs: &[FORBID, ALLOW],
    declares: &[0b11, 0b01],
    budget: Budget {
        edits: 1,
        deletions: 1,
        child_deletions: 1,
        cluster_changes: 1,
        outages: 1,
        crashes: 1,
        ..NOTHING
    },
    sights: &[
        Sight::Completes,
        Sight::Stops,
        Sight::Lost,
        Sight::ClusterGone,
    ],
    ..TWO
}];
