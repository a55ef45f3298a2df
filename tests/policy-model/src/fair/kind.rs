//! A kind world: contexts come back, watches speak, the host works, cass-operator ends its work, and time passes.
//!
//! Comes in: any state. Goes out: the one move that is made there, and the state after it. Nothing goes wrong here, and nothing
//! is judged.

use stateright::Model;

use crate::host::{self, caches::fresh, ledger::is_refused_create};
use crate::model::{Act, Fault, World, dcs};
use crate::state::State;
use crate::{moves, operator};

/// The last reading of the clock: it is enough for every TTL.
const LAST_READING: u8 = 6;

/// The one next move of a kind world.
pub(super) fn step(world: &World, state: &State) -> Option<(Act, State)> {
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

/// What happens in a kind world: the first of these that has a move to make.
const ORDER: [fn(&World, &State) -> Option<Act>; 8] = [
    carries_out,
    contexts_return,
    watches_speak,
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
    dcs(&world.config).find_map(|dc| match &state.dcs[dc] {
        it if !it.registered => Some(Act::Register(dc)),
        it if !it.link => Some(Act::Up(dc)),
        _ => None,
    })
}

fn watches_speak(world: &World, state: &State) -> Option<Act> {
    if state.host.task != state.task {
        return Some(Act::SeeTask);
    }
    if state.host.cluster != state.cluster {
        return Some(Act::SeeCluster);
    }
    let is_old = |dc: &usize| state.dcs[*dc].seen != fresh(&state.dcs[*dc]);
    dcs(&world.config).find(is_old).map(Act::See)
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
    if let Some(dc) = dcs(&world.config).find(is_going) {
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
    dcs(&world.config).find_map(|dc| {
        let child = state.dcs[dc].child.filter(|it| it.is_labelled())?;
        Some(Act::Work(dc, operator::way_to_the_end(child.stage)?))
    })
}

fn time_passes(world: &World, state: &State) -> Option<Act> {
    let is_finished = world.policy.facts(state.task?.status).is_finished;
    (is_finished && state.clock < LAST_READING).then_some(Act::Tick)
}
