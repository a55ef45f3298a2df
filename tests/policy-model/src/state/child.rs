//! A CassandraTask: who created it, and how far it is.
//!
//! Comes in: nothing. Goes out: small `Copy` types, as in `state`. Nothing is decided or changed here.

/// A CassandraTask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Child {
    /// Who created it, and for which K8ssandraTask.
    pub origin: Origin,
    /// Which one of that name; its uid.
    pub birth: u8,
    /// How far it is.
    pub stage: Stage,
    /// Whether cass-operator has restarted and set another startTime.
    pub again: bool,
    /// Whether its deletion was asked for, and somebody's finalizer holds it.
    pub deleting: bool,
    /// When it was created, started and ended, as readings of the clock.
    pub born: u8,
    /// See `born`.
    pub started: u8,
    /// See `born`.
    pub ended: u8,
}

impl Child {
    /// One that was created just now.
    pub fn new(origin: Origin, birth: u8, clock: u8) -> Child {
        Child {
            origin,
            birth,
            stage: Stage::Waiting,
            again: false,
            deleting: false,
            born: clock,
            started: 0,
            ended: 0,
        }
    }

    /// Whether it belongs to that K8ssandraTask.
    pub fn belongs_to(self, incarnation: u8) -> bool {
        match self.origin {
            Origin::Policy(owner) | Origin::Predecessor(owner) => owner == incarnation,
            Origin::Second | Origin::Earlier | Origin::Unlabelled => false,
        }
    }

    /// Whether it has the labels of the K8ssandraTask.
    pub fn is_labelled(self) -> bool {
        self.origin != Origin::Unlabelled
    }

    /// Whether a second controller is at work with it.
    pub fn is_conflict_at_work(self) -> bool {
        self.origin == Origin::Second && !self.stage.is_done()
    }
}

/// Who created a CassandraTask: this shows in its labels, its mark and its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
pub enum Origin {
    /// The policy, for the K8ssandraTask with this uid, perhaps one of another control plane: labels and a mark.
    Policy(u8),
    /// k8ssandra-operator, for that K8ssandraTask, before the policy adopted it: labels, no mark.
    Predecessor(u8),
    /// A second controller, after the adoption: labels, no mark, younger than the adoption.
    Second,
    /// k8ssandra-operator, for an earlier K8ssandraTask of the name: labels, no mark, older than the task.
    Earlier,
    /// Somebody else: neither labels nor a mark.
    Unlabelled,
}

/// How far a CassandraTask is, as cass-operator's writes show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// No status: waiting for its time, for another task or for cass-operator.
    Waiting,
    /// startTime and active.
    Started,
    /// Running=True, with podStatuses.
    Running {
        /// Whether a pod is counted as succeeded; the counts go up and down.
        counted: bool,
        /// Whether a pod has failed, and Failed=True says so already, as another version of cass-operator might.
        failing: bool,
    },
    /// A restart: never Running=True, and succeeded is stale from the start.
    Quiet,
    /// A refresh: DatacenterUpdated, never Running.
    Refreshing,
    /// As `Started`, for ever.
    Stuck,
    /// completionTime, Complete=True, Running=False.
    Done {
        /// Whether Failed=True beside it.
        failed: bool,
    },
}

impl Stage {
    /// Whether it has ended.
    pub fn is_done(self) -> bool {
        matches!(self, Stage::Done { .. })
    }

    /// Whether Failed is True.
    pub fn has_failed(self) -> bool {
        matches!(
            self,
            Stage::Done { failed: true } | Stage::Running { failing: true, .. }
        )
    }
}
