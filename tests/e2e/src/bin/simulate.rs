//! `cargo xtask simulate --component`: the histories with the policy as a component. Each answer is held against the native one.

#![allow(
    clippy::expect_used,
    reason = "where the two differ, or there is no component, nothing else matters"
)]

use std::process::ExitCode;
use std::sync::LazyLock;

use k8ssandra_task_policy::contract::{Outcome, Snapshot};
use pilothouse_e2e::scenarios::Compared;
use pilothouse_policy_test::Policy as _;

static COMPONENT: LazyLock<Compared> =
    LazyLock::new(|| Compared::built().expect("`cargo xtask build` made it"));

fn decide(snapshot: &Snapshot) -> Outcome {
    let outcome = COMPONENT.reconcile("{}", snapshot);
    outcome.expect("it answers as the native policy does")
}

fn main() -> ExitCode {
    simulation::command::main(decide)
}
