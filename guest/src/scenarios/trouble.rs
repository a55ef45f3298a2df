//! What fails on the way, and what cannot be read.

use serde_json::json;

use super::world::{World, lines};
use crate::contract::{Blindness, Failure, Outcome, Snapshot};

fn failure(reason: &str, message: &str) -> Option<Failure> {
    Some(Failure {
        action: 0,
        reason: reason.into(),
        message: message.into(),
    })
}

#[test]
fn a_failure_that_blocks_is_told_while_it_is_tried_again() {
    let mut world = World::new(2).with("/spec/dcConcurrencyPolicy", json!("Allow"));
    world.failure = failure("Forbidden", "cassandratasks \"task1-dc1\" is forbidden");
    assert_eq!(
        lines(&world.plan())
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
    world.die_after(1);
    assert_eq!(
        world.condition("Running"),
        "False Blocked dc1, dc2 have not started; the last step failed: Forbidden: cassandratasks \"task1-dc1\" is forbidden"
    );
    assert_eq!(lines(&world.plan())[0], "patch-metadata");
    assert_eq!(
        world.plan().reasons[0],
        "the last plan failed at action 0: Forbidden: cassandratasks \"task1-dc1\" is forbidden"
    );
    // Once it goes through, nothing of it is left.
    world.step();
    assert_eq!(world.settle(), ["set-status"]);
    assert_eq!(
        world.condition("Running"),
        "False Created dc1, dc2 have not started"
    );
}

/// The steps that are refused fail by turns; the status must not follow.
#[test]
fn what_is_told_of_two_that_are_refused_does_not_flap() {
    let mut world = World::new(3).with("/spec/dcConcurrencyPolicy", json!("Allow"));
    world.refusing = ["kind-k8ssandra-1".into(), "kind-k8ssandra-3".into()].into();
    assert_eq!(
        world.settle(),
        [
            "set-status",
            "patch-metadata",
            "set-status",
            "create task1-dc2 in kind-k8ssandra-2",
            "event Normal CreateCassandraTask Created CassandraTask k8ssandra-operator.task1-dc2 in context \
             kind-k8ssandra-2",
        ]
    );
    let told = |world: &World, name| {
        format!(
            "False Blocked dc1, dc2, dc3 have not started; the last step failed: Forbidden: create task1-{name}: it is \
             forbidden"
        ) == world.condition("Running")
    };
    assert!(told(&world, "dc1 in kind-k8ssandra-1"));
    // The one that is told of is let through: the other one is told of then.
    world.refusing.remove("kind-k8ssandra-1");
    world.settle();
    assert!(told(&world, "dc3 in kind-k8ssandra-3"));
    world.refusing.clear();
    world.settle();
    assert_eq!(
        world.condition("Running"),
        "False Created dc1, dc2, dc3 have not started"
    );
}

/// The crash that the order of a plan is made for.
#[test]
fn what_was_about_to_be_created_is_not_forgotten() {
    for (done, created) in [(1, 0), (2, 0), (3, 1)] {
        let mut world = World::new(2).with("/spec/datacenters", json!(["dc1"]));
        world.die_after(done);
        assert_eq!(world.children.len(), created);
        world.blind("kind-k8ssandra-1", Blindness::Unreachable("down".into()));
        world.set("/spec/datacenters", json!(["dc2"]));
        world.settle();
        assert_eq!(world.children.len(), created, "dc1 may be at work");
        assert_eq!(
            world.condition("Running"),
            "False ContextUnavailable dc2 waits; dc1 may have been created: context kind-k8ssandra-1 is unreachable"
        );
        world.contexts.insert("kind-k8ssandra-1".into(), Ok(()));
        world.settle();
        assert_eq!(world.children.len(), 1, "dc1, or else dc2");
    }
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
