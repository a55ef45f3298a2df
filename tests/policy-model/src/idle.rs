//! What holds where the host has nothing to do: it writes nothing, and what it waits for is reported.
//!
//! Comes in: a state. Goes out: whether it holds there. A host has nothing to do between two plans when the policy answers with an
//! empty one.

use crate::act::Fault;
use crate::host::{self, caches::is_up_to_date};
use crate::model::World;
use crate::state::State;
use crate::view::View;

/// The first property.
pub const STOPS_WRITING: &str = "in a world that stands still the host soon writes nothing more";
/// The second.
pub const REPORTS_WHY: &str =
    "an unfinished task with nothing to do reports why, in its status and in the plan's reasons";
/// The most steps of the host that it may take until it does so.
const MAX_STEPS: usize = 24;

/// The host, left alone with a world that it sees as it is, stops writing.
pub fn stops_writing(world: &World, state: &State) -> bool {
    if state.broken.is_some() || state.host.plan.is_some() || !is_up_to_date(state) {
        return true;
    }
    let mut state = *state;
    for _ in 0..MAX_STEPS {
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
pub fn reports_why(world: &World, state: &State) -> bool {
    let is_between =
        state.host.plan.is_none() && !state.has_unconfirmed() && state.broken.is_none();
    let Some(view) = View::of(state).filter(|_| is_between) else {
        return true;
    };
    let decision = world.policy.decide(&world.config, &view);
    let known = world.known(&view, &decision);
    if !decision.is_idle() {
        return known.names_refusals(&decision.steps.steps);
    }
    let is_reported = if view.task.deleting {
        !view.task.finalizer || known.names_what_blocks()
    } else {
        known.facts.is_finished || known.names_all()
    };
    is_reported && !decision.reasons.is_empty()
}
