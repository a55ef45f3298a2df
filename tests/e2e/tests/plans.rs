//! Whatever JSON it is shown, and in random histories, the component answers as the native policy does, and never traps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of tests may fail as tests do"
)]

use std::sync::LazyLock;

use k8ssandra_task_policy::contract::Snapshot;
use pilothouse_e2e::scenarios::Compared;
use pilothouse_policy_test::Policy as _;
use policy_properties::spoilt::spoilt_simulation;
use proptest::prelude::*;

static COMPONENT: LazyLock<Compared> =
    LazyLock::new(|| Compared::built().expect("`cargo xtask build` made it"));

proptest! {
    #[test]
    fn the_component_never_traps_and_answers_as_the_native_policy(sim in spoilt_simulation()) {
        // An error is a trap, or another answer than the native one.
        COMPONENT.reconcile("{}", &sim.decide().0).unwrap();
    }
}

#[test]
fn histories_end_well_on_the_component() {
    for seed in 0..10 {
        let decide = |snapshot: &Snapshot| COMPONENT.reconcile("{}", snapshot).unwrap();
        simulation::run(seed, decide).unwrap();
    }
}
