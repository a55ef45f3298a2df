//! What the host remembers of writes that failed: the engine's ledger, which a state keeps as numbers.
//!
//! Comes in: a step and its outcome. Goes out: the state after it. How often a step has failed is left out, or the states would never
//! end. The times tell no more than what failed last, and what was refused so recently that it is not tried again.

use k8ssandra_task_policy::contract::{Failure, FailureClass, Operation};
use pilothouse_core::failures::Cause;
use pilothouse_core::ledger::Ledger;
use pilothouse_core::plan::Step;
use pilothouse_core::work::Now;

use super::caches::{overlay_context, see_task};
use crate::clock;
use crate::model::World;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::render;
use crate::state::State;

/// A step has failed. What the caches show is no answer either, until it is known what became of a write of unknown outcome.
pub(super) fn failed(world: &World, next: &mut State, plan: &Plan, step: &Step, cause: Cause) {
    let mut ledger = remembered(&world.policy, next, |it| {
        if is_refused_create(it) { it.last } else { 0 }
    });
    let now = Now {
        wall: clock::now(next.clock),
        ..Now::default()
    };
    ledger.failed(now, &render::reference(), step, cause);
    // Of an earlier task of that name nothing is remembered.
    if plan.is_for(next.host.task) || next.host.task.is_none() {
        remember(&world.policy, next, &ledger);
    }
    if world.config.trusts_caches {
        return;
    }
    for write in ledger.unconfirmed.keys() {
        let context = write.resource.context.as_deref();
        match context.and_then(|context| render::dc_of(context, "kind-")) {
            Some(dc) => next.dcs[dc].unconfirmed = true,
            None => next.host.unconfirmed = true,
        }
    }
}

/// A step has succeeded.
pub(super) fn succeeded(policy: &Policy, next: &mut State, step: &Step) {
    if next.host.failures != 0 {
        let mut ledger = remembered(policy, next, |it| it.last);
        ledger.succeeded(&render::reference(), step);
        remember(policy, next, &ledger);
    }
}

/// The failures of a state, each as if it had been the only one of its kind, at that time.
fn remembered(policy: &Policy, state: &State, time: impl Fn(&Failure) -> u64) -> Ledger {
    let mut ledger = Ledger::default();
    for failure in policy.failures.get(state.host.failures).iter().cloned() {
        let last = time(&failure);
        let cause = Cause {
            class: failure.class,
            reason: failure.reason,
            message: failure.message,
        };
        let failures = &mut ledger.failures;
        failures.record(last, failure.object, failure.operation, cause);
    }
    ledger
}

fn remember(policy: &Policy, next: &mut State, ledger: &Ledger) {
    let mut failures = ledger.failures.list();
    for failure in &mut failures {
        (failure.first, failure.attempts) = (failure.last, 1);
    }
    next.host.failures = policy.failures.number(failures);
}

/// The host forgets the K8ssandraTask that is gone; whether there was anything to forget.
pub(super) fn forget(next: &mut State) -> bool {
    let had_failed = std::mem::take(&mut next.host.failures) != 0;
    let had_unconfirmed = next.has_unconfirmed();
    next.host.unconfirmed = false;
    next.dcs.iter_mut().for_each(|dc| dc.unconfirmed = false);
    had_failed || had_unconfirmed
}

/// The host reads back what became of its writes, and shows the answers in its caches; whether there was any.
pub(super) fn read_back(next: &mut State) -> bool {
    let mut is_answered = std::mem::take(&mut next.host.unconfirmed);
    if is_answered {
        see_task(next);
    }
    for dc in next.dcs.iter_mut().filter(|dc| dc.can_read_back()) {
        is_answered = true;
        dc.unconfirmed = false;
        let child = dc.child;
        overlay_context(dc, |_| child);
    }
    is_answered
}

/// Whether an API server has refused to create an object: nothing was done, and it stays so until somebody changes something.
pub fn is_refused_create(failure: &Failure) -> bool {
    failure.operation == Operation::Create && failure.class == FailureClass::Refused
}
