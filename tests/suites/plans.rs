//! Whatever happens to a world, the host would carry every plan out; and whatever JSON it is shown, the component answers as
//! the native policy does, and never traps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::sync::LazyLock;

use k8ssandra_task_policy::contract::Plan;
use pilothouse::contract::Manifest;
use pilothouse::object::Object;
use pilothouse::scenario::across;
use pilothouse_scenario::Policy as _;
use pilothouse_tests::scenarios::Compared;
use policy_worlds::World;
use policy_worlds::laws::{full_snapshot, play, story};
use policy_worlds::spoilt::spoilt_world;
use proptest::prelude::*;
use serde_json::{Value, json};

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let manifest = k8ssandra_task_policy::describe("{}").expect("these settings are right");
    across(&manifest).expect("the two sides agree")
});

static COMPONENT: LazyLock<Compared> =
    LazyLock::new(|| Compared::built().expect("`cargo xtask build` made it"));

fn would_carry_out(primary: &Value, plan: &Plan) {
    let primary = Object::parse(&primary.to_string()).expect("a task");
    let plan = across(plan).expect("the two sides agree");
    if let Err(denied) = pilothouse::plan::check(&MANIFEST, &primary, &plan) {
        panic!(
            "the host denies action {}: {}",
            denied.action, denied.message
        );
    }
}

proptest! {
    #[test]
    fn the_host_would_carry_every_plan_out(story in story(0..30), is_forbid in any::<bool>()) {
        let policy = if is_forbid { "Forbid" } else { "Allow" };
        let mut world = World::new(3).with("/spec/dcConcurrencyPolicy", json!(policy));
        world.check = would_carry_out;
        play(world, &story, |_| {});
    }

    /// Whatever JSON it is shown, too. What the host itself cannot read of a task never comes to the policy.
    #[test]
    fn the_host_would_carry_out_what_is_planned_for_any_json(mut world in spoilt_world()) {
        if Object::parse(&world.task.to_string()).is_ok() {
            world.check = would_carry_out;
            world.decide();
        }
    }

    #[test]
    fn the_component_never_traps_and_answers_as_the_native_policy(world in spoilt_world()) {
        // An error is a trap, or another answer than the native one.
        COMPONENT.reconcile("{}", &full_snapshot(&world)).unwrap();
    }
}
