//! One run: a configuration in, what was explored and every counterexample out.
//!
//! Explored breadth first to the end of the space, whatever is found on the way. Where something is found, it is looked for once
//! more with one thread, which finds the shortest path to it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::act::Act;
use crate::config::Config;
use crate::model::World;
use crate::state::State;
use crate::{describe, liveness};

/// What came of a configuration.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was explored.
    pub config: Config,
    /// Different states.
    pub states: usize,
    /// What else was counted, and how long it took.
    pub counts: String,
    /// What does not hold.
    pub found: Vec<Counterexample>,
    /// What had to be reachable, and is not.
    pub missing: Vec<&'static str>,
}

/// A property that does not hold, and how that comes about.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The property.
    pub property: &'static str,
    /// A description of the shortest path to where it does not hold.
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config {
            name, dcs, budget, ..
        } = &self.config;
        writeln!(f, "{name}: {dcs} datacenters, at most {budget}")?;
        writeln!(f, "  {} states, {}", self.states, self.counts)?;
        for name in &self.missing {
            writeln!(f, "  NOT REACHABLE: {name}")?;
        }
        for found in &self.found {
            writeln!(f, "  VIOLATED: {}", found.property)?;
            for (number, text) in (1..).zip(&found.moves) {
                writeln!(f, "    {number:2}. {text}")?;
            }
            for line in &found.end {
                writeln!(f, "        {line}")?;
            }
        }
        Ok(())
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
    let discoveries = &checker.discoveries();
    let names = |expectation: Expectation, is_found: bool| {
        let properties = world.properties().into_iter();
        let properties = properties.filter(|it| it.expectation == expectation);
        let names = properties.map(|it| it.name).collect::<Vec<_>>().into_iter();
        names.filter(move |it| discoveries.contains_key(it) == is_found)
    };
    let found = names(Expectation::Always, true);
    Ok(Report {
        config: config.clone(),
        states: checker.unique_state_count(),
        counts: format!(
            // With more than one thread the depth differs a little from run to run.
            "{} generated, depth {}, {seconds:.1} s; policy: {} calls, {} decisions, {} statuses",
            checker.state_count(),
            checker.max_depth().saturating_sub(1),
            world.policy.calls(),
            world.policy.decisions(),
            world.policy.statuses.count() - 1,
        ),
        found: found
            .map(|name| shortest(config, name))
            .collect::<Result<_, _>>()?,
        missing: names(Expectation::Sometimes, false).collect(),
    })
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
    let path = checker.discovery(property).map(Path::into_vec);
    let (moves, end) = described(world, property, path.unwrap_or_default());
    Ok(Counterexample {
        property,
        moves,
        end,
    })
}

fn described(
    world: &World,
    property: &str,
    path: Vec<(State, Option<Act>)>,
) -> (Vec<String>, Vec<String>) {
    let Some((mut last, _)) = path.last().copied() else {
        return Default::default();
    };
    let act = |(state, act): &(State, Act)| describe::act(world, state, *act);
    let acts = path
        .iter()
        .filter_map(|(state, act)| Some((*state, (*act)?)));
    let mut moves: Vec<_> = acts.map(|it| act(&it)).collect();
    if property == liveness::ENDS_WELL {
        let (way, end) = liveness::way(world, &last);
        moves.extend(way.iter().map(|it| format!("(fair world) {}", act(it))));
        last = end;
    }
    (moves, describe::state(world, &last))
}
