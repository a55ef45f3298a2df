//! From everywhere it ends well: the world is kind from now on, and what comes of it is judged.
//!
//! Comes in: any state. Goes out: whether, with contexts that come back, watches that speak, a host that works and a
//! cass-operator that ends its work, the task completes or fails and goes at the end of its TTL, or goes after its deletion, or is
//! said to be invalid for a reason that is one, or waits for a CassandraTask that is stuck, or has lost its status in a restore, and
//! says so. The kind schedule is one fixed order of moves; every state on the way has the same end, so each is judged once.

mod kind;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::decide::View;
use crate::model::{Act, World};
use crate::state::{Budget, Stage, State};
use crate::told::Told;

/// The property.
pub const ENDS_WELL: &str = "whatever happened, from here it ends, or says what it waits for";
/// The most moves until the end.
const MOST_MOVES: usize = 300;

/// Whether it ends well from here.
pub fn ends_well(world: &World, state: &State) -> bool {
    if state.broken.is_some() {
        return true;
    }
    let mut state = without_budget(state);
    let mut passed = Vec::new();
    let is_well = loop {
        let key = hash(&state);
        if let Some(known) = world.ends.get(&key) {
            break *known;
        }
        passed.push(key);
        match kind::step(world, &state) {
            // A broken law is another property's business.
            Some((_, next)) if next.broken.is_some() => break true,
            Some((_, next)) => state = next,
            None => break is_good_end(world, &state),
        }
        if passed.len() > MOST_MOVES {
            break false;
        }
    };
    for key in passed {
        world.ends.insert(key, is_well);
    }
    is_well
}

/// The moves from here to the end, and the end.
pub fn way(world: &World, state: &State) -> (Vec<(State, Act)>, State) {
    let mut state = without_budget(state);
    let mut way = Vec::new();
    while let Some((act, next)) = kind::step(world, &state) {
        way.push((state, act));
        state = next;
        if way.len() > MOST_MOVES || state.broken.is_some() {
            break;
        }
    }
    (way, state)
}

/// How much may still go wrong does not matter to a kind world.
fn without_budget(state: &State) -> State {
    State {
        left: Budget::default(),
        ..*state
    }
}

fn hash(state: &State) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(state)
}

/// Whether a world in which nothing is left to happen is as it should be.
fn is_good_end(world: &World, state: &State) -> bool {
    let Some(task) = state.task else {
        return true;
    };
    let Some(view) = View::of(state) else {
        return false;
    };
    let facts = world.policy.facts(task.status);
    let decision = world.policy.decide(&world.config, &view);
    let reasons = &decision.reasons;
    let told = Told::new(&world.config, &world.policy, &view, &facts, reasons);
    let is_stuck = state.dcs.iter().any(|dc| {
        dc.child
            .is_some_and(|child| child.belongs_to(task.incarnation) && child.stage == Stage::Stuck)
    });
    let needs_somebody =
        is_stuck || told.is_restored() || told.is_name_taken() || !told.faults().is_empty();
    !reasons.is_empty()
        && !facts.is_finished
        && !task.deleting
        && needs_somebody
        && told.names_all()
}
