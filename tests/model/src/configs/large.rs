//! The large configurations, by what most of their budget goes to.
//!
//! Comes in: nothing. Goes out: the list.

use super::{
    ALLOW, EVERY, FORBID, LAST_FIRST, NOTHING, PLAIN, REVERSED, SECOND_ONLY, SHORT, THREE, TWO,
    WRONG,
};
use crate::config::{Config, Sight, Work};
use crate::state::Budget;

/// All the others.
pub fn large() -> Vec<Config> {
    let mut configs = people();
    configs.extend(writes());
    configs.extend(surroundings());
    configs.extend(threes());
    configs.push(everything());
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
                outages: 2,
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
            about: "two datacenters: people delete CassandraTasks; an edit, a crash, an outage, a lost answer",
            specs: &[FORBID, ALLOW, REVERSED],
            work: PLAIN,
            budget: Budget {
                edits: 1,
                child_deletions: 2,
                crashes: 1,
                outages: 1,
                faults: 1,
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

/// Some of everything.
fn everything() -> Config {
    Config {
        name: "some of everything",
        about: "two datacenters: an edit, a deletion, a CassandraTask deleted, a change of the cluster, a crash, an outage, a lost answer",
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
    }
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
            name: "lost answers, and worse",
            about: "the same with a crash and an outage",
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
    ]
}
