//! The configurations: small ones for every test run, and the large ones.
//!
//! Comes in: nothing. Goes out: the lists. The budgets are as large as a few minutes and gigabytes allow; each configuration
//! gives most of its budget to one kind of mischief and mixes some of the others in.

mod large;

pub use large::large;

use crate::config::{Config, Sight, Spec, Work};
use crate::state::Budget;

const fn spec(name: &'static str, forbid: bool, list: &'static [usize]) -> Spec {
    Spec {
        name,
        forbid,
        list,
        is_wrong: false,
    }
}

const FORBID: Spec = spec("Forbid, all datacenters", true, &[]);
const ALLOW: Spec = spec("Allow, all datacenters", false, &[]);
const REVERSED: Spec = spec("Forbid, dc2 then dc1", true, &[1, 0]);
const LAST_FIRST: Spec = spec("Forbid, dc3 then dc1", true, &[2, 0]);
const SECOND_ONLY: Spec = spec("Forbid, dc2 only", true, &[1]);
const WRONG: Spec = Spec {
    is_wrong: true,
    ..spec("Forbid, no job", true, &[])
};

const NOTHING: Budget = Budget {
    edits: 0,
    deletions: 0,
    child_deletions: 0,
    cluster_changes: 0,
    outages: 0,
    unregistrations: 0,
    crashes: 0,
    faults: 0,
    operator_restarts: 0,
};

/// It ends well or badly, and that is all that is seen of it.
const SHORT: Work = Work {
    running: false,
    counts: false,
    fails_early: false,
    fails: true,
    quiet: false,
    refreshing: false,
    stuck: false,
};

/// It says that it runs, and it may get stuck.
const PLAIN: Work = Work {
    running: true,
    stuck: true,
    ..SHORT
};

/// All that cass-operator may do.
const EVERY: Work = Work {
    running: true,
    counts: true,
    fails_early: true,
    fails: true,
    quiet: true,
    refreshing: true,
    stuck: true,
};

/// The quick start, in which nothing goes wrong but the CassandraTasks.
const ONE: Config = Config {
    name: "",
    about: "",
    dcs: 1,
    specs: &[FORBID],
    declares: &[0b1],
    work: SHORT,
    budget: NOTHING,
    incarnations: 1,
    clock: 0,
    forbids_writes: false,
    lingers: false,
    distrusts_silence: true,
    stranger: None,
    sights: &[],
};

const TWO: Config = Config {
    dcs: 2,
    declares: &[0b11],
    ..ONE
};

const THREE: Config = Config {
    dcs: 3,
    declares: &[0b111],
    ..ONE
};

/// Those that every test run explores.
pub fn small() -> Vec<Config> {
    vec![
        Config {
            name: "small: every way of cass-operator",
            about: "one datacenter: all stages, a crash, the TTL",
            work: EVERY,
            budget: Budget {
                crashes: 1,
                ..NOTHING
            },
            clock: 2,
            sights: &[Sight::Completes, Sight::Expired, Sight::Stuck],
            ..ONE
        },
        Config {
            name: "small: one at a time",
            about: "two datacenters: an edit that reorders, a crash, an outage",
            specs: &[FORBID, REVERSED],
            budget: Budget {
                edits: 1,
                crashes: 1,
                outages: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes, Sight::Stops, Sight::CrashBetween],
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
    ]
}
