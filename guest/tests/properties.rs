//! What holds whatever happens: random worlds, random edits and random JSON. `PROPTEST_CASES=3000` looks longer.

use k8ssandra_task_policy::contract::{Action, Outcome};
use k8ssandra_task_policy::{describe, reconcile};
use policy_worlds::World;
use policy_worlds::happenings::{happen, happening};
use policy_worlds::json::json_value;
use policy_worlds::laws::{full_snapshot, is_finished, is_true, play, story};
use policy_worlds::spoilt::spoilt_world;
use proptest::prelude::*;
use serde_json::{Value, json};

fn world(policy: &str) -> World {
    World::new(3).with("/spec/dcConcurrencyPolicy", json!(policy))
}

const SETTINGS: [&str; 4] = ["extraCommands", "maxJobs", "defaultTtlSeconds", "labels"];

/// Settings with a few odd fields, or any JSON.
fn settings() -> impl Strategy<Value = Value> {
    let known = prop::sample::select(&SETTINGS[..]).prop_map(str::to_owned);
    let field = prop_oneof![4 => known, 1 => "[a-z]{1,8}"];
    let fields = prop::collection::btree_map(field, json_value(), 0..4);
    prop_oneof![fields.prop_map(|fields| json!(fields)), json_value()]
}

fn shuffle<T>(items: &mut Vec<T>, order: &prop::sample::Selector) {
    let mut left = std::mem::take(items);
    while !left.is_empty() {
        let next = order.select(0..left.len());
        items.push(left.swap_remove(next));
    }
}

proptest! {
    #[test]
    fn forbid_never_has_two_unfinished(story in story(0..40)) {
        // The world asserts it at each creation: what is done to a status afterwards is not the policy's.
        play(world("Forbid"), &story, |_| {});
    }

    #[test]
    fn allow_comes_to_rest_and_keeps_the_laws(story in story(0..40)) {
        play(world("Allow"), &story, |_| {});
    }

    /// What a newer cass-operator or another controller writes is copied, and stays.
    #[test]
    fn unknown_fields_survive(story in story(0..20)) {
        let foreign = json!({"type": "Other", "status": "True", "reason": "R", "message": "",
            "lastTransitionTime": "2022-12-15T19:00:00Z"});
        let status = json!({"newer": {"field": [1, 2.5]}, "conditions": [foreign]});
        play(world("Allow").with("/status", status), &story, |world| {
            let status = world.status();
            assert_eq!(status["newer"], json!({"field": [1, 2.5]}));
            let conditions = status["conditions"].as_array().unwrap();
            assert!(conditions.contains(&foreign), "{status:#}");
        });
    }

    /// At rest, the copy of each CassandraTask that is seen is its status as it is.
    #[test]
    fn statuses_are_copied_as_they_are(story in prop::collection::vec(happening(), 0..30)) {
        let mut world = world("Allow");
        for (minute, happening) in story.iter().enumerate() {
            happen(&mut world, happening, &format!("20:{minute:02}:00"));
            world.settle();
            let is_going = world.task["metadata"].get("deletionTimestamp").is_some();
            if is_going || is_finished(world.status()) || !world.refusing.is_empty() {
                return Ok(());
            }
            for ((context, _, name), child) in &world.children {
                let seen = world.contexts.get(context.as_ref().unwrap());
                let is_seen = seen.is_some_and(Result::is_ok);
                if is_seen && child["status"].is_object() {
                    let datacenter = name.strip_prefix("task1-").unwrap();
                    prop_assert_eq!(&world.status()["datacenters"][datacenter], &child["status"]);
                }
            }
        }
    }

    #[test]
    fn the_order_of_observations_does_not_matter(
        story in story(0..12),
        order in any::<prop::sample::Selector>(),
    ) {
        play(world("Forbid"), &story, |world| {
            let mut snapshot = full_snapshot(world);
            shuffle(&mut snapshot.observations, &order);
            for observation in &mut snapshot.observations {
                shuffle(&mut observation.sightings, &order);
                for sighting in &mut observation.sightings {
                    sighting.objects.iter_mut().for_each(|objects| shuffle(objects, &order));
                }
            }
            assert_eq!(reconcile("{}", &snapshot), Outcome::Act(world.plan()));
        });
    }

    /// Any JSON in place of each object, or in a place of it, gives an answer: never a panic, and never silence.
    #[test]
    fn any_json_gets_an_answer(world in spoilt_world()) {
        let (_, plan) = world.decide();
        let mut status = world.status().clone();
        for action in &plan.actions {
            if let Action::SetStatus(new) = action {
                status = serde_json::from_str(new).unwrap();
                prop_assert!(status.is_object());
            }
        }
        prop_assert!(!plan.reasons.is_empty() || is_true(&status, "Invalid"), "{plan:?}");
    }

    /// Settings are right, or what is wrong with them is named.
    #[test]
    fn any_settings_are_read_or_named(settings in settings()) {
        if let Err(wrong) = describe(&settings.to_string()) {
            let is_named = SETTINGS.iter().any(|field| wrong.contains(field));
            prop_assert!(is_named || wrong.contains("one JSON object"), "{settings}: {wrong}");
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>(), settings in any::<String>(), now in any::<u64>()) {
        let _ = describe(&settings);
        let mut snapshot = World::new(1).snapshot(&[]);
        snapshot.now = now;
        let looked = matches!(reconcile("{}", &snapshot), Outcome::Look(_));
        snapshot.primary = text;
        let acted = matches!(reconcile("{}", &snapshot), Outcome::Act(_));
        prop_assert!(looked && acted);
    }
}
