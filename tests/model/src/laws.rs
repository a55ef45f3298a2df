//! The laws that no step may break: a step's facts in, the law it breaks out.
//!
//! Nothing is changed here, and the policy is not asked: the laws are written down a second time, from its documentation.

use serde_json::Value;

use crate::checks::checks;
use crate::decide::View;
use crate::facts::{Facts, Record, condition, is_true};
use crate::model::World;
use crate::plan::Plan;
use crate::render::is_labelled;
use crate::state::{Dc, MOST, Seen, State, Task};

checks! {
    /// A law.
    Law, always by World::keeps:
    /// cluster-tasks, Datacenter concurrency.
    OneAtATime = "under Forbid no CassandraTask is created while another of the task is unfinished",
    /// cluster-tasks, Datacenter concurrency: the remaining are cancelled.
    NothingAfterAFailure = "under Forbid nothing is created once a failure was seen",
    /// Status: what it records as begun.
    NothingTwice = "a datacenter that is recorded as begun is not begun again",
    /// Rule 5, or a deletion would leave it behind.
    FinalizerFirst = "a CassandraTask is created only for a task that has the finalizer",
    /// cluster-tasks, Ownerships and cascade deletion.
    FinalizerStays = "the finalizer stays while a registered context that is reachable or in use has a CassandraTask of the task",
    /// Status.
    StartNeverLater = "startTime never moves later",
    /// Status.
    CompletionStays = "completionTime never changes once set",
    /// Status.
    CompleteStays = "Complete never turns back",
    /// Status.
    FailedStays = "Failed in a stopped task never turns back",
    /// Rule 2.
    FinishedIsFrozen = "the status of a finished task is frozen",
    /// Status.
    TransitionTimes = "lastTransitionTime moves only with its condition's status",
    /// Status.
    RecordsStay = "what is recorded of a datacenter is neither dropped nor taken back",
    /// The contract.
    TwoRounds = "the policy decides after two looks at most",
    /// The contract.
    WellFormed = "every plan is one that the host accepts",
}

/// Whether a CassandraTask may be created now for a datacenter, by that plan; `recorded` is the status on the API server.
pub fn creation(state: &State, plan: &Plan, dc: usize, recorded: &Facts) -> Option<Law> {
    let is_at_work = |(other, it): (usize, &Dc)| {
        let child = it.child.filter(|child| child.owner == plan.incarnation);
        other != dc && child.is_some_and(|child| !child.stage.is_done())
    };
    let task = state
        .task
        .filter(|task| task.incarnation == plan.incarnation);
    let has_begun = !matches!(recorded.records[dc], Record::None | Record::Known);
    if plan.forbid && state.dcs.iter().enumerate().any(is_at_work) {
        Some(Law::OneAtATime)
    } else if task.is_some() && has_begun {
        Some(Law::NothingTwice)
    } else if !task.is_some_and(|task| task.finalizer) {
        Some(Law::FinalizerFirst)
    } else {
        None
    }
}

/// Whether a failure was seen or recorded when a plan is made, so that under Forbid it may create nothing. A target that is
/// recorded as begun and known to be gone is lost, which is a failure too; one that is no target any more may go.
pub fn has_seen_failure(view: &View, recorded: &Facts, is_target: impl Fn(usize) -> bool) -> bool {
    let is_failure = |dc: usize| match view.seen[dc] {
        Seen::Known(Some(child)) if child.owner == view.task.incarnation => {
            child.stage.has_failed()
        }
        Seen::Known(None) if is_target(dc) && recorded.records[dc] == Record::Begun => true,
        _ => recorded.records[dc] == Record::Failed,
    };
    recorded.has_failed || (0..MOST).any(is_failure)
}

/// Whether the finalizer may go now; `is_target` says which datacenters the specification names.
pub fn release(
    state: &State,
    task: Task,
    recorded: &Facts,
    is_target: impl Fn(usize) -> bool,
) -> Option<Law> {
    let is_in_use = |dc: usize| {
        let is_declared = state.cluster.is_some_and(|cluster| cluster.has(dc));
        is_declared && (is_target(dc) || recorded.records[dc] != Record::None)
    };
    let is_left = |(dc, it): (usize, &Dc)| {
        let child = it
            .child
            .filter(|child| is_labelled(*child) && child.owner == task.incarnation);
        child.is_some() && it.registered && (it.link || is_in_use(dc))
    };
    state
        .dcs
        .iter()
        .enumerate()
        .any(is_left)
        .then_some(Law::FinalizerStays)
}

/// Whether one status may follow another; `is_deleting`: a task that is being deleted says so in `Running`.
pub fn status(before: &Facts, after: &Facts, is_deleting: bool) -> Option<Law> {
    let (old, new) = (&before.value, &after.value);
    let time = |status: &Value, name: &str| status[name].as_str().map(str::to_owned);
    let (start, completion) = (time(old, "startTime"), time(old, "completionTime"));
    let mut records = before.records.iter().zip(&after.records);
    // The times are all in UTC and of one length: their texts compare as they do.
    if start.is_some_and(|start| time(new, "startTime").is_none_or(|it| it > start)) {
        Some(Law::StartNeverLater)
    } else if completion.is_some() && completion != time(new, "completionTime") {
        Some(Law::CompletionStays)
    } else if before.is_complete && !after.is_complete {
        Some(Law::CompleteStays)
    } else if before.is_finished && before.has_failed && !after.has_failed {
        Some(Law::FailedStays)
    } else if before.is_finished && !is_frozen(old, new, is_deleting) {
        Some(Law::FinishedIsFrozen)
    } else if !transitions_fit(old, new) {
        Some(Law::TransitionTimes)
    } else if records.any(|(old, new)| new.rank() < old.rank()) {
        Some(Law::RecordsStay)
    } else {
        None
    }
}

fn is_frozen(old: &Value, new: &Value, is_deleting: bool) -> bool {
    let others = |status: &Value| -> Value {
        let mut status = status.clone();
        if let Some(conditions) = status["conditions"].as_array_mut() {
            conditions.retain(|condition| condition["type"] != "Running");
        }
        status
    };
    old == new || (is_deleting && others(old) == others(new))
}

fn transitions_fit(old: &Value, new: &Value) -> bool {
    ["Running", "Failed", "Complete", "Invalid"]
        .iter()
        .all(|kind| {
            let (Some(before), Some(after)) = (condition(old, kind), condition(new, kind)) else {
                return true;
            };
            let has_turned = is_true(old, kind) != is_true(new, kind);
            has_turned || before["lastTransitionTime"] == after["lastTransitionTime"]
        })
}
