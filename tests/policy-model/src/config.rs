//! What a run explores: how many datacenters, what people may write, and how much may go wrong.
//!
//! Comes in: `configs.yaml`, the table of all configurations. Goes out: their type, small ones and large ones.

use k8ssandra_task_policy::contract::{Outcome, Snapshot};
use serde::Deserialize;

use crate::reachable::Goal;
use crate::state::{Budget, Cluster, MAX_DCS, Origin};

/// One specification that people may write.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Whether dcConcurrencyPolicy is Allow, and not Forbid.
    pub allow: bool,
    /// `datacenters`, by index; empty for all.
    pub list: Vec<usize>,
    /// Whether it names no job, which is invalid.
    pub is_invalid: bool,
}

impl Spec {
    /// Whether it names a datacenter, or all.
    pub fn names(&self, dc: usize) -> bool {
        self.list.is_empty() || self.list.contains(&dc)
    }
}

/// What cass-operator may do with a CassandraTask, besides beginning it and ending it well.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Says Running=True.
    pub running: bool,
    /// Counts pods, up and down.
    pub counts: bool,
    /// Says Failed=True while it goes on, which 1.32 does not.
    pub fails_early: bool,
    /// Never ends it badly.
    pub never_fails: bool,
    /// Restarts datacenters, which are never said to run.
    pub quiet: bool,
    /// Refreshes datacenters.
    pub refreshing: bool,
    /// Gets stuck for ever.
    pub stuck: bool,
}

/// A policy: settings and a snapshot in, what is to be done out.
pub type Decides = fn(&str, &Snapshot) -> Outcome;

/// One configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// How many datacenters there are; the cluster declares all of them to begin with.
    #[serde(rename = "datacenters")]
    pub dcs: usize,
    /// The specifications; the first one is the task's to begin with.
    pub specs: Vec<Spec>,
    /// The datacenters that the cluster may be edited to declare alone.
    pub declared_alone: Vec<usize>,
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
    /// Whether somebody else's finalizer holds a CassandraTask that is deleted.
    pub has_other_finalizers: bool,
    /// Whether the host believes its caches after a write that it got no answer to, without asking what became of it. The
    /// real one asks; one that does not is found out.
    #[serde(skip)]
    pub trusts_caches: bool,
    /// The policy that decides: its own code. A test puts a faulty one in its place, which must be found out.
    #[serde(skip, default = "own_policy")]
    pub policy: Decides,
    /// A datacenter in which a CassandraTask of the name is that is not the task's, and who created that.
    pub foreign: Option<(usize, Origin)>,
    /// Whether k8ssandra-operator began the task, and stopped after any of its writes; or else it was just created.
    pub is_taken_over: bool,
    /// What must be reachable, or the configuration shows nothing.
    pub reaches: Vec<Goal>,
}

impl Default for Config {
    /// Two datacenters, one after the other, and nothing goes wrong but the CassandraTasks.
    fn default() -> Config {
        Config {
            name: String::new(),
            dcs: 2,
            specs: vec![Spec::default()],
            declared_alone: Vec::new(),
            work: Work::default(),
            budget: Budget::default(),
            incarnations: 1,
            clock: 0,
            forbids_writes: false,
            has_other_finalizers: false,
            trusts_caches: false,
            policy: own_policy(),
            foreign: None,
            is_taken_over: false,
            reaches: Vec::new(),
        }
    }
}

fn own_policy() -> Decides {
    k8ssandra_task_policy::reconcile
}

impl Config {
    /// Its datacenters.
    pub fn dcs(&self) -> std::ops::Range<usize> {
        0..self.dcs.min(MAX_DCS)
    }

    /// Whether a specification names a datacenter that the cluster declares.
    pub fn is_target(&self, spec: u8, cluster: Option<Cluster>, dc: usize) -> bool {
        cluster.is_some_and(|cluster| cluster.has(dc)) && self.specs[usize::from(spec)].names(dc)
    }

    /// What the cluster declares to begin with, a bit for each datacenter.
    pub fn declares_all(&self) -> u8 {
        self.dcs().map(|dc| 1 << dc).sum()
    }
}

/// All configurations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configs {
    /// Those that every test run explores in a second.
    pub small: Vec<Config>,
    /// All the others.
    pub large: Vec<Config>,
}

impl Configs {
    /// The table.
    ///
    /// # Panics
    /// If it is invalid, which the tests of this crate would show.
    #[expect(clippy::expect_used, reason = "the table is part of the program")]
    pub fn read() -> Configs {
        serde_saphyr::from_str(include_str!("configs.yaml")).expect("configs.yaml is invalid")
    }

    /// The configuration of that name.
    ///
    /// # Panics
    /// If there is none.
    #[expect(clippy::panic, reason = "only tests name one")]
    pub fn named(name: &str) -> Config {
        let Configs { small, large } = Configs::read();
        let mut all = small.into_iter().chain(large);
        all.find(|config| config.name == name)
            .unwrap_or_else(|| panic!("there is no configuration {name:?}"))
    }
}
