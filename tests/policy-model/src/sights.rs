//! What must be reachable: the model would show nothing if it were not.
//!
//! Comes in: a state. Goes out: whether it is one of those.

use crate::checks::checks;
use crate::facts::{Facts, Record, condition, is_true};
use crate::model::{World, dcs};
use crate::render::dc_name;
use crate::state::{Origin, Seen, Stage, State, Task};

checks! {
    /// Something that must be reachable.
    Sight, sometimes by is:
    Completes = "seen: all datacenters complete",
    Stops = "seen: a failure stops the task",
    Lost = "seen: a CassandraTask that had begun is lost",
    DeletionBlocked = "seen: an unreachable context blocks the deletion",
    Recreated = "seen: a second task of the name completes",
    /// After a crash, the status does not tell of a CassandraTask, or tells of one that is not there.
    CrashBetween = "seen: a crash between a create and the status that tells of it",
    /// An answer was lost.
    AnswerLost = "seen: the host does not know of its own CassandraTask",
    /// The task is another one by now.
    StaleWrite = "seen: a write about to be refused as stale",
    PutRight = "seen: a wrong specification put right",
    Expired = "seen: gone at the end of its TTL",
    /// The status says that it runs.
    Stuck = "seen: waiting for a CassandraTask that is stuck",
    ClusterGone = "seen: the status says that the cluster is gone",
    /// cass-operator says Failed before the others have ended.
    FailsAtWork = "seen: the status says of a datacenter that it failed and is still running",
    TakenOver = "seen: a task that k8ssandra-operator began completes",
    StatusLost = "seen: the status says that it was lost in a restore",
    RunsAgain = "seen: a restored task completes",
    /// The status says that another controller is at work.
    Conflict = "seen: a CassandraTask of a second controller is waited for",
    NameConflict = "seen: a foreign CassandraTask makes the task invalid",
    /// The status still tells of the higher count.
    CountsDown = "seen: the counts of a CassandraTask went down",
}

fn is(world: &World, state: &State, sight: Sight) -> bool {
    if state.broken.is_some() {
        return false;
    }
    if sight == Sight::Expired {
        return state.task.is_none()
            && state.clock > 1
            && state.left.deletions == world.config.budget.deletions;
    }
    let Some(task) = state.task else {
        return false;
    };
    let facts = world.policy.facts(task.status);
    let all_done = dcs(&world.config).all(|dc| facts.records[dc] == Record::Done);
    match sight {
        Sight::Completes => facts.is_complete && all_done,
        Sight::Recreated => task.incarnation > 1 && facts.is_complete && all_done,
        Sight::Stops => facts.reason == "Finished" && facts.has_failed && !facts.is_complete,
        Sight::Lost => facts.records.contains(&Record::Lost),
        Sight::DeletionBlocked => task.deleting && facts.stalled == "DeletionBlocked",
        Sight::CrashBetween => {
            state.left.crashes < world.config.budget.crashes && has_gap(world, state, &facts)
        }
        Sight::AnswerLost => state.host.failures != 0 && has_unseen(state),
        Sight::StaleWrite => state.host.plan.is_some_and(|exec| exec.stale),
        Sight::PutRight => {
            condition(&facts.value, "Invalid").is_some_and(|invalid| invalid["status"] == "False")
        }
        Sight::Stuck => {
            let mut children = state.dcs.iter().filter_map(|dc| dc.child);
            let is_stuck = children.any(|child| child.stage == Stage::Stuck);
            is_stuck && ["Started", "Running"].contains(&facts.reason.as_str())
        }
        Sight::TakenOver => facts.is_complete && all_done && has_predecessor(state, task),
        Sight::StatusLost => facts.stalled == "StatusLost",
        Sight::RunsAgain => {
            let is_restored = state.left.restores < world.config.budget.restores;
            is_restored && facts.is_complete && all_done
        }
        Sight::Conflict => facts.reason == "ConflictingController",
        Sight::NameConflict => facts.invalid.contains("CassandraTask"),
        Sight::ClusterGone => facts.stalled == "ClusterNotFound",
        Sight::FailsAtWork => dcs(&world.config).any(|dc| {
            let record = &facts.value["datacenters"][dc_name(dc)];
            is_true(record, "Failed") && is_true(record, "Running")
        }),
        Sight::CountsDown => dcs(&world.config).any(|dc| has_counted_down(state, dc, &facts)),
        Sight::Expired => false,
    }
}

/// Between two plans, the status and the CassandraTasks do not tell the same.
fn has_gap(world: &World, state: &State, facts: &Facts) -> bool {
    let differs = |dc: usize| {
        let is_recorded = facts.records[dc] != Record::None;
        is_recorded != state.dcs[dc].child.is_some()
    };
    state.host.plan.is_none() && dcs(&world.config).any(differs)
}

/// The CassandraTask has less to show than the status records of it.
fn has_counted_down(state: &State, dc: usize, facts: &Facts) -> bool {
    let is_at_nothing = |stage| matches!(stage, Stage::Running { counted: false, .. });
    let child = state.dcs[dc].child;
    child.is_some_and(|child| is_at_nothing(child.stage))
        && facts.value["datacenters"][dc_name(dc)]["succeeded"] == 1
}

fn has_predecessor(state: &State, task: Task) -> bool {
    let mut children = state.dcs.iter().filter_map(|dc| dc.child);
    children.any(|child| child.origin == Origin::Predecessor(task.incarnation))
}

fn has_unseen(state: &State) -> bool {
    state
        .dcs
        .iter()
        .any(|dc| dc.child.is_some() && dc.seen == Seen::Known(None))
}
