//! What a run explores: how many datacenters, what people may write, and how much may go wrong.
//!
//! Comes in: nothing. Goes out: the types of a configuration. Which ones there are is in `configs`.

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
    /// Whether the host distrusts its caches after a write that it got no answer to, until the watch has spoken: of the
    /// context where it created something, or of the K8ssandraTask. The real one does; one that does
    /// not is there to be found out.
    pub distrusts_silence: bool,
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
