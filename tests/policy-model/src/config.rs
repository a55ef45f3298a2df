//! What a run explores: how many datacenters, what people may write, and how much may go wrong.
//!
//! Comes in: nothing. Goes out: the types of a configuration. Which ones there are is in `configs`.

use k8ssandra_task_policy::contract::{Outcome, Snapshot};

use crate::sights::Sight;
use crate::state::{Budget, Origin};

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

impl Spec {
    /// Whether it names a datacenter, or all.
    pub fn names(&self, dc: usize) -> bool {
        self.list.is_empty() || self.list.contains(&dc)
    }
}

/// What cass-operator may do with a CassandraTask, besides beginning it and ending it well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Says Running=True.
    pub running: bool,
    /// Counts pods, up and down.
    pub counts: bool,
    /// Says Failed=True while it goes on, which 1.32 does not.
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

/// What there is to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A task that was just created.
    New,
    /// A task that k8ssandra-operator began, and stopped with after any of its writes.
    TakenOver,
}

/// A policy: settings and a snapshot in, what is to be done out.
pub type Decides = fn(&str, &Snapshot) -> Outcome;

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
    /// Whether the host believes its caches after a write that it got no answer to, without asking what became of it. The
    /// real one asks; one that does not is found out.
    pub believes_silence: bool,
    /// The policy that decides: its own code. A test puts a spoilt one in its place, which must be found out.
    pub policy: Decides,
    /// A datacenter in which a CassandraTask of the name is that is not the task's, and who created that.
    pub foreign: Option<(usize, Origin)>,
    /// What there is to begin with.
    pub start: Start,
    /// What must be reachable, or the configuration shows nothing.
    pub sights: &'static [Sight],
}
