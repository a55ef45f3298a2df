//! What an API server does with a write.
//!
//! Comes in: a step of a plan. Goes out: the world after it and what is answered, or why it was not done. Every write is guarded:
//! a create by its name, a delete by the uid, status and metadata by the version of the K8ssandraTask that was decided
//! upon. The laws watch over what is done here.

use k8ssandra_task_policy::contract::FailureClass;
use pilothouse_core::failures::{Cause, NOT_REGISTERED};

use super::caches::{Answer, next_birth, overlay};
use crate::laws::{self, Law};
use crate::model::World;
use crate::plan::{Plan, Step};
use crate::state::{Child, Exec, Origin, State, Task};

/// Carries a step out.
pub(super) fn write(
    world: &World,
    next: &mut State,
    plan: &Plan,
    step: &Step,
    exec: Exec,
) -> Result<Answer, Cause> {
    match *step {
        Step::Create(dc) => create(world, next, plan, dc),
        Step::DeleteChild(dc, birth) => delete_child(world, next, plan, (dc, birth)),
        Step::DeleteTask(incarnation) => Ok(delete_task(next, incarnation)),
        Step::Metadata(finalizer, owner, record) => {
            patch(world, next, exec, (finalizer, owner, record))
        }
        Step::Status(status) => set_status(world, next, exec, status),
    }
}

fn create(world: &World, next: &mut State, plan: &Plan, dc: usize) -> Result<Answer, Cause> {
    reach(next, dc)?;
    if let Some(existing) = next.dcs[dc].child {
        if existing.origin == Origin::Policy(plan.incarnation) && !existing.deleting {
            // An earlier answer was lost, or a restart came between: it is what was asked for.
            return Ok(Answer::Child(dc, Some(existing)));
        }
        overlay(next, Answer::Child(dc, Some(existing)));
        return Err(Cause::because("AlreadyExists", "it already exists"));
    }
    next.broken = laws::creation(world, next, plan, dc);
    let it = &mut next.dcs[dc];
    let (origin, birth) = (Origin::Policy(plan.incarnation), next_birth(it.seen));
    it.child = Some(Child::new(origin, birth, next.clock));
    Ok(Answer::Child(dc, it.child))
}

fn delete_child(
    world: &World,
    next: &mut State,
    plan: &Plan,
    (dc, birth): (usize, u8),
) -> Result<Answer, Cause> {
    reach(next, dc)?;
    // If it is none of that uid: gone already, or another object has its name by now.
    if let Some(child) = next.dcs[dc].child.filter(|child| child.birth == birth) {
        next.broken = (!child.belongs_to(plan.incarnation)).then_some(Law::DeletesItsOwn);
        next.dcs[dc].child = world.deleted(child);
    }
    Ok(match next.dcs[dc].child {
        None => Answer::ChildGone(dc, birth),
        there => Answer::Child(dc, there),
    })
}

fn delete_task(next: &mut State, incarnation: u8) -> Answer {
    if next.task.is_none_or(|task| task.incarnation != incarnation) {
        return Answer::TaskGone(incarnation);
    }
    next.delete_task();
    match next.task {
        Some(task) => Answer::Task(task),
        None => Answer::TaskGone(incarnation),
    }
}

/// Finalizer, owner reference and record, where the patch names them.
fn patch(
    world: &World,
    next: &mut State,
    exec: Exec,
    (finalizer, owner, record): (Option<bool>, Option<u8>, Option<u32>),
) -> Result<Answer, Cause> {
    let task = current(next, exec)?;
    let patched = Task {
        finalizer: finalizer.unwrap_or(task.finalizer),
        owner: owner.unwrap_or(task.owner),
        record: record.unwrap_or(task.record),
        ..task
    };
    if task.finalizer && !patched.finalizer {
        let facts = world.policy.facts(task.status);
        let record = world.policy.record(task.record);
        next.broken = laws::release(next, task, &facts, record);
    }
    // The last finalizer of one that is being deleted: it goes.
    next.task = (!task.deleting || patched.finalizer).then_some(patched);
    Ok(Answer::Task(patched))
}

fn set_status(world: &World, next: &mut State, exec: Exec, status: u32) -> Result<Answer, Cause> {
    let task = current(next, exec)?;
    next.broken = world.status_law(task, status);
    let written = Task { status, ..task };
    next.task = Some(written);
    Ok(Answer::Task(written))
}

/// The K8ssandraTask, if it is still the one that was decided upon.
fn current(state: &State, exec: Exec) -> Result<Task, Cause> {
    match state.task {
        Some(task) if !exec.stale => Ok(task),
        Some(_) => Err(Cause::because("Conflict", "the object has been modified")),
        // The host reads it: it is gone, and not refused.
        None => Err(Cause {
            class: FailureClass::Conflict,
            ..Cause::because("NotFound", "there is none")
        }),
    }
}

fn reach(state: &State, dc: usize) -> Result<(), Cause> {
    let it = &state.dcs[dc];
    match (it.registered, it.link) {
        (true, true) => Ok(()),
        (true, false) => Err(Cause::unknown("Unreachable", "connection refused")),
        (false, _) => Err(Cause::because(NOT_REGISTERED, "it is not registered")),
    }
}
