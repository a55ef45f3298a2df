//! When the policy asks to be called again although nothing changes, and what it does then.

use std::time::Duration;

use k8ssandra_task_policy::contract::Requeue;
use policy_properties::Simulation;
use policy_properties::simulation::{at, stamp};
use policy_properties::size::Size;
use serde_json::json;

#[test]
fn many_datacenters_are_begun_by_one_plan_after_the_other() {
    let mut sim = Size::new(500, 1, 0).new_task();
    let mut created = Vec::new();
    for _ in 0..4 {
        // It panics if the host denies the plan.
        let plan = sim.step();
        created.push((sim.created, plan.requeue == Requeue::AtOnce));
    }
    assert_eq!(
        created,
        [(200, true), (400, true), (500, true), (500, false)]
    );
}

#[test]
fn one_that_lists_no_pods_is_looked_at_again_when_it_counts_as_stuck() {
    let mut sim = Simulation::new(1);
    sim.settle().unwrap();
    sim.change_children(|child| {
        child["metadata"]["labels"]["control.k8ssandra.io/status"] = json!("completed");
        child["status"] = json!({"startTime": stamp("19:44:00")});
    });
    let mut asked = Vec::new();
    for now in ["19:45:00", "19:49:00"] {
        sim.servers.now = at(now);
        asked.push(sim.step().requeue);
    }
    let [silent, stuck] = [240, 23 * 3600 + 55 * 60].map(|seconds| Requeue::After(seconds * 1000));
    assert_eq!(asked, [silent, stuck]);
}

#[test]
fn creates_that_are_refused_for_good_come_after_the_others() {
    let mut sim = Simulation::new(8).with("/spec/dcConcurrencyPolicy", json!("Allow"));
    for number in 1..8 {
        sim.refusing.insert(format!("kind-k8ssandra-{number}"));
    }
    // The host stops at the first that is refused, and waits twice as long each time.
    let mut backoff = Duration::from_millis(200);
    for _ in 0..10 {
        sim.step();
        sim.servers.now += backoff;
        backoff *= 2;
    }
    assert!(sim.own_child("dc8").is_some(), "{:?}", sim.events);
}

#[test]
fn what_a_clock_that_is_behind_has_created_is_late_no_sooner() {
    let mut sim = Simulation::new(2);
    sim.settle().unwrap();
    sim.servers.now = at("19:50:00");
    let complete = json!({"type": "Complete", "status": "True", "reason": "Complete", "message": "",
        "lastTransitionTime": stamp("19:50:00")});
    sim.change(&sim.child_key("dc1"), |child| {
        child["status"] = json!({
            "startTime": stamp("19:44:00"), "completionTime": stamp("19:50:00"), "succeeded": 1, "conditions": [complete],
        });
    });
    sim.settle().unwrap();
    sim.change(&sim.child_key("dc2"), |child| {
        child["metadata"]["creationTimestamp"] = json!(stamp("19:20:00"));
    });
    sim.servers.now = at("19:51:00");
    assert_eq!(sim.step().requeue, Requeue::After(240 * 1000));
}
