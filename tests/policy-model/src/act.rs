//! The moves: what may happen in a state, each written down once, with its description.
//!
//! Comes in: nothing. Goes out: the types of a move. What comes of one is in `host` and `moves`.

use crate::state::Stage;

/// What goes wrong with a step of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// There is no answer, and nothing was done.
    RequestLost,
    /// It was done, and the answer is lost.
    ReplyLost,
    /// It is forbidden.
    Forbidden,
    /// Nothing, but what became of an earlier step cannot be read back.
    ReadLost,
}

impl Fault {
    /// Whether the step itself succeeds, so far as the fault goes.
    pub fn lets_step_succeed(self) -> bool {
        matches!(self, Fault::None | Fault::ReadLost)
    }
}

/// Makes the enum of the moves.
macro_rules! acts {
    ($($name:ident $(($($of:ty),+))? = $text:literal,)*) => {
        /// Something that happens; to what, by datacenter, specification or declared datacenters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $(#[doc = $text] $name $(($($of),+))?,)*
        }

        impl Act {
            /// What happens.
            pub fn text(self) -> &'static str {
                match self {
                    $(Act::$name { .. } => $text,)*
                }
            }
        }
    };
}

acts! {
    Host(Fault) = "the host decides and takes the first step, or takes the next one",
    Crash = "the host crashes and starts again",
    SeeTask = "the watch of K8ssandraTasks catches up",
    SeeCluster = "the watch of K8ssandraClusters catches up",
    See(usize) = "the watch of a context catches up, or is noticed to be lost",
    Work(usize, Stage) = "cass-operator writes the status of a CassandraTask",
    OperatorRestarts(usize) = "cass-operator restarts and sets a later startTime",
    Edit(u8) = "somebody edits the task",
    DeleteTask = "somebody deletes the task",
    CreateTask = "somebody creates the task again",
    CollectTask = "the garbage collector deletes the task, whose cluster is gone",
    Restore = "the task is restored from a backup, without its status and with another uid",
    ForgetRecord = "somebody removes the record of the restored task, so that it runs again",
    SecondCreates(usize) = "a second controller creates a CassandraTask",
    DeleteChild(usize) = "somebody deletes a CassandraTask",
    ChildGoes(usize) = "a CassandraTask that is being deleted goes",
    DatacenterGoes(usize) = "a CassandraTask goes with its datacenter, which the cluster does not declare any more",
    Declare(u8) = "somebody edits which datacenters the cluster declares",
    DeleteCluster = "somebody deletes the cluster",
    ClusterGoes = "the cluster that is being deleted goes",
    CreateCluster = "somebody creates the cluster again",
    Down(usize) = "a context does not answer any more",
    Up(usize) = "a context answers again",
    Unregister(usize) = "the host is started again without a context",
    Register(usize) = "the host is started again with that context",
    Tick = "half an hour passes, or days",
    Pause = "seconds pass: what was refused may be tried again",
}
