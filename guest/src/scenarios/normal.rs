//! Rules 5 and 6 where all goes as it should, or a job fails: adoption, sequencing, aggregation.

use serde_json::{Value, json};

use super::world::{FINALIZER, World, lines};
use crate::contract::Selector;

#[test]
fn the_quick_start() {
    let mut world = World::new(2);
    world.set(
        "/spec/template/jobs",
        json!([{"name": "job1", "command": "restart"}]),
    );
    let plan = world.step();
    assert_eq!(
        lines(&plan),
        [
            "set-status",
            "patch-metadata",
            "create task1-dc1 in kind-k8ssandra-1",
            "event Normal CreateCassandraTask Created CassandraTask k8ssandra-operator.task1-dc1 in context \
             kind-k8ssandra-1",
        ]
    );
    assert_eq!(
        world.condition("Running"),
        "False Created dc1 has not started; dc2 waits"
    );
    assert_eq!(world.settle(), [""; 0]);

    world.start("dc1", "19:43:35");
    assert_eq!(world.settle(), ["set-status"]);
    world.complete("dc1", "19:44:25");
    assert_eq!(
        world.settle(),
        [
            "set-status",
            "create task1-dc2 in kind-k8ssandra-2",
            "event Normal CreateCassandraTask Created CassandraTask k8ssandra-operator.task1-dc2 in context \
             kind-k8ssandra-2",
        ]
    );
    world.start("dc2", "19:44:25");
    world.settle();
    world.complete("dc2", "19:45:15");
    assert_eq!(world.settle(), ["set-status"]);

    let status = world.status();
    assert_eq!(status["startTime"], "2022-12-15T19:43:35Z");
    assert_eq!(status["completionTime"], "2022-12-15T19:45:15Z");
    assert_eq!(
        status["datacenters"]["dc1"],
        world.children.values().next().unwrap()["status"]
    );
    assert_eq!(
        [&status["active"], &status["succeeded"], &status["failed"]],
        [0, 2, 0]
    );
    assert_eq!(
        world.condition("Running"),
        "False Finished dc1, dc2 are done"
    );
    assert_eq!(
        world.condition("Failed"),
        "False NoFailure no datacenter has failed"
    );
    assert_eq!(
        world.condition("Complete"),
        "True AllComplete 2 of 2 datacenters complete"
    );
    assert_eq!(world.condition("Invalid"), "");
    let kinds: Vec<&Value> = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["type"])
        .collect();
    assert_eq!(kinds, ["Running", "Failed", "Complete"]);
}

#[test]
fn what_it_looks_at() {
    let (rounds, _) = World::new(2).decide();
    let said = |selector: &Selector| match selector {
        Selector::Object(it) => format!("{} {}", it.gvk.kind, it.name),
        Selector::Labelled(it) => format!("{} {:?} {:?}", it.gvk.kind, it.scope, it.namespace),
    };
    let rounds: Vec<Vec<String>> = rounds
        .iter()
        .map(|round| round.iter().map(said).collect())
        .collect();
    assert_eq!(
        rounds,
        [
            [
                "K8ssandraCluster demo",
                "CassandraTask Scope::Everywhere None"
            ],
            ["CassandraTask task1-dc1", "CassandraTask task1-dc2"],
        ]
    );
}

#[test]
fn rule_5_adoption_comes_before_the_first_create_and_is_repaired() {
    let mut world = World::new(1);
    assert_eq!(
        lines(&world.step())[..3],
        [
            "set-status",
            "patch-metadata",
            "create task1-dc1 in kind-k8ssandra-1"
        ]
    );
    assert_eq!(world.task["metadata"]["finalizers"], json!([FINALIZER]));
    assert_eq!(
        world.task["metadata"]["ownerReferences"][0]["uid"],
        "cluster-uid"
    );
    world.settle();
    world.set("/metadata/finalizers", json!([]));
    assert_eq!(world.settle(), ["patch-metadata"]);
}

#[test]
fn rule_6_forbid_stops_at_a_failure() {
    let mut world = World::new(3);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world.fail("dc1", "19:45:00");
    let message = "dc1 failed: 1 pods failed during processing; dc2, dc3 cancelled";
    let event = format!("event Warning RemainingCancelled {message}");
    assert_eq!(world.settle(), [event.as_str(), "set-status"]);
    assert_eq!(
        world.condition("Failed"),
        format!("True RemainingCancelled {message}")
    );
    assert_eq!(
        world.condition("Running"),
        "False Finished dc1 failed; dc2, dc3 cancelled"
    );
    assert_eq!(
        world.condition("Complete"),
        "False NotComplete 1 of 3 datacenters complete"
    );
    assert_eq!(world.status()["completionTime"], Value::Null);
    // The finish time is the latest completion among its CassandraTasks.
    assert_eq!(world.plan().requeue_after, Some(86_400_000));
    // It stays so: neither a change of mind nor the deletion of the CassandraTask starts it again.
    world.set("/spec/dcConcurrencyPolicy", json!("Allow"));
    world.children.clear();
    assert_eq!(world.settle(), [""; 0]);
}

#[test]
fn rule_6_forbid_fails_at_once_while_the_failed_one_is_still_at_work() {
    let mut world = World::new(2);
    world.settle();
    world.start("dc1", "19:44:00");
    world.child("dc1")["status"]["conditions"]
        .as_array_mut()
        .unwrap()
        .push(json!({
            "type": "Failed", "status": "True", "reason": "F", "message": "a pod failed",
            "lastTransitionTime": "2022-12-15T19:44:10Z",
        }));
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True Running dc1 is running; dc2 cancelled"
    );
    assert_eq!(
        world.condition("Failed"),
        "True RemainingCancelled dc1 failed: a pod failed; dc2 cancelled"
    );
    world.fail("dc1", "19:45:00");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False Finished dc1 failed; dc2 cancelled"
    );
    assert_eq!(
        world
            .events
            .iter()
            .filter(|event| event.contains("Cancelled"))
            .count(),
        1
    );
}

#[test]
fn rule_6_allow_runs_all_and_cancels_none() {
    let mut world = World::new(3).with("/spec/dcConcurrencyPolicy", json!("Allow"));
    assert_eq!(world.step().actions.len(), 1 + 3 * 2 + 1);
    for datacenter in ["dc1", "dc2", "dc3"] {
        world.start(datacenter, "19:44:00");
    }
    world.fail("dc1", "19:45:00");
    world.settle();
    assert_eq!(
        world.condition("Failed"),
        "True DatacenterFailed dc1 failed: 1 pods failed during processing"
    );
    assert_eq!(
        world.condition("Running"),
        "True Running dc1 failed; dc2 is running; dc3 is running"
    );
    world.complete("dc3", "19:46:00");
    world.complete("dc2", "19:45:30");
    world.settle();
    // cass-operator sets Complete on a failed one too: all have completed.
    assert_eq!(
        world.condition("Complete"),
        "True AllComplete 3 of 3 datacenters complete"
    );
    assert_eq!(world.status()["completionTime"], "2022-12-15T19:46:00Z");
    assert!(
        world
            .events
            .iter()
            .all(|event| event.starts_with("Normal CreateCassandraTask"))
    );
}
