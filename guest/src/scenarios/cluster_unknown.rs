//! Rule 3: a cluster that is not there, that goes, or that cannot be seen.

use serde_json::{Value, json};

use super::world::World;
use crate::contract::Blindness;

fn unreachable() -> Blindness {
    Blindness::Unreachable("connection refused".into())
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
