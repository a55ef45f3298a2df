//! Single faults: in each of a few scenarios, each of its requests in turn meets each fate there is, and nothing else goes wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy_properties::changes::Change;
use policy_properties::children::Course;

use crate::fault::{Chance, Fate, Faults};
use crate::oracles;
use crate::scenario::Scenario;
use crate::world::World;
use crate::{Counts, Policy};

/// The same delays in each.
const SEED: u64 = 0;

/// What goes wrong in which scenario.
pub struct Case {
    scenario: Scenario,
    /// The same without a fault.
    calm: Arc<World>,
    /// The request, counted from 0.
    request: usize,
    fate: Fate,
}

/// The scenarios: one to three datacenters, one after the other and all at once; one fails, the task is deleted at moments
/// from before its first write to after its end, or it is edited.
pub fn scenarios() -> Vec<Scenario> {
    let (well, badly) = (Course::WELL, Course::BADLY);
    let courses = [
        vec![well],
        vec![well, well],
        vec![badly, well],
        vec![well, well, well],
    ];
    let both = |courses: Vec<Course>| [true, false].map(|it| Scenario::of(it, courses.clone()));
    let two = |is_forbid| Scenario::of(is_forbid, vec![well, well]);
    let deleted = [20, 200, 3_000, 20_000];
    let deleted = deleted.map(|at| two(at != 200).with(at, Change::Deleted));
    let edited = [
        two(true).with(3_000, Change::Policy(false)),
        two(true)
            .with(3_000, Change::Wrong)
            .with(10_000, Change::Right),
    ];
    let plain = courses.into_iter().flat_map(both);
    plain.chain(deleted).chain(edited).collect()
}

fn play(scenario: &Scenario, policy: Policy, faults: Faults) -> World {
    World::play(scenario, SEED, policy, Chance::new(faults, BTreeSet::new()))
}

/// All cases of some scenarios.
pub fn cases(scenarios: &[Scenario], policy: Policy) -> Vec<Case> {
    let mut cases = Vec::new();
    for scenario in scenarios {
        let calm = Arc::new(play(scenario, policy, Faults::None));
        for request in 0..calm.chance.requests {
            cases.extend(Fate::each().into_iter().map(|fate| Case {
                scenario: scenario.clone(),
                calm: calm.clone(),
                request,
                fate,
            }));
        }
    }
    cases
}

impl Case {
    /// Whether it ends as it does without the fault. An error says what does not hold, and what happened.
    pub fn run(&self, policy: Policy) -> Result<Counts, String> {
        let Self {
            scenario,
            calm,
            request,
            fate,
        } = self;
        let world = play(scenario, policy, Faults::One(*request, fate.clone()));
        let outcome = oracles::check(scenario, &world, Some(calm));
        outcome.map(|()| world.counts()).map_err(|why| {
            let history = world.history();
            format!("request {request}, {fate:?}: {why}\n{scenario:?}\n  {history}")
        })
    }
}
