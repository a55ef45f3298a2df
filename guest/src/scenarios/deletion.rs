//! Rule 1, case by case, on the world of the documentation.

use serde_json::json;

use super::world::{FINALIZER, World, at, lines};
use crate::contract::{Blindness, Failure};

fn unreachable() -> Blindness {
    Blindness::Unreachable("connection refused".into())
}

/// A task with three datacenters, the first of which is done and the second at work, whose deletion was asked for.
fn deleted() -> World {
    let mut world = World::new(3).with("/metadata/finalizers", json!(["other/finalizer"]));
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world.complete("dc1", "19:45:00");
    world.settle();
    world.start("dc2", "19:46:00");
    world.settle();
    world.set("/metadata/deletionTimestamp", json!("2022-12-15T19:50:00Z"));
    world
}

#[test]
fn all_that_has_the_labels_goes_and_then_the_finalizer() {
    let mut world = deleted();
    // Whatever the specification and the cluster say by now.
    world.set("/spec", json!(7));
    world.cluster = None;
    let plan = world.step();
    assert_eq!(
        lines(&plan),
        [
            "delete task1-dc1 in kind-k8ssandra-1",
            "delete task1-dc2 in kind-k8ssandra-2"
        ]
    );
    assert!(world.children.is_empty());
    assert_eq!(lines(&world.step()), ["patch-metadata"]);
    assert_eq!(
        world.task["metadata"]["finalizers"],
        json!(["other/finalizer"])
    );
    assert!(world.plan().actions.is_empty());
}

#[test]
fn only_the_labels_are_asked_for_while_every_context_answers() {
    assert_eq!(deleted().decide().0.len(), 1);
}

#[test]
fn what_is_on_its_way_out_is_waited_for() {
    let mut world = deleted();
    for datacenter in ["dc1", "dc2"] {
        world.child(datacenter)["metadata"]["deletionTimestamp"] = json!("2022-12-15T19:50:00Z");
    }
    world.child("dc2")["metadata"]["deletionTimestamp"] = json!("2022-12-15T19:51:00Z");
    world.child("dc1")["metadata"]["finalizers"] = json!(["a/b", 3, "c/d"]);
    world.now = at("19:51:30");
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(
        plan.reasons,
        [
            "being deleted: waits for CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1 to go, since \
             2022-12-15T19:50:00Z",
            "being deleted: waits for CassandraTask k8ssandra-operator.task1-dc2 in context kind-k8ssandra-2 to go, since \
             2022-12-15T19:51:00Z",
        ]
    );
    // It is told when it takes long, and who holds it.
    let dc1 = "CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1 has been terminating since \
               2022-12-15T19:50:00Z: held by its finalizers a/b, c/d";
    let dc2 = "CassandraTask k8ssandra-operator.task1-dc2 in context kind-k8ssandra-2 has been terminating since \
               2022-12-15T19:51:00Z";
    for (now, requeue, blocks) in [
        ("19:55:00", Some(60_000), dc1.to_owned()),
        ("19:56:00", None, format!("{dc1}; {dc2}")),
    ] {
        let until = at(now).millis_from(world.now);
        assert_eq!(world.plan().requeue_after, Some(until));
        world.now = at(now);
        assert_eq!(world.settle(), ["set-status"]);
        assert_eq!(world.plan().requeue_after, requeue);
        let message = format!("True DeletionBlocked being deleted, but {blocks}");
        assert_eq!(world.condition("Running"), message);
    }
}

#[test]
fn a_control_plane_that_cannot_be_seen_cannot_be_unregistered() {
    let mut world = deleted();
    world.control_plane = Err(unreachable());
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True DeletionBlocked being deleted, but the control plane is unreachable"
    );
}

#[test]
fn an_unreachable_context_blocks_visibly() {
    let mut world = deleted();
    world.blind("kind-k8ssandra-2", unreachable());
    let (rounds, plan) = world.decide();
    assert_eq!(
        rounds.len(),
        2,
        "the cluster says whether the context matters"
    );
    assert_eq!(
        lines(&plan),
        ["set-status", "delete task1-dc1 in kind-k8ssandra-1"]
    );
    let events = world.events.len();
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True DeletionBlocked being deleted, but context kind-k8ssandra-2 is unreachable: bring it back, or unregister it \
         to leave behind what may be there"
    );
    assert_eq!(
        world.plan().reasons,
        [
            "being deleted since 2022-12-15T19:50:00Z: context kind-k8ssandra-2 is unreachable: connection refused"
        ]
    );
    assert_eq!(
        world.task["metadata"]["finalizers"],
        json!(["other/finalizer", FINALIZER])
    );
    assert_eq!(
        world.events.len(),
        events,
        "events are refused in a namespace that is being deleted"
    );
    // It comes back.
    world.contexts.insert("kind-k8ssandra-2".into(), Ok(()));
    assert_eq!(
        lines(&world.step()),
        ["set-status", "delete task1-dc2 in kind-k8ssandra-2"]
    );
    assert_eq!(lines(&world.step()), ["patch-metadata"]);
}

#[test]
fn an_unreachable_context_that_the_cluster_does_not_use_does_not_block() {
    let mut world = deleted();
    world
        .contexts
        .insert("elsewhere".into(), Err(unreachable()));
    world.settle();
    assert_eq!(
        world.task["metadata"]["finalizers"],
        json!(["other/finalizer"])
    );
}

#[test]
fn another_cluster_of_that_name_says_nothing_of_the_contexts() {
    for (owner, blocked) in [("cluster-uid", false), ("another-uid", true)] {
        let mut world = deleted();
        world
            .contexts
            .insert("elsewhere".into(), Err(unreachable()));
        world.cluster.as_mut().unwrap()["metadata"]["uid"] = json!(owner);
        world.settle();
        assert_eq!(world.condition("Running").contains("elsewhere"), blocked);
    }
    // A task that no cluster owns was never adopted for one.
    let mut world = deleted();
    world.set(
        "/metadata/ownerReferences",
        json!([{"kind": "Other", "uid": "o"}]),
    );
    world
        .contexts
        .insert("elsewhere".into(), Err(unreachable()));
    world.settle();
    assert_eq!(
        world.task["metadata"]["finalizers"],
        json!(["other/finalizer"])
    );
}

#[test]
fn an_unreachable_context_blocks_where_it_is_not_known_whether_it_is_used() {
    // The cluster is not known; it cannot be seen; it does not declare a recorded datacenter any more.
    let absent = |world: &mut World| world.cluster = None;
    let unseen = |world: &mut World| world.control_plane = Err(unreachable());
    let undeclared = |world: &mut World| {
        world.cluster.as_mut().unwrap()["spec"]["cassandra"]["datacenters"]
            .as_array_mut()
            .unwrap()
            .remove(0);
    };
    for change in [absent as fn(&mut World), unseen, undeclared] {
        let mut world = deleted();
        world
            .contexts
            .insert("elsewhere".into(), Err(unreachable()));
        change(&mut world);
        world.settle();
        assert_eq!(
            world.task["metadata"]["finalizers"],
            json!(["other/finalizer", FINALIZER])
        );
        assert!(
            world.condition("Running").contains("DeletionBlocked"),
            "{}",
            world.condition("Running")
        );
    }
}

#[test]
fn an_unregistered_context_does_not_block() {
    let mut world = deleted();
    world.blind("kind-k8ssandra-2", Blindness::Unregistered);
    world.settle();
    assert_eq!(
        world.task["metadata"]["finalizers"],
        json!(["other/finalizer"])
    );
    assert_eq!(world.children.len(), 1, "what is there is left behind");
}

#[test]
fn a_refused_deletion_is_told_and_does_not_hold_up_the_others() {
    let mut world = deleted();
    world.failure = Some(Failure {
        action: 0,
        reason: "Forbidden".into(),
        message: "cassandratasks \"task1-dc1\" is forbidden".into(),
    });
    assert_eq!(
        lines(&world.plan()),
        [
            "set-status",
            "delete task1-dc2 in kind-k8ssandra-2",
            "delete task1-dc1 in kind-k8ssandra-1"
        ]
    );
    // Two that are refused fail by turns, but are not told of by turns.
    world.refusing = ["kind-k8ssandra-1".into(), "kind-k8ssandra-2".into()].into();
    assert_eq!(world.settle(), ["set-status"]);
    let told = "the last step failed: Forbidden: cassandratasks \"task1-dc1\" is forbidden";
    assert!(world.condition("Running").ends_with(told));
    world.refusing.clear();
    world.children.retain(|(_, _, name), child| {
        child["metadata"]["uid"] = json!(null);
        name == "task1-dc1"
    });
    world.failure = None;
    world.settle();
    assert!(
        world
            .condition("Running")
            .contains("without name or uid in context kind-k8ssandra-1 cannot be deleted")
    );
}

#[test]
fn without_our_finalizer_nothing_is_done() {
    let mut world = deleted();
    world.set("/metadata/finalizers", json!(["other/finalizer"]));
    let (rounds, plan) = world.decide();
    assert_eq!((rounds.len(), plan.actions.len()), (0, 0));
    assert_eq!(
        plan.reasons,
        ["it is being deleted, and nothing of ours holds it"]
    );
}

#[test]
fn a_name_that_is_no_label_value_needs_no_look() {
    let mut world = deleted();
    world.set("/metadata/name", json!("t".repeat(64)));
    let (rounds, plan) = world.decide();
    assert_eq!(
        (rounds.len(), lines(&plan)),
        (0, vec!["patch-metadata".to_owned()])
    );
}

#[test]
fn a_finished_task_takes_its_cassandra_tasks_with_it() {
    let mut world = World::new(2);
    world.run(&["dc1", "dc2"]);
    world.set("/metadata/deletionTimestamp", json!("2022-12-16T19:50:00Z"));
    assert_eq!(world.step().actions.len(), 2);
    assert_eq!(lines(&world.step()), ["patch-metadata"]);
}
