//! One state of the world: what the API servers hold, what the host has seen of it and is doing, and how much mischief is
//! left.
//!
//! Comes in: nothing. Goes out: small `Copy` types that hash fast, since the checker keeps millions of them. Texts (statuses,
//! failures, plans) are numbers from the tables of the model. Nothing is decided or changed here.

mod budget;
mod child;

pub use budget::{Budget, pay};
pub use child::{Child, ELSEWHERE, Origin, Stage};

use crate::laws::Law;

/// The most datacenters a configuration may have.
pub const MOST: usize = 3;

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
    pub dcs: [Dc; MOST],
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
    /// Whether the host got no answer to a write there, and none yet to the question what became of it.
    pub in_doubt: bool,
}

/// What the host's cache shows of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// What was there when the watch last spoke, with the host's own writes over it.
    Known(Option<Child>),
    /// The watch is lost.
    Blind,
}

/// The host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// Its copy of the K8ssandraTask.
    pub task: Option<Task>,
    /// Its copy of the K8ssandraCluster.
    pub cluster: Option<Cluster>,
    /// Whether it got no answer to a write to the task, and none yet to the question what became of it.
    pub in_doubt: bool,
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
}

impl State {
    /// Whether the host has a question to ask before it decides.
    pub fn has_doubts(&self) -> bool {
        self.host.in_doubt || self.dcs.iter().any(|dc| dc.in_doubt)
    }

    /// The K8ssandraTask was changed by somebody else than the plan that is being carried out.
    pub fn disturb(&mut self) {
        if let Some(exec) = &mut self.host.plan {
            exec.stale = true;
        }
    }

    /// The deletion of the K8ssandraTask is asked for: it goes at once, or its finalizer holds it.
    pub fn delete_task(&mut self) {
        self.disturb();
        self.task = self.task.filter(|task| task.finalizer).map(|task| Task {
            deleting: true,
            ..task
        });
    }
}
