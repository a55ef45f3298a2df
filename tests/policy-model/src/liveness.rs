//! Liveness: from everywhere it ends well, if the world is fair from now on.
//!
//! Comes in: any state. Goes out: whether, with contexts that come back, watches that catch up, a host that works and a
//! cass-operator that ends its work, the task completes or fails and goes at the end of its TTL, or goes after its deletion, or is
//! said to be invalid for a reason that is one, or waits for a CassandraTask that is stuck, or has lost its status in a restore, and
//! says so. The fair schedule is one fixed order of moves; every state on the way has the same end, so each is judged once.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use stateright::Model;

use crate::act::{Act, Fault};
use crate::host::{self, caches::fresh, ledger::is_refused_create};
use crate::model::World;
use crate::state::{Budget, Stage, State};
use crate::view::View;
use crate::{moves, operator};

/// The property.
pub const ENDS_WELL: &str = "whatever happened, from here it ends, or says what it waits for";
/// The most moves until the end.
const MAX_MOVES: usize = 300;
/// The last reading of the clock: it is enough for every TTL.
const LAST_READING: u8 = 6;

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
        match step(world, &state) {
            // A broken law is another property's business.
            Some((_, next)) if next.broken.is_some() => break true,
            Some((_, next)) => state = next,
            None => break is_good_end(world, &state),
        }
        if passed.len() > MAX_MOVES {
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
    while let Some((act, next)) = step(world, &state) {
        way.push((state, act));
        state = next;
        if way.len() > MAX_MOVES || state.broken.is_some() {
            break;
        }
    }
    (way, state)
}

/// How much may still go wrong does not matter to a fair world.
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
    let decision = world.policy.decide(&world.config, &view);
    let known = world.known(&view, &decision);
    let mut own = state
        .children()
        .filter(|child| child.belongs_to(task.incarnation));
    let is_stuck = own.any(|child| child.stage == Stage::Stuck);
    !decision.reasons.is_empty()
        && !known.facts.is_finished
        && !task.deleting
        && (is_stuck || known.needs_somebody())
        && known.names_all()
}

/// The one next move of a fair world.
fn step(world: &World, state: &State) -> Option<(Act, State)> {
    if state.broken.is_some() {
        return None;
    }
    let act = ORDER.iter().find_map(|act| act(world, state))?;
    if act == Act::Tick {
        let clock = state.clock + 1;
        return Some((act, State { clock, ..*state }));
    }
    Some((act, world.next_state(state, act)?))
}

/// What happens in a fair world: the first of these that has a move to make.
const ORDER: [fn(&World, &State) -> Option<Act>; 8] = [
    carries_out,
    contexts_return,
    watches_catch_up,
    decides,
    seconds_pass,
    what_is_deleted_goes,
    operators_work,
    time_passes,
];

fn carries_out(_: &World, state: &State) -> Option<Act> {
    state.host.plan.map(|_| Act::Host(Fault::None))
}

fn contexts_return(world: &World, state: &State) -> Option<Act> {
    world.config.dcs().find_map(|dc| match &state.dcs[dc] {
        it if !it.registered => Some(Act::Register(dc)),
        it if !it.link => Some(Act::Up(dc)),
        _ => None,
    })
}

fn watches_catch_up(world: &World, state: &State) -> Option<Act> {
    if state.host.task != state.task {
        return Some(Act::SeeTask);
    }
    if state.host.cluster != state.cluster {
        return Some(Act::SeeCluster);
    }
    let is_old = |dc: &usize| state.dcs[*dc].seen != fresh(&state.dcs[*dc]);
    world.config.dcs().find(is_old).map(Act::See)
}

fn decides(world: &World, state: &State) -> Option<Act> {
    let next = host::step(world, state, Fault::None)?;
    (next != *state).then_some(Act::Host(Fault::None))
}

/// What was refused is tried again.
fn seconds_pass(world: &World, state: &State) -> Option<Act> {
    let failures = world.policy.failures.get(state.host.failures);
    let mut refused = failures.iter().filter(|it| is_refused_create(it));
    refused.any(|it| it.last != 0).then_some(Act::Pause)
}

/// A cluster that is gone comes again: without one there is nothing to wait for.
fn what_is_deleted_goes(world: &World, state: &State) -> Option<Act> {
    let is_going = |dc: &usize| state.dcs[*dc].child.is_some_and(|child| child.deleting);
    if let Some(dc) = world.config.dcs().find(is_going) {
        return Some(Act::ChildGoes(dc));
    }
    if state.cluster.is_some_and(|cluster| cluster.deleting) {
        return Some(Act::ClusterGoes);
    }
    if moves::made(world, state, Act::CollectTask).is_some() {
        return Some(Act::CollectTask);
    }
    state.cluster.is_none().then_some(Act::CreateCluster)
}

fn operators_work(world: &World, state: &State) -> Option<Act> {
    world.config.dcs().find_map(|dc| {
        let child = state.dcs[dc].child.filter(|it| it.is_labelled())?;
        Some(Act::Work(dc, operator::way_to_the_end(child.stage)?))
    })
}

fn time_passes(world: &World, state: &State) -> Option<Act> {
    let is_finished = world.policy.facts(state.task?.status).is_finished;
    (is_finished && state.clock < LAST_READING).then_some(Act::Tick)
}
