//! What the configurations are put together from: specifications, what cass-operator may do, and plain configurations.
//!
//! Comes in: nothing. Goes out: constants, each to be changed where a configuration differs.

use crate::config::{Config, Spec, Start, Work};
use crate::state::Budget;

const fn spec(name: &'static str, forbid: bool, list: &'static [usize]) -> Spec {
    Spec {
        name,
        forbid,
        list,
        is_wrong: false,
    }
}

/// One at a time.
pub const FORBID: Spec = spec("Forbid, all datacenters", true, &[]);
/// All at once.
pub const ALLOW: Spec = spec("Allow, all datacenters", false, &[]);
/// One at a time, the second one first.
pub const REVERSED: Spec = spec("Forbid, dc2 then dc1", true, &[1, 0]);
/// One at a time, the last one first, and one left out.
pub const LAST_FIRST: Spec = spec("Forbid, dc3 then dc1", true, &[2, 0]);
/// Only one of them.
pub const SECOND_ONLY: Spec = spec("Forbid, dc2 only", true, &[1]);
/// One that names no job.
pub const WRONG: Spec = Spec {
    is_wrong: true,
    ..spec("Forbid, no job", true, &[])
};

/// Nothing goes wrong.
pub const NOTHING: Budget = Budget {
    edits: 0,
    deletions: 0,
    child_deletions: 0,
    cluster_changes: 0,
    outages: 0,
    unregistrations: 0,
    crashes: 0,
    faults: 0,
    operator_restarts: 0,
    restores: 0,
    second_creates: 0,
};

/// It ends well or badly, and that is all that is seen of it.
pub const SHORT: Work = Work {
    running: false,
    counts: false,
    fails_early: false,
    fails: true,
    quiet: false,
    refreshing: false,
    stuck: false,
};

/// It says that it runs, and it may get stuck.
pub const PLAIN: Work = Work {
    running: true,
    stuck: true,
    ..SHORT
};

/// All that cass-operator may do.
pub const EVERY: Work = Work {
    running: true,
    counts: true,
    fails_early: true,
    fails: true,
    quiet: true,
    refreshing: true,
    stuck: true,
};

/// The quick start, in which nothing goes wrong but the CassandraTasks.
pub const ONE: Config = Config {
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
    believes_silence: false,
    policy: k8ssandra_task_policy::reconcile,
    foreign: None,
    start: Start::New,
    sights: &[],
};

/// The same with two datacenters.
pub const TWO: Config = Config {
    dcs: 2,
    declares: &[0b11],
    ..ONE
};

/// The same with three.
pub const THREE: Config = Config {
    dcs: 3,
    declares: &[0b111],
    ..ONE
};
