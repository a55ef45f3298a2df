//! Rule 2: a finished task is frozen, and deleted at its moment.

use serde_json::json;

use super::world::{World, at, lines};
use crate::contract::Failure;

#[test]
fn rule_2_a_finished_task_is_frozen_and_deleted_at_its_moment() {
    let mut world = World::new(2);
    world.run(&["dc1", "dc2"]);
    let frozen = world.status().clone();
    // Whatever is edited afterwards.
    world.set("/spec/datacenters", json!(["dc9"]));
    world.set("/spec/template/jobs", json!([]));
    world.cluster = None;
    world.children.clear();
    let (rounds, plan) = world.decide();
    assert_eq!((rounds.len(), plan.actions.len()), (0, 0));
    let since_completion = at("19:45:30");
    assert_eq!(
        plan.requeue_after,
        Some(since_completion.plus_seconds(86_400).millis_from(world.now))
    );
    assert_eq!(
        plan.reasons,
        ["finished at 2022-12-15T19:45:30Z; it is deleted at 2022-12-16T19:45:30Z"]
    );

    world.now = since_completion.plus_seconds(86_400);
    assert_eq!(lines(&world.step()), ["delete task1 in the control plane"]);
    assert_eq!(*world.status(), frozen);
}

#[test]
fn rule_2_a_deletion_that_is_refused_is_told() {
    let mut world = World::new(1).with("/spec/template/ttlSecondsAfterFinished", json!(60));
    world.run(&["dc1"]);
    world.now = at("20:45:00");
    world.failure = Some(Failure {
        action: 0,
        reason: "Forbidden".into(),
        message: "k8ssandratasks \"task1\" is forbidden".into(),
    });
    assert_eq!(
        world.plan().reasons,
        [
            "the last plan failed at action 0: Forbidden: k8ssandratasks \"task1\" is forbidden",
            "finished at 2022-12-15T19:44:30Z and kept for 60 s: it is deleted",
        ]
    );
}

#[test]
fn rule_2_a_lost_datacenter_does_not_end_before_it_is_missed() {
    let mut world = World::new(3).with("/spec/template/ttlSecondsAfterFinished", json!(60));
    world.settle();
    world.start("dc1", "19:44:00");
    world.complete("dc1", "19:45:00");
    world.settle();
    world.start("dc2", "19:46:00");
    world.settle();
    world.remove_child("dc2");
    world.now = at("20:45:00");
    assert!(
        world
            .settle()
            .iter()
            .all(|line| !line.starts_with("delete"))
    );
    assert_eq!(world.plan().requeue_after, Some(60_000));
}

#[test]
fn rule_2_a_ttl_that_is_over_when_the_end_is_noticed_deletes_at_once() {
    let mut world = World::new(1).with("/spec/template/ttlSecondsAfterFinished", json!(60));
    world.settle();
    world.start("dc1", "19:44:00");
    world.complete("dc1", "19:45:00");
    world.now = at("20:45:00");
    assert_eq!(
        lines(&world.step()),
        ["set-status", "delete task1 in the control plane"]
    );
}
