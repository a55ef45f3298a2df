//! One state of the world: what the API servers hold, what the host has seen of it and is doing, and how much may still go
//! wrong.
//!
//! Comes in: nothing. Goes out: small `Copy` types that hash fast, since the checker keeps millions of them. Texts (statuses,
//! failures, plans) are numbers from the tables of the model. Nothing is decided or changed here.

mod child;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use child::{Child, Origin, Stage};

use crate::laws::Law;

/// The most datacenters a configuration may have.
pub const MAX_DCS: usize = 3;

/// A whole state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The K8ssandraTask on the API server.
    pub task: Option<Task>,
    /// How many K8ssandraTasks of that name there have been.
    pub incarnations: u8,
    /// The K8ssandraCluster on the API server.
    pub cluster: Option<Cluster>,
    /// How many K8ssandraClusters of that name there have been.
    pub clusters: u8,
    /// The datacenters, each in a context of its own.
    pub dcs: [Dc; MAX_DCS],
    /// The host.
    pub host: Host,
    /// The moment, see [`crate::clock`].
    pub clock: u8,
    /// What may still go wrong.
    pub left: Budget,
    /// The law that the last step broke; nothing follows such a state.
    pub broken: Option<Law>,
}

/// A K8ssandraTask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// Which one of that name; its uid.
    pub incarnation: u8,
    /// When it was created, as a reading of the clock.
    pub born: u8,
    /// Index of its specification in the configuration.
    pub spec: u8,
    /// Whether our finalizer is on it.
    pub finalizer: bool,
    /// The incarnation of the cluster that it has an owner reference to; 0 is none.
    pub owner: u8,
    /// Whether its deletion was asked for.
    pub deleting: bool,
    /// Its status; 0 is none.
    pub status: u32,
    /// The record in its annotation; 0 is none.
    pub record: u32,
}

/// A K8ssandraCluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cluster {
    /// Which one of that name; its uid.
    pub incarnation: u8,
    /// The datacenters it declares, a bit each.
    pub declares: u8,
    /// Whether its deletion was asked for.
    pub deleting: bool,
}

impl Cluster {
    /// Whether it declares that datacenter.
    pub fn has(self, dc: usize) -> bool {
        self.declares & (1 << dc) != 0
    }
}

/// A datacenter's context and what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dc {
    /// Whether its API server answers.
    pub link: bool,
    /// Whether the host was given it.
    pub registered: bool,
    /// The object under the CassandraTask's name.
    pub child: Option<Child>,
    /// What the host's cache shows.
    pub seen: Seen,
    /// Whether a write of the host there is unconfirmed: it got no answer, and has not read back what became of it.
    pub unconfirmed: bool,
}

impl Dc {
    /// Whether the write there can be read back: not while the watch is lost.
    pub fn can_read_back(&self) -> bool {
        self.unconfirmed && self.link && self.seen != Seen::Unavailable
    }
}

/// What the host's cache shows of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// What was there when the watch last caught up, with the host's own writes over it.
    Known(Option<Child>),
    /// Nothing: the watch is lost.
    Unavailable,
}

/// The host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// Its copy of the K8ssandraTask.
    pub task: Option<Task>,
    /// Its copy of the K8ssandraCluster.
    pub cluster: Option<Cluster>,
    /// Whether a write to the task is unconfirmed.
    pub unconfirmed: bool,
    /// What went wrong and has not succeeded since; 0 is nothing.
    pub failures: u32,
    /// The plan that it is in the middle of.
    pub plan: Option<Exec>,
}

/// A plan that is being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exec {
    /// Which plan.
    pub plan: u32,
    /// The step that comes next.
    pub next: u8,
    /// Whether the K8ssandraTask is another one by now than the one decided upon: writes to it are refused.
    pub stale: bool,
    /// Whether the host has seen that: it carries no more of the plan out.
    pub seen: bool,
}

impl State {
    /// The objects under the CassandraTasks' names.
    pub fn children(&self) -> impl Iterator<Item = Child> {
        self.dcs.iter().filter_map(|dc| dc.child)
    }

    /// Whether the host has a write to read back before it decides.
    pub fn has_unconfirmed(&self) -> bool {
        self.host.unconfirmed || self.dcs.iter().any(|dc| dc.unconfirmed)
    }

    /// Whether one of these writes can be read back.
    pub fn can_read_back(&self) -> bool {
        self.host.unconfirmed || self.dcs.iter().any(Dc::can_read_back)
    }

    /// Somebody else than the plan that is being carried out changes the K8ssandraTask.
    pub fn task_changes(&mut self) {
        if let Some(exec) = &mut self.host.plan {
            exec.stale = true;
        }
    }

    /// The deletion of the K8ssandraTask is asked for: it goes at once, or its finalizer holds it.
    pub fn delete_task(&mut self) {
        self.task_changes();
        self.task = self.task.filter(|task| task.finalizer).map(|task| Task {
            deleting: true,
            ..task
        });
    }
}

/// What may still go wrong: each kind of fault has its own count, so that the space is finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Edits of the task's specification.
    pub edits: u8,
    /// Deletions of the task by people.
    pub deletions: u8,
    /// Deletions of CassandraTasks by people.
    pub child_deletions: u8,
    /// Changes of the cluster: datacenters that come and go, its deletion.
    pub cluster_changes: u8,
    /// Contexts that become unreachable.
    pub outages: u8,
    /// Contexts that are taken from the host.
    pub unregistrations: u8,
    /// Crashes of the host.
    pub crashes: u8,
    /// Writes that are refused though nothing is wrong, or whose answer is lost.
    pub faults: u8,
    /// Restarts of cass-operator that set another startTime.
    pub operator_restarts: u8,
    /// Restores of the task from a backup, without its status.
    pub restores: u8,
    /// CassandraTasks that a second controller creates.
    pub second_creates: u8,
}

/// Takes one from a budget; `None` if there is none left.
pub fn spend(left: &mut u8) -> Option<()> {
    *left = left.checked_sub(1)?;
    Some(())
}

impl fmt::Display for Budget {
    /// "1 edits, 2 crashes".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = serde_json::to_value(self).map_err(|_| fmt::Error)?;
        let counts = counts.as_object().into_iter().flatten();
        let some = counts.filter(|(_, count)| **count != 0);
        let texts = some.map(|(what, count)| format!("{count} {}", what.replace('_', " ")));
        f.write_str(&texts.collect::<Vec<_>>().join(", "))
    }
}
