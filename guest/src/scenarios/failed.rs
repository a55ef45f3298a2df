//! What failed stays failed, and what was cancelled stays cancelled, whatever is seen or said afterwards.

use serde_json::json;

use super::world::World;
use crate::contract::Blindness;

/// Two datacenters, the first of which is at work.
fn at_work(policy: &str) -> World {
    let mut world = World::new(2).with("/spec/dcConcurrencyPolicy", json!(policy));
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world
}

const LOST: &str = "dc1 failed: CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1 was deleted before \
                    it completed";

#[test]
fn a_lost_datacenter_stays_failed_while_it_is_not_seen() {
    let mut world = at_work("Allow");
    world.remove_child("dc1");
    world.settle();
    let failed = format!("True DatacenterFailed {LOST}");
    assert_eq!(world.condition("Failed"), failed);
    let turned = world.status()["conditions"][1]["lastTransitionTime"].clone();

    world.now = world.now.plus_seconds(60);
    let unreachable = || Blindness::Unreachable("down".into());
    world.blind("kind-k8ssandra-1", unreachable());
    world.settle();
    assert_eq!(world.condition("Failed"), failed, "the context is away");
    world.contexts.insert("kind-k8ssandra-1".into(), Ok(()));
    let cluster = world.cluster.take();
    world.settle();
    assert_eq!(world.condition("Failed"), failed, "the cluster is away");
    world.cluster = cluster;
    world.set("/spec/datacenters", json!(["dc9"]));
    world.settle();
    assert_eq!(world.condition("Failed"), failed, "the list is wrong");
    assert_eq!(
        world.status()["conditions"][1]["lastTransitionTime"],
        turned,
        "it never turned"
    );
}

#[test]
fn one_that_is_lost_while_the_list_is_wrong_is_lost() {
    let mut world = at_work("Forbid");
    world.set("/spec/datacenters", json!(["dc9"]));
    world.settle();
    world.remove_child("dc1");
    world.settle();
    assert_eq!(
        world.condition("Failed"),
        format!("True DatacenterFailed {LOST}")
    );
    world.set("/spec/datacenters", json!(["dc2"]));
    let event = format!("event Warning RemainingCancelled {LOST}; dc2 cancelled");
    assert_eq!(world.settle(), [event.as_str(), "set-status"]);
    assert!(world.children.is_empty());
    assert_eq!(
        world.condition("Failed"),
        format!("True RemainingCancelled {LOST}; dc2 cancelled")
    );
    assert_eq!(world.condition("Running"), "False Finished dc2 cancelled");
}

#[test]
fn what_the_cluster_does_not_have_any_more_is_not_lost() {
    let mut world = at_work("Forbid");
    world.set("/spec/datacenters", json!(["dc1", "dc2"]));
    world.cluster.as_mut().unwrap()["spec"]["cassandra"]["datacenters"]
        .as_array_mut()
        .unwrap()
        .remove(0);
    world.remove_child("dc1");
    world.settle();
    assert!(world.condition("Failed").starts_with("False"));
    world.set("/spec/datacenters", json!(["dc2"]));
    world.settle();
    assert_eq!(world.children.len(), 1);
}

#[test]
fn what_was_cancelled_stays_cancelled_whatever_is_edited() {
    let mut world = at_work("Forbid");
    let failing = json!({
        "type": "Failed", "status": "True", "reason": "F", "message": "a pod failed",
        "lastTransitionTime": "2022-12-15T19:44:10Z",
    });
    world.child("dc1")["status"]["conditions"]
        .as_array_mut()
        .unwrap()
        .push(failing);
    world.settle();
    let cancelled = "True RemainingCancelled dc1 failed: a pod failed; dc2 cancelled";
    assert_eq!(world.condition("Failed"), cancelled);
    for (policy, running) in [
        ("Allow", "True Running dc1 is running; dc2 cancelled"),
        (
            "Neither",
            "True InvalidSpec dc1 is running; dc2 cancelled; nothing more is created",
        ),
        ("Allow", "True Running dc1 is running; dc2 cancelled"),
    ] {
        world.set("/spec/dcConcurrencyPolicy", json!(policy));
        world.settle();
        assert_eq!(world.condition("Running"), running);
        assert_eq!(world.condition("Failed"), cancelled);
    }
    world.fail("dc1", "19:45:00");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False Finished dc1 failed; dc2 cancelled"
    );
    assert_eq!(world.children.len(), 1);
}
