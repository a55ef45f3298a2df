//! What a run explores: how many datacenters, what people may write, and how much may go wrong.
//!
//! Comes in: nothing. Goes out: the configurations, from small ones for every test run to the large ones. No code of the
//! model knows a configuration by its name.

use crate::state::Budget;

/// One specification that people may write.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// In words.
    pub name: &'static str,
    /// dcConcurrencyPolicy: Forbid, or else Allow.
    pub forbid: bool,
    /// `datacenters`, by index; empty for all.
    pub list: &'static [usize],
    /// Whether it names no job, which is wrong.
    pub is_wrong: bool,
}

/// What cass-operator may do with a CassandraTask, besides beginning it and ending it well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Says Running=True.
    pub running: bool,
    /// Counts pods, up and down.
    pub counts: bool,
    /// Says Failed=True while it goes on.
    pub fails_early: bool,
    /// Ends it badly.
    pub fails: bool,
    /// Restarts datacenters, which are never said to run.
    pub quiet: bool,
    /// Refreshes datacenters.
    pub refreshing: bool,
    /// Gets stuck for ever.
    pub stuck: bool,
}

/// One configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// How many datacenters there are.
    pub dcs: usize,
    /// The specifications; the first one is the task's to begin with.
    pub specs: &'static [Spec],
    /// What the cluster may declare, a bit a datacenter; the first is what it declares to begin with.
    pub declares: &'static [u8],
    /// What cass-operator may do.
    pub work: Work,
    /// How much may go wrong.
    pub budget: Budget,
    /// How many K8ssandraTasks of the name there may be.
    pub incarnations: u8,
    /// The last reading of the clock.
    pub clock: u8,
    /// Whether writes may be refused with `Forbidden` too, which the policy tells people of.
    pub forbids_writes: bool,
    /// Whether the deletion of a CassandraTask is held up by somebody's finalizer.
    pub lingers: bool,
    /// The datacenter in which a stranger has the CassandraTask's name.
    pub stranger: Option<usize>,
    /// What must be reachable, or the configuration shows nothing.
    pub sights: &'static [Sight],
}

/// Something that must be reachable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All datacenters complete.
    Completes,
    /// A failure stops the task.
    Stops,
    /// A CassandraTask that had begun is gone.
    Lost,
    /// The deletion is blocked by a context.
    DeletionBlocked,
    /// A second task of the name completes.
    Recreated,
    /// After a crash, the status does not tell of a CassandraTask, or tells of one that is not there.
    CrashBetween,
    /// A lost answer: the host does not know of its own CassandraTask.
    AnswerLost,
    /// A write is refused since the task is another one by now.
    StaleWrite,
    /// Wrong, then put right.
    PutRight,
    /// Gone at the end of its TTL.
    Expired,
    /// A CassandraTask that is stuck, and the status says that it runs.
    Stuck,
    /// The cluster is gone, and the status says so.
    ClusterGone,
}

impl Sight {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Sight::Completes => "seen: all datacenters complete",
            Sight::Stops => "seen: a failure stops the task",
            Sight::Lost => "seen: a CassandraTask that had begun is lost",
            Sight::DeletionBlocked => "seen: an unreachable context blocks the deletion",
            Sight::Recreated => "seen: a second task of the name completes",
            Sight::CrashBetween => "seen: a crash between a create and the status that tells of it",
            Sight::AnswerLost => "seen: the host does not know of its own CassandraTask",
            Sight::StaleWrite => "seen: a write about to be refused as stale",
            Sight::PutRight => "seen: a wrong specification put right",
            Sight::Expired => "seen: gone at the end of its TTL",
            Sight::Stuck => "seen: waiting for a CassandraTask that is stuck",
            Sight::ClusterGone => "seen: the status says that the cluster is gone",
        }
    }

    /// Every one.
    pub const ALL: [Sight; 12] = [
        Sight::Completes,
        Sight::Stops,
        Sight::Lost,
        Sight::DeletionBlocked,
        Sight::Recreated,
        Sight::CrashBetween,
        Sight::AnswerLost,
        Sight::StaleWrite,
        Sight::PutRight,
        Sight::Expired,
        Sight::Stuck,
        Sight::ClusterGone,
    ];
}

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

const PLAIN: Work = Work {
    running: true,
    counts: false,
    fails_early: false,
    fails: true,
    quiet: false,
    refreshing: false,
    stuck: false,
};

/// The quick start, in which nothing goes wrong but the CassandraTasks.
const BASE: Config = Config {
    name: "",
    about: "",
    dcs: 1,
    specs: &[FORBID],
    declares: &[0b1],
    work: PLAIN,
    budget: NOTHING,
    incarnations: 1,
    clock: 0,
    forbids_writes: false,
    lingers: false,
    stranger: None,
    sights: &[],
};

/// Those that every test run explores.
pub fn small() -> Vec<Config> {
    vec![
        Config {
            name: "small: one datacenter, every way of cass-operator",
            about: "all stages, a restart of cass-operator, a crash, the TTL",
            work: Work {
                running: true,
                counts: true,
                fails_early: true,
                fails: true,
                quiet: true,
                refreshing: true,
                stuck: true,
            },
            budget: Budget {
                crashes: 1,
                operator_restarts: 1,
                ..NOTHING
            },
            clock: 2,
            sights: &[Sight::Completes, Sight::Expired, Sight::Stuck],
            ..BASE
        },
        Config {
            name: "small: two datacenters, one at a time",
            about: "an edit that reorders, a crash, an outage",
            dcs: 2,
            specs: &[FORBID, REVERSED],
            declares: &[0b11],
            work: Work {
                running: false,
                fails: true,
                ..PLAIN
            },
            budget: Budget {
                edits: 1,
                crashes: 1,
                outages: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes, Sight::Stops, Sight::CrashBetween],
            ..BASE
        },
    ]
}

/// All the others.
pub fn large() -> Vec<Config> {
    let two = Config {
        dcs: 2,
        specs: &[FORBID, REVERSED, ALLOW, WRONG],
        declares: &[0b11],
        ..BASE
    };
    let three = Config {
        dcs: 3,
        declares: &[0b111],
        ..BASE
    };
    vec![
        Config {
            name: "lost answers",
            about: "two datacenters, Forbid: writes that are refused or whose answers are lost, an edit, a deletion",
            specs: &[FORBID, REVERSED],
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
            ..two
        },
        Config {
            name: "edits",
            about: "two datacenters: edits of list and policy, wrong ones too, a crash, an outage",
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
            ],
            ..two
        },
        Config {
            name: "deleted CassandraTasks",
            about: "two datacenters, Forbid and Allow: people delete CassandraTasks, a crash, an outage",
            specs: &[FORBID, ALLOW],
            budget: Budget {
                edits: 1,
                child_deletions: 2,
                crashes: 1,
                outages: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes, Sight::Stops, Sight::Lost],
            ..two
        },
        Config {
            name: "deletion and re-creation",
            about: "two datacenters: deleted and created again, with contexts that go and are unregistered, a lost answer",
            specs: &[ALLOW, FORBID],
            budget: Budget {
                deletions: 1,
                outages: 1,
                unregistrations: 1,
                crashes: 1,
                faults: 1,
                ..NOTHING
            },
            incarnations: 2,
            work: Work {
                running: false,
                ..PLAIN
            },
            sights: &[Sight::Completes, Sight::DeletionBlocked, Sight::Recreated],
            ..two
        },
        Config {
            name: "deletion that takes its time",
            about: "two datacenters: CassandraTasks that are held by somebody's finalizer while they are deleted",
            specs: &[FORBID, ALLOW],
            budget: Budget {
                edits: 1,
                deletions: 1,
                child_deletions: 1,
                crashes: 1,
                ..NOTHING
            },
            incarnations: 2,
            lingers: true,
            work: Work {
                running: false,
                ..PLAIN
            },
            sights: &[Sight::Completes, Sight::Recreated],
            ..two
        },
        Config {
            name: "the cluster changes",
            about: "two datacenters: the cluster loses and gains datacenters, is deleted and created again; a crash, an outage",
            specs: &[FORBID, REVERSED, ALLOW],
            declares: &[0b11, 0b01, 0b10],
            budget: Budget {
                edits: 1,
                cluster_changes: 1,
                crashes: 1,
                outages: 1,
                ..NOTHING
            },
            work: Work {
                running: false,
                ..PLAIN
            },
            sights: &[Sight::Completes, Sight::ClusterGone],
            ..two
        },
        Config {
            name: "a stranger",
            about: "two datacenters: somebody else's CassandraTask is in the way",
            specs: &[FORBID, REVERSED, ALLOW],
            stranger: Some(1),
            budget: Budget {
                edits: 1,
                child_deletions: 1,
                crashes: 1,
                faults: 1,
                ..NOTHING
            },
            work: Work {
                running: false,
                ..PLAIN
            },
            sights: &[Sight::Completes, Sight::PutRight],
            ..two
        },
        Config {
            name: "three at a time",
            about: "three datacenters, Allow: a crash, a lost answer, an outage",
            specs: &[ALLOW],
            work: Work {
                running: false,
                ..PLAIN
            },
            budget: Budget {
                crashes: 1,
                outages: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes],
            ..three
        },
        Config {
            name: "three, one at a time",
            about: "three datacenters, Forbid: an edit of the order, a crash, an outage, a lost answer",
            specs: &[FORBID, REVERSED],
            budget: Budget {
                edits: 1,
                crashes: 1,
                outages: 1,
                faults: 1,
                ..NOTHING
            },
            sights: &[Sight::Completes, Sight::Stops],
            ..three
        },
    ]
}
