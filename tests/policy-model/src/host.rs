//! The host's part: it decides on what it has seen, and carries the plan out step by step, as the real one does.
//!
//! Comes in: a state and what goes wrong with the next step. Goes out: the state after it. It stops at the first step that
//! fails; the host's own writes show in its caches at once. Taking the snapshot and the first step are one move:
//! what could come between them could as well come before, unseen.
//!
//! ```text
//! host ─▶ server   what the API server does with a write
//!      ─▶ caches   what the host sees of the world
//!      ─▶ ledger   what it remembers of writes that failed, and reads back before anything else is decided
//! ```

pub mod caches;
pub mod ledger;
mod server;

use pilothouse_core::failures::Cause;

use crate::act::Fault;
use crate::model::World;
use crate::plan::Step;
use crate::state::{Exec, State, spend};
use crate::view::View;

/// The host makes its next move; `None` if it has none, or that cannot go wrong with it.
pub fn step(world: &World, state: &State, fault: Fault) -> Option<State> {
    let mut next = *state;
    match state.host.plan {
        None => return decide(world, next, fault),
        // It has asked before it decided.
        Some(_) if fault == Fault::ReadLost => return None,
        Some(exec) => carry_out(world, &mut next, exec, fault)?,
    }
    Some(next)
}

fn decide(world: &World, mut next: State, fault: Fault) -> Option<State> {
    match (next.has_unconfirmed(), fault) {
        (false, Fault::ReadLost) => return None,
        (true, Fault::ReadLost) => spend(&mut next.left.faults)?,
        // The answers first: anything may come between them and the decision.
        (true, _) if ledger::read_back(&mut next) => {
            if next.host.task.is_none() {
                ledger::forget(&mut next);
            }
            return (fault == Fault::None).then_some(next);
        }
        _ => {}
    }
    let Some(view) = View::of(&next) else {
        return (ledger::forget(&mut next) && fault.lets_step_succeed()).then_some(next);
    };
    if next.host.unconfirmed {
        // It decides nothing while it does not know the task itself.
        return Some(next);
    }
    let decision = world.policy.decide(&world.config, &view);
    if let Some((law, _)) = &decision.broken {
        next.broken = Some(*law);
        return fault.lets_step_succeed().then_some(next);
    }
    if decision.steps.steps.is_empty() {
        return None;
    }
    let exec = Exec {
        plan: decision.plan,
        next: 0,
        stale: next.host.task != next.task,
        seen: false,
    };
    next.host.plan = Some(exec);
    carry_out(world, &mut next, exec, fault)?;
    Some(next)
}

fn carry_out(world: &World, next: &mut State, exec: Exec, fault: Fault) -> Option<()> {
    let plan = world.policy.plans.get(exec.plan);
    let (checked, step) = plan.steps.get(usize::from(exec.next))?;
    let mut write = || server::write(world, next, &plan, step, exec);
    let no_answer = || Err(Cause::unknown("Timeout", "no answer within 15 s"));
    let outcome = match fault {
        Fault::None | Fault::ReadLost => write().map(|answer| caches::overlay(next, answer)),
        Fault::RequestLost => no_answer(),
        // Not modelled, see the README.
        Fault::Forbidden => Err(Cause::because("Forbidden", "it is forbidden")),
        Fault::ReplyLost => {
            // Where nothing would have been done anyway, there is nothing to lose.
            write().ok()?;
            no_answer()
        }
    };
    match outcome {
        Ok(()) => {
            ledger::succeeded(&world.policy, next, checked);
            let is_last = usize::from(exec.next) + 1 == plan.steps.len();
            // Deleting the task makes the plan's own version of it stale: so not `exec`, but what has become of it.
            let goes_on = !is_last && plan.is_for(next.host.task);
            next.host.plan = next.host.plan.filter(|exec| goes_on && !exec.seen);
            next.host.plan.iter_mut().for_each(|exec| exec.next += 1);
        }
        Err(cause) => {
            next.host.plan = None;
            if matches!(step, Step::Metadata(..) | Step::Status(_)) && fault.lets_step_succeed() {
                // It reads the task whose own patch was refused as stale.
                caches::see_task(next);
            }
            ledger::failed(world, next, &plan, checked, cause);
        }
    }
    if !fault.lets_step_succeed() {
        spend(&mut next.left.faults)?;
    }
    Some(())
}
