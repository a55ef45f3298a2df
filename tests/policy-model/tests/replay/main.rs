//! Replays traces of the model on the engine: what the host of the model does, the real one does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails where it cannot go on"
)]

mod agree;
mod player;
mod served;
mod server;

use std::collections::BTreeSet;

use player::Player;
use policy_model::act::Act;
use policy_model::config::{Config, Configs};
use policy_model::describe;
use policy_model::model::World;
use policy_model::state::{Budget, State};
use stateright::{Checker, HasDiscoveries, Model};

/// Plays a trace from its first state.
struct Trace<'a> {
    world: &'a World,
    state: State,
    player: Player<'a>,
    moves: Vec<String>,
}

impl<'a> Trace<'a> {
    fn new(world: &'a World, first: State) -> Trace<'a> {
        Trace {
            world,
            state: first,
            player: Player::new(world, &first),
            moves: Vec::new(),
        }
    }

    fn play(&mut self, act: Act) {
        let after = self.world.next_state(&self.state, act).unwrap();
        assert_eq!(after.broken, None);
        self.moves.push(describe::act(self.world, &self.state, act));
        self.player.play(&self.state, act, &after);
        self.state = after;
    }
}

/// Tells how it came to a disagreement.
impl Drop for Trace<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let moves = self.moves.join("\n");
            eprintln!("{}:\n{moves}", self.world.config.name);
        }
    }
}

/// Numbers that look random: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed >> 33).unwrap() % end
    }

    /// The host moves every other time, and nothing that leaves everything as it is counts.
    fn act(&mut self, world: &World, state: &State) -> Option<Act> {
        let mut acts = Vec::new();
        world.actions(state, &mut acts);
        acts.retain(|act| world.next_state(state, *act).is_some());
        let is_host = |act: &Act| matches!(act, Act::Host(_));
        let (host, others): (Vec<Act>, Vec<Act>) = acts.into_iter().partition(is_host);
        let acts = match (host.is_empty(), others.is_empty()) {
            (false, false) if self.below(2) == 0 => host,
            (false, true) => host,
            _ => others,
        };
        (!acts.is_empty()).then(|| acts[self.below(acts.len())])
    }
}

/// Random walks, at most so long.
fn walk(config: Config, walks: u64, length: usize) -> usize {
    let world = World::new(config).unwrap();
    let mut moves = 0;
    for seed in 0..walks {
        let mut numbers = Numbers(seed);
        let firsts = world.init_states();
        let mut trace = Trace::new(&world, firsts[numbers.below(firsts.len())]);
        while trace.moves.len() < length
            && let Some(act) = numbers.act(&world, &trace.state)
        {
            trace.play(act);
        }
        moves += trace.moves.len();
    }
    moves
}

#[test]
fn the_engine_does_what_the_model_does_on_random_walks() {
    let Configs { small, large } = Configs::read();
    let configs = small.into_iter().chain(large);
    let moves: usize = configs.map(|config| walk(config, 4, 50)).sum();
    assert!(moves > 2_000, "{moves} moves");
}

#[test]
fn the_engine_does_what_the_model_does_when_writes_go_wrong() {
    let with_faults = |config: Config, has_other_finalizers: bool| Config {
        budget: Budget {
            faults: 5,
            outages: 2,
            deletions: 1,
            unregistrations: 1,
            crashes: 1,
            ..config.budget
        },
        forbids_writes: true,
        incarnations: 2,
        clock: 2,
        has_other_finalizers,
        ..config
    };
    let moves = |config: Config| {
        let both = [false, true].map(|lingers| with_faults(config.clone(), lingers));
        both.map(|config| walk(config, 8, 50)).iter().sum::<usize>()
    };
    let moves: usize = Configs::read().small.into_iter().map(moves).sum();
    assert!(moves > 4_000, "{moves} moves");
}

#[test]
fn the_engine_does_what_the_model_does_on_the_way_to_each_goal() {
    for name in ["small: taken over", "small: restored"] {
        let config = Configs::named(name);
        let goals: BTreeSet<_> = config.reaches.iter().map(|goal| goal.text()).collect();
        let checker = World::new(config).unwrap().checker();
        let checker = checker.finish_when(HasDiscoveries::AllOf(goals));
        let checker = checker.threads(2).spawn_bfs().join();
        for path in checker.discoveries().into_values() {
            let path = path.into_vec();
            let mut trace = Trace::new(checker.model(), path[0].0);
            let acts = path.into_iter().filter_map(|(_, act)| act);
            acts.for_each(|act| trace.play(act));
        }
    }
}
