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
//!      ─▶ failures what it remembers of writes that failed
//! ```

pub mod caches;
mod doubts;
pub mod failures;
mod server;

use crate::decide::View;
use crate::model::{Fault, World};
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
        // Failures are forgotten with the task that they were about.
        let is_gone = next.host.task.is_none();
        let had_failed = is_gone && std::mem::take(&mut next.host.failures) != 0;
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
        // Not modelled, see the README.
        Fault::Forbidden => Err(Failed::Refused("Forbidden", "it is forbidden")),
        Fault::Lost => {
            // Where nothing would have been done anyway, there is nothing to lose.
            write().ok()?;
            Err(SILENCE)
        }
    };
    match outcome {
        Ok(()) => {
            failures::clear(&world.policy, next, step);
            let is_last = usize::from(exec.next) + 1 == plan.steps.len();
            // Deleting the task makes the plan's own version of it stale: so not `exec`, but what has become of it.
            next.host.plan = next.host.plan.filter(|_| !is_last);
            next.host.plan.iter_mut().for_each(|exec| exec.next += 1);
        }
        Err(Failed::Stale) => next.host.plan = None,
        Err(Failed::Refused(reason, message)) => {
            doubts::raise(&world.config, next, step, reason);
            next.host.plan = None;
            failures::raise(&world.policy, next, step, reason, message);
        }
    }
    if !fault.is_smooth() {
        pay(&mut next.left.faults)?;
    }
    Some(())
}

/// There was no answer.
const SILENCE: Failed = Failed::Refused("Timeout", "no answer within 15 s");
