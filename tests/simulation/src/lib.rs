//! Deterministic simulation: the engine that the host runs, on the API servers of several contexts, with everything that can go wrong
//! between them. A seed decides everything: what there is to do, what happens and when. The same seed gives the same run.
//!
//! [`scenario`] is what there is to do, [`world`] a clock with the events that are to come, [`host`] an engine with its watches,
//! [`fault`] what becomes of a request, [`single`] each single one of these, [`oracles`] what must hold: they look at the API servers alone. Objects, cass-operator's writes
//! and the stores are those of the property tests.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is part of tests, and fails as tests do"
)]

pub mod fault;
pub mod host;
pub mod oracles;
pub mod scenario;
pub mod single;
pub mod users;
pub mod world;

use std::ops::AddAssign;

use k8ssandra_task_policy::contract::{Outcome, Snapshot};

use fault::Faults;
use scenario::Scenario;
use world::World;

/// What decides.
pub type Policy = fn(&Snapshot) -> Outcome;

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The faults.
    pub faults: usize,
    /// The requests of hosts.
    pub requests: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.faults += other.faults;
        self.requests += other.requests;
    }
}

/// The K8ssandraTask policy.
pub fn policy(snapshot: &Snapshot) -> Outcome {
    k8ssandra_task_policy::reconcile("{}", snapshot)
}

/// Runs the history of a seed, and holds it against the same without faults. An error says what does not hold, and what happened.
pub fn run(seed: u64, policy: Policy) -> Result<Counts, String> {
    let scenario = Scenario::draw(seed);
    let calm = scenario.is_plain();
    let calm = calm.then(|| World::play(&scenario, seed, policy, Faults::None));
    let calm = calm.transpose()?;
    let world = World::play(&scenario, seed, policy, Faults::Any(seed))?;
    let outcome = oracles::check(&scenario, &world, calm.as_ref());
    outcome.map(|()| world.counts()).map_err(|why| {
        let history = world.history.join("\n  ");
        format!(
            "{why}\n{scenario:?}\n  {history}\nto repeat it: cargo xtask simulate --seed {seed}"
        )
    })
}
