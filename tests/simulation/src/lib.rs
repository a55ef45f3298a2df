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

pub mod command;
pub mod fault;
pub mod host;
pub mod oracles;
pub mod scenario;
pub mod single;
pub mod users;
pub mod world;

use std::collections::BTreeSet;
use std::ops::AddAssign;

use k8ssandra_task_policy::contract::{Outcome, Snapshot};

use fault::{Chance, Faults};
use scenario::Scenario;
use world::World;

/// So often a failing history is tried with fewer faults.
const MAX_ATTEMPTS: usize = 300;

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

/// Why a history is not what it must be, and what went wrong in it.
struct Failed {
    why: String,
    taken: Vec<usize>,
}

/// Runs the history of a seed, and holds it against the same without faults. An error says what does not hold, and what happened.
pub fn run(seed: u64, policy: Policy) -> Result<Counts, String> {
    let run = attempt(seed, policy, BTreeSet::new());
    run.map_err(|failed| failed.why)
}

/// The history of a seed without the faults and the users' deeds that it fails without, and what does not hold then.
pub fn shorten(seed: u64, policy: Policy) -> Option<String> {
    let mut without = BTreeSet::new();
    let mut failed = attempt(seed, policy, without.clone()).err()?;
    let all = failed.taken.len();
    let mut size = all.div_ceil(2).max(1);
    let mut attempts = 0;
    loop {
        let before = failed.taken.len();
        let mut at = 0;
        while at < failed.taken.len() && attempts < MAX_ATTEMPTS {
            attempts += 1;
            let mut fewer = without.clone();
            fewer.extend(failed.taken.iter().skip(at).take(size));
            match attempt(seed, policy, fewer.clone()) {
                Err(found) => (without, failed) = (fewer, found),
                Ok(_) => at += size,
            }
        }
        if attempts == MAX_ATTEMPTS || size == 1 && failed.taken.len() >= before {
            break;
        }
        size = (size / 2).max(1);
    }
    let left = failed.taken.len();
    Some(format!("{left} of {all} faults are enough: {}", failed.why))
}

fn attempt(seed: u64, policy: Policy, without: BTreeSet<usize>) -> Result<Counts, Failed> {
    let scenario = Scenario::draw(seed);
    let play = |chance| World::play(&scenario, seed, policy, chance);
    let calm = Chance::new(Faults::None, BTreeSet::new());
    let calm = scenario.is_plain().then(|| play(calm));
    let world = play(Chance::new(Faults::Any(seed), without));
    let outcome = oracles::check(&scenario, &world, calm.as_ref());
    outcome.map(|()| world.counts()).map_err(|why| {
        let is_calm = calm.as_ref().is_some_and(|it| it.violation.is_some());
        let failed = calm.as_ref().filter(|_| is_calm).unwrap_or(&world);
        let history = failed.history();
        let command = format!("cargo xtask simulate --seed {seed}");
        Failed {
            why: format!("{why}\n{scenario:?}\n  {history}\nto repeat it: {command}"),
            taken: world.chance.taken,
        }
    })
}
