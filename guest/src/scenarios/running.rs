//! Rule 6 where the world changes under a running task: contexts, datacenters and CassandraTasks come and go.

use serde_json::json;

use super::world::{World, at, lines};
use crate::contract::Blindness;

fn unreachable() -> Blindness {
    Blindness::Unreachable("connection refused".into())
}

#[test]
fn rule_6_a_deleted_cassandra_task_is_lost_and_not_created_again() {
    let mut world = World::new(2);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    let record = world.status()["datacenters"]["dc1"].clone();
    world.remove_child("dc1");
    world.now = at("19:50:00");
    world.settle();
    assert_eq!(
        world.condition("Failed"),
        "True RemainingCancelled dc1 failed: CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1 was \
         deleted before it completed; dc2 cancelled"
    );
    assert_eq!(world.status()["datacenters"]["dc1"], record);
    // The finish time is the moment Failed turned True.
    assert_eq!(world.plan().requeue_after, Some(86_400_000));
}

#[test]
fn rule_6_one_that_was_deleted_before_it_was_taken_up_is_created_again() {
    let mut world = World::new(1);
    world.settle();
    world.remove_child("dc1");
    world.settle();
    assert_eq!((world.children.len(), world.created), (1, 2));
    // Taken up, though its startTime was lost.
    world.child("dc1")["status"] = json!({"active": 1});
    world.settle();
    world.remove_child("dc1");
    world.settle();
    assert!(
        world
            .condition("Failed")
            .starts_with("True DatacenterFailed")
    );
    assert!(world.children.is_empty());
}

#[test]
fn rule_6_what_is_done_stays_done_when_it_is_deleted() {
    let mut world = World::new(2);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world.complete("dc1", "19:45:00");
    world.settle();
    world.remove_child("dc1");
    assert_eq!(world.settle(), [""; 0]);
    world.start("dc2", "19:46:00");
    world.complete("dc2", "19:47:00");
    world.settle();
    assert_eq!(
        world.condition("Complete"),
        "True AllComplete 2 of 2 datacenters complete"
    );
}

#[test]
fn rule_6_an_unreachable_context_waits_visibly() {
    let mut world = World::new(2);
    world.blind("kind-k8ssandra-1", unreachable());
    world.settle();
    assert!(world.children.is_empty());
    assert_eq!(
        world.condition("Running"),
        "False ContextUnavailable dc1 waits: context kind-k8ssandra-1 is unreachable; dc2 waits"
    );
    assert_eq!(
        world.plan().reasons,
        [
            "dc1: waits to be created: context kind-k8ssandra-1 is unreachable: connection refused",
            "dc2: waits for dc1, which waits to be created: context kind-k8ssandra-1 is unreachable: connection refused",
        ]
    );
    world.blind("kind-k8ssandra-1", Blindness::Unregistered);
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False ContextUnavailable dc1 waits: context kind-k8ssandra-1 is not registered; dc2 waits"
    );
    world.contexts.insert("kind-k8ssandra-1".into(), Ok(()));
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world.blind("kind-k8ssandra-1", unreachable());
    world.settle();
    // As last recorded: Running is still true, and nothing is lost.
    assert_eq!(
        world.condition("Running"),
        "True ContextUnavailable dc1 was last seen running: context kind-k8ssandra-1 is unreachable; dc2 waits"
    );
    assert_eq!(
        world.condition("Failed"),
        "False NoFailure no datacenter has failed"
    );
}

#[test]
fn rule_6_datacenters_come_and_go_while_it_runs() {
    let mut world = World::new(3);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world.complete("dc1", "19:45:00");
    world.settle();
    world.start("dc2", "19:46:00");
    world.settle();
    // dc1 is removed with what is in it: its record stays, and it does not count any more.
    world.cluster.as_mut().unwrap()["spec"]["cassandra"]["datacenters"]
        .as_array_mut()
        .unwrap()
        .remove(0);
    world.remove_child("dc1");
    world.settle();
    assert_eq!(
        world.condition("Complete"),
        "False NotComplete 0 of 2 datacenters complete"
    );
    assert_eq!(world.status()["datacenters"]["dc1"]["succeeded"], 1);
    // It is declared again, at the end: what is done is not run again.
    let again = json!({"metadata": {"name": "dc1"}, "k8sContext": "kind-k8ssandra-1"});
    world.cluster.as_mut().unwrap()["spec"]["cassandra"]["datacenters"]
        .as_array_mut()
        .unwrap()
        .push(again);
    world.complete("dc2", "19:47:00");
    world.settle();
    world.start("dc3", "19:48:00");
    world.complete("dc3", "19:49:00");
    world.settle();
    assert_eq!(
        world.condition("Complete"),
        "True AllComplete 3 of 3 datacenters complete"
    );
    assert_eq!(world.status()["startTime"], "2022-12-15T19:44:00Z");
    assert_eq!(world.events.len(), 3);
}

#[test]
fn rule_6_a_cassandra_task_that_nobody_takes_up_is_told_of_in_time() {
    let mut world = World::new(2);
    world.settle();
    let plan = world.plan();
    assert_eq!((plan.actions.len(), plan.requeue_after), (0, Some(300_000)));
    world.now = world.now.plus_seconds(300);
    let plan = world.step();
    assert_eq!(
        (lines(&plan), plan.requeue_after),
        (vec!["set-status".to_owned()], None)
    );
    assert_eq!(
        world.condition("Running"),
        "False NotStarting dc1: CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1 has had no status \
         since 2022-12-15T19:43:00Z: is cass-operator running there, or does another task hold the datacenter?; dc2 waits"
    );
    world.now = world.now.plus_seconds(3_000);
    assert_eq!(world.settle(), [""; 0], "it does not change by itself");
}

#[test]
fn rule_6_a_scheduled_task_waits_for_its_time() {
    let mut world = World::new(1).with(
        "/spec/template/scheduledTime",
        json!("2022-12-15T23:00:00Z"),
    );
    world.settle();
    let running = "False Created dc1 is scheduled for 2022-12-15T23:00:00Z";
    assert_eq!(world.condition("Running"), running);
    assert_eq!(world.settle(), [""; 0]);
    let due = at("23:05:00");
    assert_eq!(world.plan().requeue_after, Some(due.millis_from(world.now)));
}

#[test]
fn rule_6_pods_are_counted_for_people() {
    let mut world = World::new(3);
    world.settle();
    world.start("dc1", "19:44:00");
    let pod = |status: &str| json!({"status": status});
    world.child("dc1")["status"]["podStatuses"] =
        json!({"p1": pod("COMPLETED"), "p2": pod("COMPLETED"), "p3": pod("RUNNING")});
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True Running dc1 is running (2 of 3 pods); dc2, dc3 wait"
    );
    // A restart is never Running=True.
    world.child("dc1")["status"] =
        json!({"startTime": "2022-12-15T19:44:00Z", "active": 1, "succeeded": 2});
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False Started dc1 is running (2 pods done); dc2, dc3 wait"
    );
}

#[test]
fn a_datacenter_that_is_not_ready_is_told_of_and_not_waited_for() {
    let mut world = World::new(2);
    let says = |world: &mut World, kind: &str, status: &str| {
        let condition =
            json!({"type": kind, "status": status, "lastTransitionTime": "2022-12-15T19:00:00Z"});
        world.cluster.as_mut().unwrap()["status"]["datacenters"]["dc1"]["cassandra"]["conditions"] =
            json!([condition]);
    };
    says(&mut world, "Ready", "False");
    assert_eq!(
        world.settle().len(),
        4,
        "it is created, and nothing is written after"
    );
    let unready = "K8ssandraCluster demo says since 2022-12-15T19:00:00Z that dc1 is not ready";
    assert_eq!(
        world.condition("Running"),
        format!("False DatacenterNotReady dc1 has not started; {unready}; dc2 waits")
    );
    world.start("dc1", "19:44:00");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        format!("True DatacenterNotReady dc1 is running; {unready}; dc2 waits")
    );
    says(&mut world, "Stopped", "True");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True DatacenterNotReady dc1 is running; dc1 is stopped since 2022-12-15T19:00:00Z: a task there finds no pods, \
         and completes without doing anything; dc2 waits"
    );
    says(&mut world, "Ready", "True");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True Running dc1 is running; dc2 waits"
    );
}

#[test]
fn a_job_is_not_begun_again_because_its_datacenter_moved() {
    let mut world = World::new(1);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    world.cluster.as_mut().unwrap()["spec"]["cassandra"]["datacenters"][0]["k8sContext"] =
        json!(null);
    assert_eq!(world.settle(), [""; 0]);
    world.complete("dc1", "19:45:00");
    world.settle();
    assert_eq!(
        world.condition("Complete"),
        "True AllComplete 1 of 1 datacenters complete"
    );
}

#[test]
fn the_start_never_moves_later() {
    let mut world = World::new(2);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    // As after a suspension: cass-operator resets it.
    world.start("dc1", "19:50:00");
    world.settle();
    assert_eq!(world.status()["startTime"], "2022-12-15T19:44:00Z");
    assert_eq!(
        world.status()["datacenters"]["dc1"]["startTime"],
        "2022-12-15T19:50:00Z"
    );
}
