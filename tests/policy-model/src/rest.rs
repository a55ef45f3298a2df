//! What holds at rest: nothing is written, and what is waited for is said.
//!
//! Comes in: a state. Goes out: whether it holds there. "At rest" is a host between two plans to whom the policy answers with
//! an empty one.

use crate::decide::View;
use crate::host::{self, caches::is_up_to_date};
use crate::model::{Fault, World};
use crate::state::State;
use crate::told::Told;

/// The first property.
pub const COMES_TO_REST: &str = "in a world that stands still the host soon writes nothing more";
/// The second.
pub const SAYS_WHY: &str =
    "what rests unfinished says why, in its status and in the plan's reasons";
/// The most steps of the host that it may take until it rests.
const MOST_STEPS: usize = 24;

/// The host, left alone with a world that it sees as it is, stops writing.
pub fn comes_to_rest(world: &World, state: &State) -> bool {
    if state.broken.is_some() || state.host.plan.is_some() || !is_up_to_date(state) {
        return true;
    }
    let mut state = *state;
    for _ in 0..MOST_STEPS {
        match host::step(world, &state, Fault::None) {
            // A write that changes nothing is one too, and would be repeated for ever.
            Some(next) if next == state => return false,
            Some(next) if next.broken.is_none() => state = next,
            _ => return true,
        }
    }
    false
}

/// Where nothing is to be done, or nothing but what was refused, it is said why, and what that is due to is named.
pub fn says_why(world: &World, state: &State) -> bool {
    let is_between = state.host.plan.is_none() && !state.has_doubts() && state.broken.is_none();
    let Some(view) = View::of(state).filter(|_| is_between) else {
        return true;
    };
    let decision = world.policy.decide(&world.config, &view);
    let facts = world.policy.facts(view.task.status);
    let told = Told::new(
        &world.config,
        &world.policy,
        &view,
        &facts,
        &decision.reasons,
    );
    if !decision.is_idle() {
        return told.names_refusals(&world.policy, &decision.steps.steps);
    }
    let is_told = if view.task.deleting {
        !view.task.finalizer || told.names_what_blocks()
    } else {
        facts.is_finished || told.names_all()
    };
    is_told && !decision.reasons.is_empty()
}
