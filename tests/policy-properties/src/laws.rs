//! What must hold whatever happens: steps in, and a panic where a law is broken.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::changes::{Change, Fault, change, fault, happen};
use crate::simulation::{FINALIZER, Simulation, context};

/// A change, and what goes wrong with the host besides. Usually nothing does, and the host comes to rest.
pub type Step = (Change, Option<Fault>);

/// Any steps, so many of them.
pub fn steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let fault = prop::option::weighted(0.3, fault());
    prop::collection::vec((change(), fault), count)
}

/// Takes one step after the other. After each of them the laws must hold, and what is checked besides.
pub fn play(mut sim: Simulation, steps: &[Step], check: impl Fn(&Simulation)) {
    for (minute, (change, fault)) in (0..).zip(steps) {
        let clock = format!("20:{:02}:{:02}", minute / 60, minute % 60);
        happen(&mut sim, change, &clock);
        sim.hit(fault.clone());
        let is_alive = sim.settle().is_ok();
        if sim.is_gone() {
            return;
        }
        if is_alive && sim.servers.lagging.is_empty() {
            is_at_rest(&mut sim);
        }
        check(&sim);
    }
    goes(sim);
}

/// The host has seen all, and does nothing more.
pub fn is_at_rest(sim: &mut Simulation) {
    if sim.refusing.is_empty() {
        let plan = sim.step();
        assert!(plan.actions.is_empty(), "nothing wakes it: {plan:#?}");
    }
    if sim.is_being_deleted() {
        is_on_its_way(sim);
    } else {
        says_what_holds_it(sim);
    }
}

/// A task that is being deleted goes, unless something is in the way; then it says what.
fn is_on_its_way(sim: &Simulation) {
    assert!(!sim.is_kind(), "nothing is in the way");
    assert!(!sim.reasons().is_empty(), "it does not say why");
}

/// What was lost in a restore is said, and what k8ssandra-operator found invalid once is not said any more.
fn says_what_holds_it(sim: &Simulation) {
    let status = sim.status();
    let is_cluster_absent = sim.answers(None) && sim.cluster().is_none();
    let reason = |kind: &str| {
        let condition = find(status, kind).filter(|it| it["status"] == "True");
        condition.map_or(&Value::Null, |it| &it["reason"])
    };
    if sim.is_restored {
        let is_said = is_cluster_absent || reason("Stalled") == "StatusLost";
        assert!(is_said, "the status was lost: {status:#}");
    } else if sim.answers(None) && !is_cluster_absent && !is_finished(status) {
        assert_ne!(reason("Invalid"), "Invalid", "it is stale: {status:#}");
    }
}

/// Whether two statuses are the same, all but `Stalled`, which says that its TTL waits for a context, and but for the reasons and
/// messages that old versions left out.
pub fn is_frozen(before: &Value, after: &Value) -> bool {
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
    before == after || without_stalled(before) == without_stalled(after)
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

/// A status that is written has times as Kubernetes writes them, changes something, and breaks no law. The definition holds it to
/// its types.
pub fn assert_may_report(before: &Value, after: &Value, is_being_deleted: bool) {
    for time in times(after) {
        assert_time(time);
    }
    assert_ne!(before, after, "nothing changed, but it is written");
    // What a finished task says of its deletion is the one thing that it says besides.
    if is_finished(before) && !is_being_deleted {
        let is_frozen = is_frozen(before, after);
        assert!(is_frozen, "a finished task is frozen: {before:#} {after:#}");
    }
    hold(before, after);
}

/// The times of a status, but for those in copies.
fn times(status: &Value) -> impl Iterator<Item = &Value> {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let ends = [&status["startTime"], &status["completionTime"]];
    let ends = ends.into_iter().filter(|it| !it.is_null());
    ends.chain(conditions.map(|it| &it["lastTransitionTime"]))
}

fn assert_time(value: &Value) {
    let text = value.as_str().unwrap();
    let time: Timestamp = text.parse().unwrap();
    assert_eq!(time.to_string(), text, "in UTC");
    assert_eq!(time.subsec_nanosecond(), 0, "whole seconds: {text}");
}

/// What may not change from one status to the next, and what may never go back.
fn hold(before: &Value, after: &Value) {
    assert!(!starts_later(before, after), "startTime moved later");
    let is_changed = changes_completion(before, after);
    assert!(!is_changed, "completionTime changed: {after:#}");
    for kind in ["Complete", "Failed"] {
        assert!(!turns_back(kind, before, after), "{kind} turned back");
    }
    for condition in before["conditions"].as_array().into_iter().flatten() {
        // Stalled may turn and turn back before the simulation is at rest.
        let kind = condition["type"].as_str().unwrap_or_default();
        let moved = kind != "Stalled" && moves_transition(kind, before, after);
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

/// Whether `startTime` moves later, or goes. The times are all in UTC and of one length: their texts compare as they do.
pub fn starts_later(before: &Value, after: &Value) -> bool {
    let (start, now) = (before["startTime"].as_str(), after["startTime"].as_str());
    start.is_some_and(|start| now.is_none_or(|it| it > start))
}

/// Whether `completionTime` changes once it is set.
pub fn changes_completion(before: &Value, after: &Value) -> bool {
    let field = "completionTime";
    before[field].is_string() && before[field] != after[field]
}

/// Whether a condition that was True is not any more.
pub fn turns_back(kind: &str, before: &Value, after: &Value) -> bool {
    is_true(before, kind) && !is_true(after, kind)
}

/// Whether a condition's `lastTransitionTime` moves, and its status stays.
pub fn moves_transition(kind: &str, before: &Value, after: &Value) -> bool {
    let (before, after) = (find(before, kind), find(after, kind));
    before.zip(after).is_some_and(|(before, after)| {
        let time = "lastTransitionTime";
        before["status"] == after["status"] && before[time] != after[time]
    })
}

/// When nothing is in the way any more, a task that is deleted goes, and takes along all that was ever created for it.
pub fn goes(mut sim: Simulation) {
    sim.refusing.clear();
    sim.hit(None);
    sim.servers.lost.clear();
    sim.servers.contexts = (1..=3).map(context).collect();
    let uid = sim.task()["metadata"]["uid"].clone();
    // One that k8ssandra-operator began is adopted before.
    sim.settle().unwrap();
    sim.servers.collect_garbage();
    // So long what was not answered may still be carried out.
    sim.servers.now += SignedDuration::from_mins(2);
    sim.delete();
    sim.settle().unwrap();
    assert!(sim.is_gone(), "{:#}", sim.task());
    let left = sim.children().filter(|it| sim.is_of(*it, &uid));
    let left: Vec<_> = left.collect();
    assert!(left.is_empty(), "left behind: {left:#?}");
}

/// Whether the policy's finalizer is among these.
pub(crate) fn holds(finalizers: &Value) -> bool {
    let mut names = finalizers.as_array().into_iter().flatten();
    names.any(|it| it == FINALIZER)
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
