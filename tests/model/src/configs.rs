//! The configurations: small ones for every test run, and the large ones.
//!
//! Comes in: nothing. Goes out: the lists. The budgets are as large as a few minutes and gigabytes allow; each configuration
//! gives most of its budget to one kind of mischief and mixes some of the others in.

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
    distrusts_silence: false,
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

/// All the others.
pub fn large() -> Vec<Config> {
    let mut configs = people();
    configs.extend(writes());
    configs.extend(surroundings());
    configs.extend(threes());
    configs
}

/// What people do to the task and its CassandraTasks.
fn people() -> Vec<Config> {
    vec![
        Config {
            name: "edits",
            about: "two datacenters: edits of list and policy, wrong ones too, a crash, an outage",
            specs: &[FORBID, REVERSED, ALLOW, WRONG, SECOND_ONLY],
            work: PLAIN,
            budget: Budget {
                edits: 2,
                crashes: 1,
                outages: 1,
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
            name: "deleted CassandraTasks",
            about: "two datacenters: people delete CassandraTasks; an edit, a crash, an outage",
            specs: &[FORBID, ALLOW, REVERSED],
            work: PLAIN,
            budget: Budget {
                edits: 1,
                child_deletions: 2,
                crashes: 1,
                outages: 1,
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
            distrusts_silence: true,
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
    ]
}

/// Writes that go wrong.
fn writes() -> Vec<Config> {
    let lost = Config {
        name: "lost answers",
        about: "two datacenters, Forbid: writes that are refused or not answered, an edit, a deletion",
        specs: &[FORBID, REVERSED],
        work: PLAIN,
        budget: Budget {
            edits: 1,
            deletions: 1,
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
    vec![
        lost.clone(),
        Config {
            name: "lost answers, distrusted",
            about: "the same with a crash and an outage, and a host that distrusts silence",
            budget: Budget {
                edits: 1,
                deletions: 1,
                crashes: 1,
                outages: 1,
                faults: 2,
                ..NOTHING
            },
            work: SHORT,
            distrusts_silence: true,
            sights: &[Sight::Completes, Sight::Stops, Sight::StaleWrite],
            ..lost
        },
    ]
}

/// The cluster, strangers, and cass-operator.
fn surroundings() -> Vec<Config> {
    vec![
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
            about: "two datacenters, Forbid: the same twice, a crash",
            declares: &[0b11, 0b01, 0b10],
            budget: Budget {
                cluster_changes: 2,
                crashes: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes, Sight::ClusterGone],
            ..TWO
        },
        Config {
            name: "a stranger",
            about: "two datacenters: somebody else's CassandraTask is in the way; an edit, a deletion, a crash, a lost answer",
            specs: &[FORBID, REVERSED, ALLOW],
            stranger: Some(1),
            budget: Budget {
                edits: 1,
                child_deletions: 1,
                deletions: 1,
                crashes: 1,
                faults: 1,
                ..NOTHING
            },
            incarnations: 2,
            distrusts_silence: true,
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
            sights: &[Sight::Completes, Sight::Stuck],
            ..TWO
        },
    ]
}

/// Three datacenters.
fn threes() -> Vec<Config> {
    vec![
        Config {
            name: "three, one at a time",
            about: "three datacenters, Forbid: edits of the list, a crash, an outage, a lost answer, a deleted CassandraTask",
            specs: &[FORBID, REVERSED, LAST_FIRST],
            budget: Budget {
                edits: 1,
                child_deletions: 1,
                crashes: 1,
                outages: 1,
                faults: 1,
                ..NOTHING
            },
            distrusts_silence: true,
            sights: &[Sight::Completes, Sight::Stops, Sight::Lost],
            ..THREE
        },
        Config {
            name: "three at once",
            about: "three datacenters, Allow: a crash, an outage, a deleted CassandraTask",
            specs: &[ALLOW],
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
            about: "three datacenters: switched between Forbid and Allow, a crash",
            specs: &[FORBID, ALLOW],
            budget: Budget {
                edits: 2,
                crashes: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes, Sight::Stops, Sight::CrashBetween],
            ..THREE
        },
        Config {
            name: "three, deleted",
            about: "three datacenters, Allow: a deletion, an outage, a crash, another task of that name",
            specs: &[ALLOW],
            budget: Budget {
                deletions: 1,
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
    ]
}
