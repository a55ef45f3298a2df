//! One run: a configuration in, what was explored and every counterexample out.
//!
//! Explored breadth first to the end of the space, whatever is found on the way. Where something is found, it is looked for once
//! more with one thread, which finds the shortest path to it.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Serialize;
use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::config::Config;
use crate::fair;
use crate::model::{Act, World};
use crate::state::{Budget, State};
use crate::words;

/// What came of a configuration.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// How many datacenters.
    pub datacenters: usize,
    /// How much could go wrong.
    pub budget: Budget,
    /// Different states.
    pub states: usize,
    /// States that were generated, each as often as a move led to it.
    pub generated: usize,
    /// The longest path that was followed, in moves: with more than one thread it differs a little from run to run.
    pub depth: usize,
    /// How long it took.
    pub seconds: f64,
    /// What holds everywhere.
    pub always: Vec<&'static str>,
    /// What had to be reachable.
    pub reachable: Vec<&'static str>,
    /// Runs of the policy's code.
    pub policy_calls: usize,
    /// Different views that it decided on.
    pub decisions: usize,
    /// Different statuses that it wrote.
    pub statuses: usize,
    /// What does not hold.
    pub found: Vec<Counterexample>,
    /// What had to be reachable, and is not.
    pub missing: Vec<&'static str>,
}

/// A property that does not hold, and how that comes about.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterexample {
    /// The property.
    pub property: &'static str,
    /// The shortest path to where it does not hold, in words.
    pub moves: Vec<String>,
    /// How it stands there.
    pub end: Vec<String>,
}

impl Report {
    /// Whether all held, and all was reachable.
    pub fn is_well(&self) -> bool {
        self.found.is_empty() && self.missing.is_empty()
    }
}

/// Explores a configuration.
pub fn explore(config: &Config, threads: usize) -> Result<Report, String> {
    let started = Instant::now();
    let checker = World::new(config.clone())?
        .checker()
        .threads(threads)
        .spawn_bfs()
        .join();
    let seconds = started.elapsed().as_secs_f64();
    let world = checker.model();
    let discoveries = checker.discoveries();
    let is_found = |name: &&'static str| discoveries.contains_key(name);
    let (found, always): (Vec<_>, Vec<_>) =
        names(world, Expectation::Always).partition(|name| is_found(name));
    let reachable: Vec<_> = names(world, Expectation::Sometimes).collect();
    let missing = reachable.iter().copied().filter(|name| !is_found(name));
    let counterexamples = found.into_iter().map(|name| shortest(config, name));
    Ok(Report {
        name: config.name,
        about: config.about,
        datacenters: config.dcs,
        budget: config.budget,
        states: checker.unique_state_count(),
        generated: checker.state_count(),
        depth: checker.max_depth().saturating_sub(1),
        seconds,
        policy_calls: world.policy.calls(),
        decisions: world.policy.decisions(),
        statuses: world.policy.statuses.len() - 1,
        found: counterexamples.collect::<Result<_, _>>()?,
        missing: missing.collect(),
        always,
        reachable,
    })
}

fn names(world: &World, expectation: Expectation) -> impl Iterator<Item = &'static str> {
    let properties = world.properties().into_iter();
    properties
        .filter(move |property| property.expectation == expectation)
        .map(|property| property.name)
}

/// Looks for one violation again, with one thread.
fn shortest(config: &Config, property: &'static str) -> Result<Counterexample, String> {
    let goal = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = World::new(config.clone())?
        .checker()
        .threads(1)
        .finish_when(goal)
        .spawn_bfs()
        .join();
    let world = checker.model();
    let path = checker.discovery(property);
    let (moves, end) = path.map_or_else(Default::default, |path| told(world, property, path));
    Ok(Counterexample {
        property,
        moves,
        end,
    })
}

fn told(world: &World, property: &str, path: Path<State, Act>) -> (Vec<String>, Vec<String>) {
    let mut moves = Vec::new();
    let mut last = None;
    for (state, act) in path.into_vec() {
        moves.extend(act.map(|act| words::act(world, &state, act)));
        last = Some(state);
    }
    let Some(mut last) = last else {
        return (moves, Vec::new());
    };
    if property == fair::ENDS_WELL {
        let (way, end) = fair::way(world, &last);
        let way = way
            .into_iter()
            .map(|(state, act)| words::act(world, &state, act));
        moves.extend(way.map(|text| format!("(kind world) {text}")));
        last = end;
    }
    (moves, words::state(world, &last))
}
