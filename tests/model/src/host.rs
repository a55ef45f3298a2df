//! The host's part: it decides on what it has seen, and carries the plan out step by step, as the real one does.
//!
//! Comes in: a state and what goes wrong with the next step. Goes out: the state after it. It stops at the first step that
//! fails; what an API server answers is laid over the caches at once. Taking the snapshot and the first step are one move:
//! what could come between them could as well come before, unseen.
//!
//! ```text
//! host ─▶ doubts   a write without an answer is asked after, before anything else is decided
//!      ─▶ server   what the API server does with a write
//!      ─▶ caches   what the host sees of the world
//! ```

pub mod caches;
mod doubts;
mod server;

use k8ssandra_task_policy::contract::{Failure, FailureClass, Gvk, ObjectRef, Operation};

use crate::decide::View;
use crate::model::{Fault, World};
use crate::plan::Step;
use crate::render;
use crate::state::{Exec, State, pay};
use server::Failed;

/// The host makes its next move; `None` if it has none, or that cannot go wrong with it.
pub fn step(world: &World, state: &State, fault: Fault) -> Option<State> {
    let mut next = *state;
    match state.host.plan {
        None => return decide(world, next, fault),
        // It has asked before it decided.
        Some(_) if fault == Fault::Unasked => return None,
        Some(exec) => carry_out(world, &mut next, exec, fault)?,
    }
    Some(next)
}

fn decide(world: &World, mut next: State, fault: Fault) -> Option<State> {
    match (next.has_doubts(), fault) {
        (false, Fault::Unasked) => return None,
        (true, Fault::Unasked) => {
            pay(&mut next.left.faults)?;
            if next.host.in_doubt {
                // It decides nothing while it does not know the task itself.
                return Some(next);
            }
        }
        // The answers first: anything may come between them and the decision.
        (true, _) if doubts::ask(&mut next) => return (fault == Fault::None).then_some(next),
        _ => {}
    }
    let decision = View::of(&next).map(|view| world.policy.decide(&world.config, &view));
    let is_idle = decision.as_ref().is_none_or(|it| it.is_idle());
    let Some(decision) = decision.filter(|_| !is_idle) else {
        // A failure is forgotten with what it was about, or once there is nothing more to do.
        let had_failed = std::mem::take(&mut next.host.failure) != 0;
        return (fault.is_smooth() && had_failed).then_some(next);
    };
    if let Some((law, _)) = &decision.broken {
        next.broken = Some(*law);
        return fault.is_smooth().then_some(next);
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
    let (_, step) = plan.steps.get(usize::from(exec.next))?;
    let mut write = || server::write(world, next, &plan, step, exec);
    let outcome = match fault {
        Fault::None | Fault::Unasked => write().map(|answer| caches::lay_over(next, answer)),
        Fault::Refused => Err(SILENCE),
        Fault::Forbidden => Err(Failed::Refused("Forbidden", "it is forbidden")),
        Fault::Lost => {
            // Where nothing would have been done anyway, there is nothing to lose.
            write().ok()?;
            Err(SILENCE)
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
            doubts::raise(&world.config, next, step, reason);
            next.host.plan = None;
            let failure = failure(step, reason, message);
            next.host.failure = world.policy.failures.number(Some(failure));
        }
    }
    if !fault.is_smooth() {
        pay(&mut next.left.faults)?;
    }
    Some(())
}

/// There was no answer.
const SILENCE: Failed = Failed::Refused("Timeout", "no answer within 15 s");

/// A failure as the host reports it. Times are left out: they would make each state another.
fn failure(step: &Step, reason: &str, message: &str) -> Failure {
    let (operation, dc) = match step {
        Step::Create(dc) => (Operation::Create, Some(*dc)),
        Step::DeleteChild(dc, _) => (Operation::Delete, Some(*dc)),
        Step::DeleteTask(_) => (Operation::Delete, None),
        Step::Metadata(..) => (Operation::PatchMetadata, None),
        Step::Status(_) => (Operation::SetStatus, None),
    };
    let kind = |group: &str, kind: &str| Gvk {
        group: group.to_owned(),
        version: "v1alpha1".to_owned(),
        kind: kind.to_owned(),
    };
    let (gvk, name) = match dc {
        Some(dc) => (
            kind("control.k8ssandra.io", "CassandraTask"),
            render::child_name(dc),
        ),
        None => (
            kind("control.k8ssandra.io", "K8ssandraTask"),
            render::TASK.to_owned(),
        ),
    };
    let object = ObjectRef {
        context: dc.map(render::context_name),
        gvk,
        namespace: Some(render::NAMESPACE.to_owned()),
        name,
    };
    Failure {
        object,
        operation,
        class: match reason {
            "Timeout" | "Unreachable" => FailureClass::UnknownOutcome,
            _ => FailureClass::Refused,
        },
        reason: reason.to_owned(),
        message: message.to_owned(),
        first: 0,
        last: 0,
        attempts: 1,
    }
}
