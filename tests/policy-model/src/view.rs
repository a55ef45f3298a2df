//! What the host has seen, and what is recorded: all that a decision depends on, and what the laws on decisions go by.
//!
//! Comes in: a state. Goes out: facts of it. Nothing is decided or judged here.

use std::sync::Arc;

use k8ssandra_task_policy::contract::Reason;

use crate::config::{Config, Spec};
use crate::facts::{Facts, RecordFacts};
use crate::policy::Policy;
use crate::state::{Child, Cluster, MAX_DCS, Seen, State, Task};

/// What the host has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// The primary.
    pub task: Task,
    /// Its cluster.
    pub cluster: Option<Cluster>,
    /// What each context showed; nothing where a write is unconfirmed, nor where the host has no such context.
    pub seen: [Seen; MAX_DCS],
    /// Where an unconfirmed write is why it shows nothing.
    pub unconfirmed: [bool; MAX_DCS],
    /// The contexts that the host was given.
    pub registered: [bool; MAX_DCS],
    /// What has failed and not succeeded since.
    pub failures: u32,
    /// The reading of the clock.
    pub clock: u8,
}

impl View {
    /// What the host has seen in a state; `None` if it knows of no K8ssandraTask.
    pub fn of(state: &State) -> Option<View> {
        let seen = |unconfirmed, seen| if unconfirmed { Seen::Unavailable } else { seen };
        Some(View {
            task: state.host.task?,
            cluster: state.host.cluster,
            seen: state.dcs.map(|dc| seen(dc.unconfirmed, dc.seen)),
            unconfirmed: state
                .dcs
                .map(|dc| dc.unconfirmed && dc.seen != Seen::Unavailable),
            registered: state.dcs.map(|dc| dc.registered),
            failures: state.host.failures,
            clock: state.clock,
        })
    }
}

/// A view, with what its K8ssandraTask has recorded, and what the policy says of it.
pub struct Known<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The policy, for its tables.
    pub policy: &'a Policy,
    /// The view.
    pub view: &'a View,
    /// What the status says.
    pub facts: Arc<Facts>,
    /// What the annotation says, whichever K8ssandraTask that was written for.
    pub record: RecordFacts,
    /// The plan's reasons.
    pub reasons: &'a [Reason],
}

impl<'a> Known<'a> {
    /// What is known in a view.
    pub fn new(
        config: &'a Config,
        policy: &'a Policy,
        view: &'a View,
        reasons: &'a [Reason],
    ) -> Known<'a> {
        Known {
            config,
            policy,
            view,
            facts: policy.facts(view.task.status),
            record: policy.record(view.task.record),
            reasons,
        }
    }

    /// The specification.
    pub fn spec(&self) -> &'a Spec {
        &self.config.specs[usize::from(self.view.task.spec)]
    }

    /// Whether the specification names a datacenter and the cluster declares it.
    pub fn is_target(&self, dc: usize) -> bool {
        let Task { spec, .. } = self.view.task;
        self.config.is_target(spec, self.view.cluster, dc)
    }

    /// All of these.
    pub fn targets(&self) -> impl Iterator<Item = usize> {
        self.config.dcs().filter(|dc| self.is_target(*dc))
    }

    /// Whether nothing can be said of a datacenter's CassandraTask.
    pub fn is_unavailable(&self, dc: usize) -> bool {
        self.view.seen[dc] == Seen::Unavailable
    }

    /// What is seen under the CassandraTask's name.
    pub fn child(&self, dc: usize) -> Option<Child> {
        match self.view.seen[dc] {
            Seen::Known(child) => child,
            Seen::Unavailable => None,
        }
    }

    /// The same, if it is the task's own.
    pub fn own(&self, dc: usize) -> Option<Child> {
        let is_own = |child: &Child| child.belongs_to(self.view.task.incarnation);
        self.child(dc).filter(is_own)
    }

    /// The same, if it is not.
    pub fn foreign(&self, dc: usize) -> Option<Child> {
        self.child(dc).filter(|_| self.own(dc).is_none())
    }

    /// Whether a CassandraTask of the task is seen that has not ended.
    pub fn is_at_work(&self, dc: usize) -> bool {
        self.own(dc).is_some_and(|child| !child.stage.is_done())
    }

    /// Whether the record, if it is this task's, lists a datacenter among those that the first creates are for.
    pub fn is_creating(&self, dc: usize) -> bool {
        self.record.own(self.view.task.incarnation).creating[dc]
    }
}
