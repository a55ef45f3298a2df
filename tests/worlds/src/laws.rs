//! What must hold whatever happens: a story in, and a panic where a law is broken.

use jiff::Timestamp;
use k8ssandra_task_policy::contract::Snapshot;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::happenings::{Happening, happen, happening};
use crate::world::World;

/// A happening, and what comes of it: usually a world at rest. But the host may die when it has carried out so many actions,
/// and the next thing happens before it is back.
pub type Chapter = (Happening, Option<Index>);

/// Any story of such a length.
pub fn story(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Chapter>> {
    let crash = prop::option::weighted(0.3, any::<Index>());
    prop::collection::vec((happening(), crash), length)
}

/// Plays a story. After each chapter the laws must hold, and what is checked besides.
pub fn play(mut world: World, story: &[Chapter], check: impl Fn(&World)) {
    for (minute, (happening, crash)) in (0..).zip(story) {
        let was_deleted = world.is_being_deleted();
        let clock = format!("20:{:02}:{:02}", minute / 60, minute % 60);
        happen(&mut world, happening, &clock);
        let before = world.status().clone();
        match crash {
            Some(after) => {
                let actions = world.plan().actions.len();
                world.die_after(after.index(actions + 1));
                world.failures = pilothouse_core::Failures::default();
                world.observes.clear();
            }
            // It comes to rest: the plan of the converged world is empty.
            None => {
                world.settle();
                if world.is_being_deleted() {
                    is_on_its_way(&world);
                } else {
                    says_what_holds_it(&world);
                }
            }
        }
        // What a finished task says of its deletion is the one thing that it says besides.
        if !was_deleted && !world.is_being_deleted() {
            is_frozen(&before, world.status());
        }
        hold(&before, world.status());
        check(&world);
        if world.is_gone() {
            return;
        }
    }
    goes(world);
}

/// A task that is being deleted goes, unless something is in the way; then it says what.
fn is_on_its_way(world: &World) {
    assert!(world.is_gone() || !world.is_kind(), "nothing is in the way");
    assert!(!world.plan().reasons.is_empty(), "it does not say why");
}

/// What was lost in a restore is said, and what k8ssandra-operator found invalid once is not said any more.
fn says_what_holds_it(world: &World) {
    let status = world.status();
    let is_cluster_absent = world.control_plane.is_ok() && world.cluster.is_none();
    let reason = |kind: &str| {
        let condition = find(status, kind).filter(|it| it["status"] == "True");
        condition.map_or(&Value::Null, |it| &it["reason"])
    };
    if world.is_restored {
        let is_said = is_cluster_absent || reason("Stalled") == "StatusLost";
        assert!(is_said, "the status was lost: {status:#}");
    } else if world.control_plane.is_ok() && !is_cluster_absent && !is_finished(status) {
        assert_ne!(reason("Invalid"), "Invalid", "it is stale: {status:#}");
    }
}

/// All but `Stalled`, which says that its TTL waits for a context, and but for the reasons and messages that old versions left out.
fn is_frozen(before: &Value, after: &Value) {
    let without_stalled = |status: &Value| {
        let mut status = status.clone();
        if let Some(conditions) = status["conditions"].as_array_mut() {
            conditions.retain(|condition| condition["type"] != "Stalled");
        }
        complete(&mut status);
        let copies = status["datacenters"].as_object_mut();
        copies
            .into_iter()
            .flatten()
            .for_each(|(_, it)| complete(it));
        status
    };
    if is_finished(before) {
        assert_eq!(
            without_stalled(before),
            without_stalled(after),
            "a finished task is frozen"
        );
    }
}

/// Adds to conditions what old versions left out.
fn complete(status: &mut Value) {
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let kind = condition["type"].clone();
        if let Some(fields) = condition.as_object_mut() {
            fields.entry("reason").or_insert(kind);
            fields.entry("message").or_insert(json!(""));
        }
    }
}

/// What may not change from one status to the next, and what may never go back.
fn hold(before: &Value, after: &Value) {
    if let Some(start) = before["startTime"].as_str() {
        let later = after["startTime"].as_str().is_none_or(|it| it > start);
        assert!(!later, "startTime moved later");
    }
    if before["completionTime"].is_string() {
        assert_eq!(before["completionTime"], after["completionTime"]);
    }
    for kind in ["Complete", "Failed"] {
        let turned_back = is_true(before, kind) && !is_true(after, kind);
        assert!(!turned_back, "{kind} turned back");
    }
    for condition in before["conditions"].as_array().into_iter().flatten() {
        // Stalled may turn and turn back before the world is at rest.
        let kind = condition["type"].as_str().unwrap_or_default();
        let same = find(after, kind).filter(|_| kind != "Stalled");
        let same = same.filter(|it| it["status"] == condition["status"]);
        let moved =
            same.is_some_and(|it| it["lastTransitionTime"] != condition["lastTransitionTime"]);
        assert!(
            !moved,
            "lastTransitionTime moved without the status: {condition}"
        );
    }
    for (name, record) in before["datacenters"].as_object().into_iter().flatten() {
        // One whose create was refused was never created.
        let is_kept = is_blank(record) || after["datacenters"][name].is_object();
        assert!(is_kept, "the record of {name} is gone: {record}");
    }
}

/// When nothing is in the way any more, a task that is deleted goes, and takes along all that was ever created for it.
fn goes(mut world: World) {
    world.refusing.clear();
    world.control_plane = Ok(());
    world.contexts = World::new(3).contexts;
    // One that k8ssandra-operator began is adopted before.
    world.settle();
    world.task["metadata"]["deletionTimestamp"] = json!("2022-12-15T23:00:00Z");
    world.settle();
    assert!(world.is_gone(), "{:#}", world.task);
    let left: Vec<_> = world.own_children().collect();
    assert!(left.is_empty(), "left behind: {left:#?}");
}

/// The condition of that type in a status.
pub fn find<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut conditions = status["conditions"].as_array()?.iter();
    conditions.find(|condition| condition["type"] == kind)
}

/// Whether a condition is True.
pub fn is_true(status: &Value, kind: &str) -> bool {
    find(status, kind).is_some_and(|condition| condition["status"] == "True")
}

/// Whether a task's status says that it is over.
pub fn is_finished(status: &Value) -> bool {
    status["completionTime"].is_string()
        || is_true(status, "Complete")
        || find(status, "Running").is_some_and(|running| running["reason"] == "Finished")
}

/// Whether there is nothing in a status.
pub fn is_blank(status: &Value) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    is_empty(status)
        || status
            .as_object()
            .is_some_and(|fields| fields.values().all(is_empty))
}

/// Whether a CassandraTask's status says that it is over. Failed and not Running has stopped; a completionTime that is no
/// time says nothing.
pub fn has_ended(status: &Value) -> bool {
    let completion = status["completionTime"].as_str();
    completion.is_some_and(|text| text.parse::<Timestamp>().is_ok())
        || is_true(status, "Complete")
        || is_true(status, "Failed") && !is_true(status, "Running")
}

/// The snapshot of a world at rest, with all that the policy asks to see.
pub fn full_snapshot(world: &World) -> Snapshot {
    let (observed, _) = world.decide();
    world.snapshot(&observed)
}
