//! The laws that no step may break: a step's facts in, the law it breaks out.
//!
//! Nothing is changed here, and the policy is not asked: the laws are written down a second time, from its documentation. Those
//! that a plan can break before any of it is carried out are in `decision`; those of a status alone the property tests share.

pub mod decision;

use policy_properties::laws as statuses;

use crate::checks::checks;
use crate::facts::{Facts, Record, RecordFacts};
use crate::model::World;
use crate::plan::Plan;
use crate::state::{Child, Dc, Origin, State, Task};

/// The conditions of a K8ssandraTask.
const CONDITIONS: [&str; 5] = ["Running", "Failed", "Complete", "Invalid", "Stalled"];

checks! {
    /// A law.
    Law, always by World::keeps:
    /// cluster-tasks, Datacenter concurrency.
    OneAtATime = "under Forbid no CassandraTask is created while another of the task is unfinished",
    /// cluster-tasks, Datacenter concurrency: the remaining are cancelled.
    NothingAfterAFailure = "under Forbid nothing is created once a failure was seen",
    /// The record: one of our annotation and the status says so before a create.
    RecordedFirst = "a CassandraTask is created only for a datacenter that is recorded",
    /// Rule 3a.
    NothingAfterARestore = "a task whose record is of another one creates nothing",
    /// Ownership.
    DeletesItsOwn = "no CassandraTask of anybody else is deleted",
    /// Ownership.
    AggregatesItsOwn = "nothing of anybody else's CassandraTask is recorded",
    /// Beside k8ssandra-operator.
    WaitsForSecond = "under Forbid nothing is created while a CassandraTask of a second controller runs",
    /// The record: a create that the API server refused.
    RetriesLater = "a create that was refused is not tried again within 5 s",
    /// Status: what it records as started.
    NothingTwice = "a datacenter that is recorded as started is not started again",
    /// Rule 5, or a deletion would leave it behind.
    FinalizerFirst = "a CassandraTask is created only for a task that has the finalizer",
    /// cluster-tasks, Ownerships and cascade deletion.
    FinalizerStays = "the finalizer stays while a context that is reachable or recorded has a CassandraTask of the task",
    /// Status.
    StartNeverLater = "startTime never moves later",
    /// Status.
    CompletionStays = "completionTime never changes once set",
    /// Status.
    CompleteStays = "Complete never turns back",
    /// Status.
    FailedStays = "Failed in a stopped task never turns back",
    /// Rule 2.
    FinishedIsFrozen = "the status of a finished task is frozen, but for Stalled",
    /// Status.
    TransitionTimes = "lastTransitionTime moves only with its condition's status",
    /// Status.
    RecordsStay = "what is recorded of a datacenter is neither dropped nor reverted, unless its create was refused",
    /// The contract.
    TwoRounds = "the policy decides after it has asked for more twice at most",
    /// The contract.
    WellFormed = "every plan is one that the host accepts",
}

/// Whether a CassandraTask may be created now for a datacenter, by that plan.
pub fn creation(world: &World, state: &State, plan: &Plan, dc: usize) -> Option<Law> {
    let of_the_plan = |task: &Task| task.incarnation == plan.incarnation;
    let Some(task) = state.task.filter(|it| of_the_plan(it) && it.finalizer) else {
        return Some(Law::FinalizerFirst);
    };
    let facts = world.policy.facts(task.status);
    let record = world.policy.record(task.record);
    let is_at_work = |(other, it): (usize, &Dc)| {
        let child = it
            .child
            .filter(|_| is_known(it, task, facts.records[other]));
        // A former target in a context that is not registered is given up.
        let is_given_up = !it.registered && !world.is_target(state, task, other);
        other != dc && !is_given_up && child.is_some_and(|child| !child.stage.is_done())
    };
    let recorded = facts.records[dc];
    if record.task != task.incarnation {
        Some(Law::NothingAfterARestore)
    } else if recorded == Record::None && !record.creating[dc] {
        Some(Law::RecordedFirst)
    } else if plan.forbid && state.dcs.iter().enumerate().any(is_at_work) {
        Some(Law::OneAtATime)
    } else if recorded.rank() >= Record::Started.rank() {
        Some(Law::NothingTwice)
    } else {
        None
    }
}

/// Whether the finalizer may go now: not while a CassandraTask of the task is left where one can tell, or where one is recorded;
/// but one that is over may stay in a context that is not registered.
pub fn release(state: &State, task: Task, recorded: &Facts, record: RecordFacts) -> Option<Law> {
    let record = record.own(task.incarnation);
    let is_left = |(dc, it): (usize, &Dc)| {
        let is_recorded = recorded.records[dc] != Record::None || record.creating[dc];
        let is_own = is_known(it, task, recorded.records[dc]);
        let is_over = recorded.records[dc].rank() >= Record::Done.rank();
        let is_available = it.registered && it.link;
        is_own && (is_available || (is_recorded && (it.registered || !is_over)))
    };
    let mut dcs = state.dcs.iter().enumerate();
    dcs.any(is_left).then_some(Law::FinalizerStays)
}

/// Whether a CassandraTask of the task is there that must be known of: those of k8ssandra-operator only once they are recorded as
/// started, or seen when the plan is made, see `decision`.
fn is_known(it: &Dc, task: Task, recorded: Record) -> bool {
    let has_started = recorded.rank() >= Record::Started.rank();
    let is_known = |child: Child| !matches!(child.origin, Origin::Predecessor(_)) || has_started;
    let own = it.child.filter(|it| it.belongs_to(task.incarnation));
    own.is_some_and(is_known)
}

/// Whether one status may follow another.
pub fn status(before: &Facts, after: &Facts) -> Option<Law> {
    let (old, new) = (&before.value, &after.value);
    let (mut kinds, is_finished) = (CONDITIONS.iter(), before.is_finished);
    let mut records = before.records.iter().zip(&after.records);
    if statuses::starts_later(old, new) {
        Some(Law::StartNeverLater)
    } else if statuses::changes_completion(old, new) {
        Some(Law::CompletionStays)
    } else if statuses::turns_back("Complete", old, new) {
        Some(Law::CompleteStays)
    } else if is_finished && statuses::turns_back("Failed", old, new) {
        Some(Law::FailedStays)
    } else if is_finished && !statuses::is_frozen(old, new) {
        Some(Law::FinishedIsFrozen)
    } else if kinds.any(|kind| statuses::moves_transition(kind, old, new)) {
        Some(Law::TransitionTimes)
    } else if records.any(|(old, new)| is_reverted(*old, *new, after)) {
        Some(Law::RecordsStay)
    } else {
        None
    }
}

/// Whether what was recorded of a datacenter is dropped or reverted. A create that was refused never took place; that the record
/// is refused, too, is the reason of Stalled then.
fn is_reverted(before: Record, after: Record, status: &Facts) -> bool {
    let is_stalled = ["CreateRefused", "RecordRefused"].contains(&status.stalled.as_str());
    let is_refused = before == Record::Known && is_stalled;
    after.rank() < before.rank() && !(after == Record::None && is_refused)
}
