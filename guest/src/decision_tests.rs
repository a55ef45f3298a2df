//! The decision table, rule by rule, on the world of the documentation.

use serde_json::{Value, json};

use crate::contract::{Blindness, Failure, Outcome, Selector, Snapshot};
use crate::fixture::{FINALIZER, NAMESPACE, World, at, lines};

fn unreachable() -> Blindness {
    Blindness::Unreachable("connection refused".into())
}

fn failure(reason: &str, message: &str) -> Option<Failure> {
    Some(Failure {
        action: 0,
        reason: reason.into(),
        message: message.into(),
    })
}

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
            "patch-metadata",
            "create task1-dc1 in kind-k8ssandra-1",
            "event Normal CreateCassandraTask Created CassandraTask k8ssandra-operator.task1-dc1 in context \
             kind-k8ssandra-1",
            "set-status",
        ]
    );
    assert_eq!(
        world.condition("Running"),
        "False Created dc1: CassandraTask created, not started; dc2 waits"
    );
    assert_eq!(world.settle(), [""; 0]);

    world.start("dc1", "19:43:35");
    assert_eq!(world.settle(), ["set-status"]);
    world.complete("dc1", "19:44:25");
    assert_eq!(
        world.settle(),
        [
            "create task1-dc2 in kind-k8ssandra-2",
            "event Normal CreateCassandraTask Created CassandraTask k8ssandra-operator.task1-dc2 in context \
             kind-k8ssandra-2",
            "set-status",
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

#[test]
fn rule_3_an_unknown_cluster_is_invalid_until_it_appears() {
    let mut world = World::new(1).with("/spec/cluster/name", json!("demo2"));
    let warning = "Warning InvalidSpec unknown K8ssandraCluster k8ssandra-operator.demo2";
    assert_eq!(world.settle(), [&format!("event {warning}"), "set-status"]);
    let condition = "True InvalidSpec unknown K8ssandraCluster k8ssandra-operator.demo2";
    assert_eq!(world.condition("Invalid"), condition);
    assert_eq!(
        world.status()["conditions"].as_array().unwrap().len(),
        1,
        "nothing else is said"
    );
    assert_eq!(
        world.status().as_object().unwrap().len(),
        1,
        "nothing else is said"
    );

    world.cluster.as_mut().unwrap()["metadata"]["name"] = json!("demo2");
    world.settle();
    assert_eq!(
        world.condition("Invalid"),
        "False ValidSpec the specification is valid"
    );
    assert_eq!(world.children.len(), 1);
}

#[test]
fn rule_3_a_cluster_that_goes_stops_what_is_not_begun() {
    let mut world = World::new(2);
    world.settle();
    world.start("dc1", "19:44:00");
    world.settle();
    let cluster = world.cluster.take();
    world.settle();
    let gone = "K8ssandraCluster k8ssandra-operator.demo is gone: nothing more is created";
    assert_eq!(
        world.condition("Running"),
        format!("True ClusterUnknown dc1 is running; {gone}")
    );
    assert_eq!(world.condition("Invalid"), "");
    world.complete("dc1", "19:45:00");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        format!("False ClusterUnknown dc1 is done; {gone}")
    );
    assert_eq!(world.status()["succeeded"], 1);
    assert_eq!(
        (world.children.len(), &world.status()["completionTime"]),
        (1, &Value::Null)
    );

    world.cluster = cluster;
    world.settle();
    assert_eq!(world.children.len(), 2);
}

#[test]
fn rule_3_a_cluster_that_cannot_be_seen_is_not_unknown() {
    let mut world = World::new(1);
    world.control_plane = Err(unreachable());
    world.settle();
    assert_eq!(world.condition("Invalid"), "");
    assert_eq!(
        world.condition("Running"),
        "False ClusterUnseen K8ssandraCluster k8ssandra-operator.demo cannot be seen: the control plane is unreachable"
    );
    world.control_plane = Ok(());
    world.cluster.as_mut().unwrap()["metadata"]["deletionTimestamp"] =
        json!("2022-12-15T19:00:00Z");
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False ClusterDeleted dc1 waits; K8ssandraCluster demo is being deleted: nothing more is created"
    );
    assert!(world.children.is_empty());
}

/// Every way in which a specification is wrong, and the text for it.
#[test]
fn rule_4_a_wrong_specification() {
    let jobs = |commands: &[&str]| -> Value {
        commands
            .iter()
            .map(|c| json!({"name": "j", "command": c}))
            .collect()
    };
    for (pointer, value, message) in [
        (
            "/spec/datacenters",
            json!(["dc4"]),
            "unknown datacenters: dc4",
        ),
        (
            "/spec/datacenters",
            json!(["dc5", "dc1", "dc4"]),
            "unknown datacenters: dc5, dc4",
        ),
        (
            "/spec/datacenters",
            json!(["dc1", "dc1"]),
            "datacenters listed twice: dc1",
        ),
        (
            "/spec/datacenters",
            json!("dc1"),
            "spec.datacenters: invalid type: string \"dc1\", expected a sequence",
        ),
        (
            "/spec/template",
            json!(null),
            "spec.template is not set: it says what job to run",
        ),
        (
            "/spec/template/jobs",
            json!([]),
            "no job: spec.template.jobs is empty",
        ),
        (
            "/spec/template/jobs",
            json!(null),
            "no job: spec.template.jobs is empty",
        ),
        (
            "/spec/template/jobs",
            jobs(&["restart", "cleanup"]),
            "too many jobs: spec.template.jobs has 2, and at most 1 can be run",
        ),
        (
            "/spec/template/jobs",
            jobs(&["dance"]),
            "unknown commands: dance (known: cleanup, compact, flush, garbagecollect, move, rebuild, refresh, \
             replacenode, restart, scrub, tsreload, upgradesstables)",
        ),
        (
            "/spec/template/jobs",
            json!([{"name": "j"}]),
            "spec.template.jobs[0]: missing field `command`",
        ),
        (
            "/spec/dcConcurrencyPolicy",
            json!("Replace"),
            "dcConcurrencyPolicy \"Replace\" is neither Forbid nor Allow",
        ),
        (
            "/spec/template/ttlSecondsAfterFinished",
            json!(-1),
            "spec.template.ttlSecondsAfterFinished is -1: it must be a number of seconds, or 0 for ever",
        ),
        (
            "/spec/template/scheduledTime",
            json!("soon"),
            "spec.template.scheduledTime \"soon\" is not an RFC 3339 time",
        ),
        (
            "/spec/cluster/namespace",
            json!("other"),
            "K8ssandraCluster other.demo is in another namespace: a task and its cluster share one, here \
             k8ssandra-operator",
        ),
        (
            "/spec/cluster/name",
            json!(""),
            "spec.cluster.name is not set",
        ),
    ] {
        let mut world = World::new(2).with(pointer, value.clone());
        world.settle();
        assert_eq!(
            world.condition("Invalid"),
            format!("True InvalidSpec {message}"),
            "{pointer} {value}"
        );
        assert_eq!(world.events, [format!("Warning InvalidSpec {message}")]);
        assert!(world.children.is_empty());
        assert!(
            world.task["metadata"]["finalizers"].is_null(),
            "not adopted while it is wrong"
        );
    }
}

#[test]
fn rule_4_names_that_cannot_be() {
    let long = "t".repeat(64);
    let mut world = World::new(1).with("/metadata/name", json!(long));
    world.settle();
    assert_eq!(
        world.condition("Invalid"),
        format!(
            "True InvalidSpec {long:?} is not a valid value of the label k8ssandra.io/task-name: use a name of at most \
             63 characters"
        )
    );
    let mut world = World::new(1);
    world.cluster.as_mut().unwrap()["spec"]["cassandra"]["datacenters"][0]["metadata"]["name"] =
        json!("DC_1");
    world.settle();
    let message = "k8ssandra-operator.task1-DC_1 is not a valid name for a CassandraTask";
    assert_eq!(
        world.condition("Invalid"),
        format!("True InvalidSpec {message}")
    );
    let mut world = World::new(0);
    world.settle();
    assert_eq!(
        world.condition("Invalid"),
        "True InvalidSpec K8ssandraCluster demo has no datacenters"
    );
    world.cluster = Some(json!({"metadata": {"name": "demo"}}));
    world.settle();
    assert!(
        world
            .condition("Invalid")
            .contains("K8ssandraCluster k8ssandra-operator.demo cannot be read: metadata")
    );
}

#[test]
fn rule_4_somebody_elses_cassandra_task() {
    let mut world = World::new(1);
    let key = (
        Some("kind-k8ssandra-1".to_owned()),
        NAMESPACE.to_owned(),
        "task1-dc1".to_owned(),
    );
    world.children.insert(
        key,
        json!({"metadata": {"name": "task1-dc1", "namespace": NAMESPACE, "labels": {
            "k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": "other",
        }}}),
    );
    world.settle();
    assert_eq!(
        world.condition("Invalid"),
        "True InvalidSpec CassandraTask k8ssandra-operator.task1-dc1 in context kind-k8ssandra-1 belongs to K8ssandraTask \
         other.task1"
    );
    world.children.clear();
    world.settle();
    assert_eq!(world.children.len(), 1);
}

#[test]
fn rule_4_one_warning_a_change_and_the_settings_count() {
    let mut world = World::new(2).with("/spec/datacenters", json!(["dc4"]));
    world.settle();
    world.settle();
    world.set("/spec/datacenters", json!(["dc4", "dc5"]));
    world.settle();
    assert_eq!(
        world.events,
        [
            "Warning InvalidSpec unknown datacenters: dc4",
            "Warning InvalidSpec unknown datacenters: dc4, dc5"
        ]
    );
    let mut world = World::new(1).with(
        "/spec/template/jobs",
        json!([{"name": "a", "command": "inspect"}, {"name": "b", "command": "restart"}]),
    );
    world.settings = json!({"extraCommands": ["inspect"], "maxJobs": 2}).to_string();
    world.settle();
    assert_eq!(
        (world.condition("Invalid").as_str(), world.children.len()),
        ("", 1)
    );
}

#[test]
fn rule_4_what_runs_is_still_aggregated() {
    let mut world = World::new(2);
    world.settle();
    world.start("dc1", "19:44:00");
    world.set("/spec/template/jobs", json!([]));
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "True InvalidSpec dc1 is running; dc2 waits; nothing more is created until the specification is put right"
    );
    world.complete("dc1", "19:45:00");
    world.settle();
    assert_eq!(
        (world.children.len(), &world.status()["succeeded"]),
        (1, &json!(1))
    );
    world.set(
        "/spec/template/jobs",
        json!([{"name": "j", "command": "cleanup"}]),
    );
    world.settle();
    assert_eq!(
        world.condition("Invalid"),
        "False ValidSpec the specification is valid"
    );
    assert_eq!(world.children.len(), 2);
}

#[test]
fn rule_5_adoption_comes_before_the_first_create_and_is_repaired() {
    let mut world = World::new(1);
    assert_eq!(lines(&world.step())[0], "patch-metadata");
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
    assert!(
        world.plan().reasons.contains(
            &"dc1: context kind-k8ssandra-1 is unreachable: connection refused".to_owned()
        )
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
    let running = "False Created dc1: CassandraTask created, scheduled for 2022-12-15T23:00:00Z";
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
fn a_failure_that_blocks_is_told_before_it_is_tried_again() {
    let mut world = World::new(2).with("/spec/dcConcurrencyPolicy", json!("Allow"));
    world.failure = failure("Forbidden", "cassandratasks \"task1-dc1\" is forbidden");
    let plan = world.plan();
    assert_eq!(
        lines(&plan)
            .iter()
            .map(|line| line.split(" in").next().unwrap())
            .collect::<Vec<_>>()[..4],
        [
            "set-status",
            "patch-metadata",
            "create task1-dc2",
            "event Normal CreateCassandraTask Created CassandraTask k8ssandra-operator.task1-dc2"
        ],
        "the status first, and the other datacenter before the one that was refused"
    );
    // It fails again after the status: from then on, that is not written again.
    let crate::contract::Action::SetStatus(status) = &plan.actions[0] else {
        panic!("{plan:?}")
    };
    world.task["status"] = serde_json::from_str(status).unwrap();
    assert_eq!(
        world.condition("Running"),
        "False Blocked dc1, dc2 wait; the last step failed: Forbidden: cassandratasks \"task1-dc1\" is forbidden"
    );
    assert_eq!(lines(&world.plan())[0], "patch-metadata");
    assert_eq!(
        world.plan().reasons[0],
        "the last plan failed at action 0: Forbidden: cassandratasks \"task1-dc1\" is forbidden"
    );
    // Once it goes through, nothing of it is left.
    world.step();
    world.failure = None;
    assert_eq!(world.settle(), [""; 0]);
    assert!(
        world.condition("Running").starts_with("False Created"),
        "{}",
        world.condition("Running")
    );
}

#[test]
fn a_passing_failure_is_a_reason_only() {
    let mut world = World::new(1);
    world.failure = failure("Timeout", "no answer");
    let plan = world.step();
    assert_eq!(
        plan.reasons[0],
        "the last plan failed at action 0: Timeout: no answer"
    );
    assert!(!world.status().to_string().contains("Timeout"));
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
fn what_is_not_ours_in_the_status_stays() {
    let mut world = World::new(1);
    world.set("/status", json!({"newer": {"field": 1}, "conditions": [
        {"type": "Other", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2022-12-15T19:00:00Z"},
    ]}));
    world.settle();
    assert_eq!(world.status()["newer"]["field"], 1);
    assert_eq!(world.status()["conditions"][3]["type"], "Other");
}

#[test]
fn a_primary_that_cannot_be_read_is_left_alone() {
    for primary in ["", "null", "[]", r#"{"metadata": 3}"#] {
        let snapshot = Snapshot {
            now: 0,
            primary: primary.into(),
            observations: vec![],
            last_failure: None,
        };
        let Outcome::Act(plan) = crate::reconcile("{}", &snapshot) else {
            panic!("looked")
        };
        assert!(plan.actions.is_empty());
        assert!(
            plan.reasons[0].starts_with("the K8ssandraTask cannot be read"),
            "{primary}: {:?}",
            plan.reasons
        );
    }
}
