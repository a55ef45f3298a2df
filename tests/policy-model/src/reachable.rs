//! What must be reachable: the model would show nothing if it were not.
//!
//! Comes in: a state. Goes out: whether it is one of those.

use policy_properties::laws::{find, is_true};

use crate::checks::checks;
use crate::facts::{Facts, Record};
use crate::model::World;
use crate::render::dc_name;
use crate::state::{Dc, Origin, Seen, Stage, State, Task};

checks! {
    /// Something that must be reachable.
    #[derive(serde::Deserialize)]
    Goal, sometimes by is:
    Completes = "seen: all datacenters complete",
    Stops = "seen: a failure stops the task",
    Lost = "seen: a CassandraTask that had started is lost",
    DeletionBlocked = "seen: an unreachable context blocks the deletion",
    Recreated = "seen: a second task of the name completes",
    /// After a crash, the status does not report a CassandraTask, or reports one that is not there.
    CrashBetween = "seen: a crash between a create and the status that reports it",
    /// An answer was lost.
    AnswerLost = "seen: the host does not know of its own CassandraTask",
    /// The task is another one by now.
    StaleWrite = "seen: a write about to be refused as stale",
    Fixed = "seen: an invalid specification is fixed",
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
    /// The status still reports the higher count.
    CountsDown = "seen: the counts of a CassandraTask went down",
}

fn is(world: &World, state: &State, goal: Goal) -> bool {
    let budget = world.config.budget;
    match (goal, state.task) {
        _ if state.broken.is_some() => false,
        (Goal::Expired, task) => {
            task.is_none() && state.clock > 1 && state.left.deletions == budget.deletions
        }
        (_, None) => false,
        (Goal::AnswerLost, _) => {
            let is_unseen = |dc: &Dc| dc.child.is_some() && dc.seen == Seen::Known(None);
            state.host.failures != 0 && state.dcs.iter().any(is_unseen)
        }
        (Goal::StaleWrite, _) => state.host.plan.is_some_and(|exec| exec.stale),
        (_, Some(task)) => is_reported(world, state, task, goal),
    }
}

/// Whether the status is one of those.
fn is_reported(world: &World, state: &State, task: Task, goal: Goal) -> bool {
    let (budget, mut dcs) = (world.config.budget, world.config.dcs());
    let facts = world.policy.facts(task.status);
    let all_done = dcs.clone().all(|dc| facts.records[dc] == Record::Done);
    let completes = facts.is_complete && all_done;
    match goal {
        Goal::Completes => completes,
        Goal::Recreated => completes && task.incarnation > 1,
        Goal::RunsAgain => completes && state.left.restores < budget.restores,
        Goal::TakenOver => {
            let predecessor = Origin::Predecessor(task.incarnation);
            completes && state.children().any(|child| child.origin == predecessor)
        }
        Goal::Stops => facts.reason == "Finished" && facts.has_failed && !facts.is_complete,
        Goal::Lost => facts.records.contains(&Record::Lost),
        Goal::DeletionBlocked => task.deleting && facts.stalled == "DeletionBlocked",
        Goal::CrashBetween => state.left.crashes < budget.crashes && has_gap(world, state, &facts),
        Goal::Fixed => find(&facts.value, "Invalid").is_some_and(|it| it["status"] == "False"),
        Goal::Stuck => {
            let is_stuck = state.children().any(|child| child.stage == Stage::Stuck);
            is_stuck && ["Started", "Running"].contains(&facts.reason.as_str())
        }
        Goal::StatusLost => facts.stalled == "StatusLost",
        Goal::Conflict => facts.reason == "ConflictingController",
        Goal::NameConflict => facts.invalid.contains("CassandraTask"),
        Goal::ClusterGone => facts.stalled == "ClusterNotFound",
        Goal::FailsAtWork => dcs.any(|dc| {
            let record = &facts.value["datacenters"][dc_name(dc)];
            is_true(record, "Failed") && is_true(record, "Running")
        }),
        Goal::CountsDown => dcs.any(|dc| has_counted_down(state, dc, &facts)),
        Goal::Expired | Goal::AnswerLost | Goal::StaleWrite => false,
    }
}

/// Between two plans, the status and the CassandraTasks differ.
fn has_gap(world: &World, state: &State, facts: &Facts) -> bool {
    let differs = |dc: usize| {
        let is_recorded = facts.records[dc] != Record::None;
        is_recorded != state.dcs[dc].child.is_some()
    };
    state.host.plan.is_none() && world.config.dcs().any(differs)
}

/// The CassandraTask has less to show than the status records of it.
fn has_counted_down(state: &State, dc: usize, facts: &Facts) -> bool {
    let is_at_nothing = |stage| matches!(stage, Stage::Running { counted: false, .. });
    let child = state.dcs[dc].child;
    child.is_some_and(|child| is_at_nothing(child.stage))
        && facts.value["datacenters"][dc_name(dc)]["succeeded"] == 1
}
