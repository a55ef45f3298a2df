//! Writes that go wrong: refused, forbidden, or done without an answer.
//!
//! Comes in: nothing. Goes out: a table.

use super::pieces::{FORBID, NOTHING, PLAIN, REVERSED, SHORT, TWO};
use crate::config::Config;
use crate::sights::Sight;
use crate::state::Budget;

const LOST: Config = Config {
    name: "lost answers",
    about: "two datacenters, Forbid: writes and questions that are refused or not answered, an edit, a deletion, a CassandraTask deleted",
    specs: &[FORBID, REVERSED],
    work: PLAIN,
    budget: Budget {
        edits: 1,
        deletions: 1,
        child_deletions: 1,
        faults: 2,
        ..NOTHING
    },
    forbids_writes: true,
    sights: &[
        Sight::Completes,
        Sight::Stops,
        Sight::AnswerLost,
        Sight::StaleWrite,
    ],
    ..TWO
};

/// The same once without a crash, and once with one.
pub const WRITES: &[Config] = &[
    LOST,
    Config {
        name: "lost answers and crashes",
        about: "two datacenters, Forbid: the same with a crash and an outage",
        budget: Budget {
            edits: 1,
            deletions: 1,
            crashes: 1,
            outages: 1,
            faults: 2,
            ..NOTHING
        },
        work: SHORT,
        sights: &[Sight::Completes, Sight::Stops, Sight::StaleWrite],
        ..LOST
    },
];
