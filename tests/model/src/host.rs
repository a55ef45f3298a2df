//! The host's part: it decides on what it has seen, and carries the plan out step by step, as the real one does.
//!
//! Comes in: a state and what goes wrong with the next step. Goes out: the state after it. Every write is guarded: a create by its name, a
//! delete by the uid, status and metadata by the version of the K8ssandraTask that was decided upon. It stops at the first
//! step that fails; what an API server answers is laid over the caches at once. Taking the snapshot and the first step are
//! one move: what could come between them could as well come before, unseen.

use k8ssandra_task_policy::contract::Failure;

use crate::decide::View;
use crate::laws;
use crate::model::{Fault, World};
use crate::plan::{Plan, Step};
use crate::render;
use crate::state::{Child, Exec, Seen, Stage, State, Task};

/// What an API server answered, to be laid over the caches.
enum Answer {
    Child(usize, Option<Child>),
    ChildGone(usize, u8),
    Task(Task),
    TaskGone(u8),
}

/// Why a step was not carried out.
enum Failed {
    /// The K8ssandraTask is another one by now: decide again.
    Stale,
    /// The API server refused, or did not answer.
    Refused(&'static str, &'static str),
}

/// The host makes its next move; `None` if it has none, or that cannot go wrong with it.
pub fn step(world: &World, state: &State, fault: Fault) -> Option<State> {
    let mut next = *state;
    let Some(exec) = state.host.plan else {
        return decide(world, next, fault);
    };
    // It has asked before it decided.
    (fault != Fault::Unasked).then_some(())?;
    carry_out(world, &mut next, exec, fault)?;
    Some(next)
}

fn decide(world: &World, mut next: State, fault: Fault) -> Option<State> {
    if next.has_doubts() {
        if fault != Fault::Unasked && ask(&mut next) {
            // The answers first: anything may come between them and the decision.
            return (fault == Fault::None).then_some(next);
        }
    } else if fault == Fault::Unasked {
        return None;
    }
    if fault == Fault::Unasked {
        next.left.faults = next.left.faults.checked_sub(1)?;
        if next.host.in_doubt {
            // It decides nothing while it does not know the task itself.
            return Some(next);
        }
    }
    let is_smooth = matches!(fault, Fault::None | Fault::Unasked);
    let Some(view) = View::of(&next) else {
        // The host forgets what is gone.
        let has_failed = std::mem::take(&mut next.host.failure) != 0;
        return (is_smooth && has_failed).then_some(next);
    };
    let decision = world.policy.decide(&world.config, &view);
    if let Some((law, _)) = &decision.broken {
        next.broken = Some(*law);
        return is_smooth.then_some(next);
    }
    if decision.steps.steps.is_empty() {
        let has_failed = std::mem::take(&mut next.host.failure) != 0;
        return (is_smooth && has_failed).then_some(next);
    }
    let exec = Exec {
        plan: decision.plan,
        next: 0,
        stale: next.host.task != next.task,
    };
    next.host.plan = Some(exec);
    carry_out(world, &mut next, exec, fault)?;
    Some(next)
}

fn carry_out(world: &World, next: &mut State, exec: Exec, fault: Fault) -> Option<()> {
    let plan = world.policy.plans.get(exec.plan);
    let (index, step) = plan.steps.get(usize::from(exec.next))?;
    let outcome = match fault {
        Fault::None | Fault::Unasked => {
            on_server(world, next, &plan, step, exec).map(|answer| lay_over(next, answer))
        }
        Fault::Refused => Err(Failed::Refused("Timeout", "no answer within 15 s")),
        Fault::Forbidden => Err(Failed::Refused("Forbidden", "it is forbidden")),
        Fault::Lost => {
            // Where nothing would have been done anyway, there is nothing to lose.
            on_server(world, next, &plan, step, exec).ok()?;
            Err(Failed::Refused("Timeout", "no answer within 15 s"))
        }
    };
    match outcome {
        Ok(()) if usize::from(exec.next) + 1 == plan.steps.len() => {
            next.host.plan = None;
            next.host.failure = 0;
        }
        // Deleting the task makes the plan's own version of it stale: so not `exec`, but what has become of it.
        Ok(()) => next.host.plan.iter_mut().for_each(|exec| exec.next += 1),
        Err(Failed::Stale) => next.host.plan = None,
        Err(Failed::Refused(reason, message)) => {
            doubt(world, next, step, reason);
            next.host.plan = None;
            next.host.failure = world.policy.failures.number(Some(Failure {
                action: *index,
                reason: reason.to_owned(),
                message: format!("{}: {message}", described(step)),
            }));
        }
    }
    if !matches!(fault, Fault::None | Fault::Unasked) {
        next.left.faults = next.left.faults.checked_sub(1)?;
    }
    Some(())
}

/// A write without an answer may have been done: until it is known, what the caches show of its place is no answer either.
fn doubt(world: &World, next: &mut State, step: &Step, reason: &str) {
    let is_silence = matches!(reason, "Timeout" | "Unreachable");
    if !is_silence || world.config.believes_silence {
        return;
    }
    match step {
        Step::Create(dc) | Step::DeleteChild(dc, _) => next.dcs[*dc].in_doubt = true,
        Step::Metadata(..) | Step::Status(_) | Step::DeleteTask(_) => next.host.in_doubt = true,
    }
}

/// The host asks what became of the writes without an answer, and lays the answers over its caches; whether there was any.
fn ask(next: &mut State) -> bool {
    let mut is_answered = std::mem::take(&mut next.host.in_doubt);
    if is_answered {
        next.host.task = next.task;
    }
    for dc in next.dcs.iter_mut().filter(|dc| dc.in_doubt && dc.link) {
        is_answered = true;
        dc.in_doubt = false;
        if let Seen::Known(seen) = &mut dc.seen {
            *seen = dc.child;
        }
    }
    is_answered
}

/// What a step does, in the host's words.
fn described(step: &Step) -> String {
    let child = |verb: &str, dc: usize| {
        let (name, context) = (render::child_name(dc), render::context_name(dc));
        format!(
            "{verb} CassandraTask {}/{name} in {context}",
            render::NAMESPACE
        )
    };
    match step {
        Step::Create(dc) => child("create", *dc),
        Step::DeleteChild(dc, _) => child("delete", *dc),
        Step::DeleteTask(_) => format!(
            "delete K8ssandraTask {}/{}",
            render::NAMESPACE,
            render::TASK
        ),
        Step::Metadata(..) => "patch the metadata".into(),
        Step::Status(_) => "set the status".into(),
    }
}

fn on_server(
    world: &World,
    next: &mut State,
    plan: &Plan,
    step: &Step,
    exec: Exec,
) -> Result<Answer, Failed> {
    match *step {
        Step::Create(dc) => create(world, next, plan, dc),
        Step::DeleteChild(dc, birth) => delete_child(world, next, dc, birth),
        Step::DeleteTask(incarnation) => Ok(delete_task(next, incarnation)),
        Step::Metadata(finalizer, owner) => {
            let task = current(next, exec)?;
            let patched = Task {
                finalizer: finalizer.unwrap_or(task.finalizer),
                owner: owner.unwrap_or(task.owner),
                ..task
            };
            if task.finalizer && !patched.finalizer {
                let facts = world.policy.facts(task.status);
                let is_target = |dc| world.is_target(task, dc);
                next.broken = laws::release(next, task, &facts, is_target);
            }
            // The last finalizer of one that is being deleted: it goes.
            next.task = (!task.deleting || patched.finalizer).then_some(patched);
            Ok(Answer::Task(patched))
        }
        Step::Status(status) => {
            let task = current(next, exec)?;
            next.broken = world.status_law(task, status);
            next.task = Some(Task { status, ..task });
            Ok(Answer::Task(Task { status, ..task }))
        }
    }
}

/// The K8ssandraTask, if it is still the one that was decided upon.
fn current(state: &State, exec: Exec) -> Result<Task, Failed> {
    state.task.filter(|_| !exec.stale).ok_or(Failed::Stale)
}

fn reach(state: &State, dc: usize) -> Result<(), Failed> {
    let it = &state.dcs[dc];
    if it.registered && it.link {
        Ok(())
    } else {
        Err(Failed::Refused("Unreachable", "connection refused"))
    }
}

fn create(world: &World, next: &mut State, plan: &Plan, dc: usize) -> Result<Answer, Failed> {
    reach(next, dc)?;
    if let Some(existing) = next.dcs[dc].child {
        if existing.owner == plan.incarnation && !existing.deleting {
            // An earlier answer was lost, or a restart came between: it is what was asked for.
            return Ok(Answer::Child(dc, Some(existing)));
        }
        lay_over(next, Answer::Child(dc, Some(existing)));
        return Err(Failed::Refused("AlreadyExists", "it already exists"));
    }
    let recorded = world.policy.facts(next.task.map_or(0, |task| task.status));
    next.broken = laws::creation(next, plan, dc, &recorded);
    let clock = next.clock;
    let it = &mut next.dcs[dc];
    // Two uids are enough to tell it from the one that the host may still see; a count would never end.
    let birth = match it.seen {
        Seen::Known(Some(Child { birth: 1, .. })) => 2,
        _ => 1,
    };
    it.child = Some(Child {
        owner: plan.incarnation,
        birth,
        stage: Stage::Waiting,
        again: false,
        deleting: false,
        born: clock,
        began: 0,
        ended: 0,
    });
    Ok(Answer::Child(dc, it.child))
}

fn delete_child(world: &World, next: &mut State, dc: usize, birth: u8) -> Result<Answer, Failed> {
    reach(next, dc)?;
    let child = next.dcs[dc].child.filter(|child| child.birth == birth);
    match child {
        Some(child) if world.config.lingers => {
            next.dcs[dc].child = Some(Child {
                deleting: true,
                ..child
            });
            Ok(Answer::Child(dc, next.dcs[dc].child))
        }
        Some(_) => {
            next.dcs[dc].child = None;
            Ok(Answer::ChildGone(dc, birth))
        }
        // Gone already, or another object has its name by now.
        None => Ok(Answer::ChildGone(dc, birth)),
    }
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

fn lay_over(next: &mut State, answer: Answer) {
    match answer {
        Answer::Child(dc, child) => {
            if let Seen::Known(seen) = &mut next.dcs[dc].seen {
                *seen = child;
            }
        }
        Answer::ChildGone(dc, birth) => {
            if let Seen::Known(seen) = &mut next.dcs[dc].seen {
                *seen = seen.filter(|child| child.birth != birth);
            }
        }
        Answer::Task(task) => next.host.task = Some(task),
        Answer::TaskGone(incarnation) => {
            next.host.task = next
                .host
                .task
                .filter(|task| task.incarnation != incarnation);
        }
    }
}

/// The host starts afresh: no plan, no memory of a failure, and fresh lists of what answers.
pub fn restart(next: &mut State) {
    next.host.plan = None;
    next.host.failure = 0;
    next.host.in_doubt = false;
    next.host.task = next.task;
    next.host.cluster = next.cluster;
    for dc in &mut next.dcs {
        dc.in_doubt = false;
        dc.seen = fresh(dc);
    }
}

/// What a list of a context shows now.
pub fn fresh(dc: &crate::state::Dc) -> Seen {
    if dc.registered && dc.link {
        Seen::Known(dc.child)
    } else {
        Seen::Blind
    }
}
