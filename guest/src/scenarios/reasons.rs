//! What a plan's reasons and a failure's message say: who waits for whom, since when, and why.

use serde_json::json;

use super::world::World;
use crate::contract::Blindness;

const DC1: &str = "CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1";

fn check(world: &World, expected: &[&str]) {
    assert_eq!(world.plan().reasons, expected);
}

#[test]
fn a_reason_says_for_whom_and_since_when() {
    let mut world = World::new(2);
    let dc2 = "dc2: waits for dc1, which is being created";
    check(&world, &[&format!("dc1: creates {DC1}"), dc2]);
    world.settle();
    let dc1 = format!("dc1: waits for {DC1}");
    check(
        &world,
        &[
            &format!("{dc1} to start since 2022-12-15T19:43:00Z"),
            "dc2: waits for dc1, which has not started since 2022-12-15T19:43:00Z",
        ],
    );
    world.start("dc1", "19:44:00");
    world.child("dc1")["status"]["podStatuses"] = json!({
        "p1": {"status": "RUNNING", "startTime": "2022-12-15T19:44:05Z"},
        "p2": {"status": "RUNNING"},
        "p3": {"status": "WAITING"},
    });
    world.settle();
    check(
        &world,
        &[
            &format!(
                "{dc1} to complete since 2022-12-15T19:44:00Z; pod p1 since 2022-12-15T19:44:05Z; pod p2"
            ),
            "dc2: waits for dc1, which is running since 2022-12-15T19:44:00Z",
        ],
    );
    assert!(!world.condition("Running").contains("p1"));
    world.blind("kind-k8ssandra-1", Blindness::Unreachable("down".into()));
    check(
        &world,
        &[
            "dc1: waits for its CassandraTask to complete since 2022-12-15T19:44:00Z: context kind-k8ssandra-1 is \
             unreachable: down",
            "dc2: waits for dc1, which was last seen running: context kind-k8ssandra-1 is unreachable: down",
        ],
    );
}

#[test]
fn one_that_is_on_its_way_out_is_said_to_be() {
    let mut world = World::new(2);
    world.settle();
    world.child("dc1")["metadata"]["deletionTimestamp"] = json!("2022-12-15T19:43:30Z");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False Created dc1 is being deleted since 2022-12-15T19:43:30Z; dc2 waits"
    );
    check(
        &world,
        &[
            &format!("dc1: waits for {DC1} to go since 2022-12-15T19:43:30Z"),
            "dc2: waits for dc1, which is being deleted since 2022-12-15T19:43:30Z",
        ],
    );
}

#[test]
fn what_is_held_says_what_holds_it() {
    let mut world = World::new(2);
    world.set(
        "/spec/template/scheduledTime",
        json!("2022-12-15T23:00:00Z"),
    );
    world.settle();
    assert_eq!(
        world.plan().reasons[1],
        "dc2: waits for dc1, which is scheduled for 2022-12-15T23:00:00Z"
    );
    world.cluster.as_mut().unwrap()["metadata"]["deletionTimestamp"] =
        json!("2022-12-15T19:00:00Z");
    let hold = "K8ssandraCluster demo is being deleted: nothing more is created";
    assert_eq!(
        world.plan().reasons,
        [
            hold,
            &format!("dc1: waits for {DC1} to start at 2022-12-15T23:00:00Z"),
            &format!("dc2: waits: {hold}")
        ]
    );
}

#[test]
fn a_failure_says_what_the_pods_said() {
    for (pods, said) in [
        (
            json!({"pod-1": {"status": "ERROR", "error": "boom"}}),
            " (pod-1: boom)",
        ),
        (
            json!({"a": {"status": "ERROR", "error": "1"}, "b": {"status": "ERROR", "error": "2"},
                "c": {"status": "ERROR", "error": "3"}, "d": {"status": "ERROR", "error": "4"}}),
            " (a: 1, b: 2, c: 3)",
        ),
        (json!({"pod-1": {"status": "ERROR"}}), ""),
    ] {
        let mut world = World::new(2);
        world.settle();
        world.start("dc1", "19:44:00");
        world.fail("dc1", "19:45:00");
        world.child("dc1")["status"]["podStatuses"] = pods;
        world.settle();
        assert_eq!(
            world.condition("Failed"),
            format!(
                "True RemainingCancelled dc1 failed: 1 pods failed during processing{said}; dc2 cancelled"
            )
        );
    }
}
