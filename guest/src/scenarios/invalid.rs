//! Rule 4: every way in which a specification is wrong.

use serde_json::{Value, json};

use super::world::{NAMESPACE, World};

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
            "/spec/template/maxConcurrentPods",
            json!(-1),
            "spec.template.maxConcurrentPods is -1: it must be an integer, 0 or more",
        ),
        (
            "/spec/template/retries",
            json!("2"),
            "spec.template.retries is \"2\": it must be an integer, 0 or more",
        ),
        (
            "/spec/template/retries",
            json!(1.5),
            "spec.template.retries is 1.5: it must be an integer, 0 or more",
        ),
        (
            "/spec/template/scheduledTime",
            json!("2022-12-15t23:00:00Z"),
            "spec.template.scheduledTime \"2022-12-15t23:00:00Z\" is not an RFC 3339 time",
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
