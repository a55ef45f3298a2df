//! What holds whatever happens: random worlds, random edits and random JSON.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::happenings::{Happening, happen, happening};
use super::world::World;
use crate::contract::{Action, Outcome};
use crate::recorded::Recorded;
use crate::status::CANCELLED;

/// CassandraTasks that have not ended, seen or not.
fn unfinished(world: &World) -> usize {
    let is_unfinished = |child: &&Value| child["status"]["completionTime"].is_null();
    world.children.values().filter(is_unfinished).count()
}

/// Whether the task was finished, and whatever may not change from then on; and what may never go back.
fn check_laws(before: &Value, after: &Value) {
    let is_true = |status: &Value, kind: &str| {
        crate::progress::condition(status, kind).is_some_and(crate::progress::is_true)
    };
    if Recorded::read(before.clone()).is_finished() {
        assert_eq!(before, after, "a finished task is frozen");
    }
    if let Some(start) = before["startTime"].as_str() {
        assert!(
            after["startTime"].as_str().unwrap() <= start,
            "startTime moved later"
        );
    }
    for final_ in ["Complete", "Failed"] {
        assert!(
            is_true(after, final_) || !is_true(before, final_),
            "{final_} turned back"
        );
    }
    for (name, record) in before["datacenters"].as_object().into_iter().flatten() {
        let copy = &after["datacenters"][name];
        assert!(copy.is_object(), "the record of {name} is gone: {record}");
    }
}

/// What comes of a happening: usually a world at rest. But the host may die when it has carried out so many actions, and the
/// next thing happens before it is back.
type Chapter = (Happening, Option<Index>);

fn story(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Chapter>> {
    let crash = prop::option::weighted(0.3, any::<Index>());
    prop::collection::vec((happening(), crash), length)
}

fn run(mut world: World, story: &[Chapter], check: impl Fn(&World)) {
    for (minute, (happening, crash)) in (0..).zip(story) {
        let (before, created) = (world.status().clone(), world.created);
        happen(
            &mut world,
            happening,
            &format!("20:{:02}:{:02}", minute / 60, minute % 60),
        );
        match crash {
            Some(after) => {
                let actions = world.plan().actions.len();
                world.die_after(after.index(actions + 1));
                world.failure = None;
            }
            // It comes to rest: the plan of the converged world is empty.
            None => drop(world.settle()),
        }
        // The TTL of a finished task is over.
        if world.task["metadata"].get("deletionTimestamp").is_some() {
            break;
        }
        check_laws(&before, world.status());
        if Recorded::read(before).is_true_because("Failed", CANCELLED) {
            assert_eq!(world.created, created, "created after it was cancelled");
        }
        check(&world);
    }
    goes(world);
}

/// When nothing is in the way any more, a task that is deleted goes, and takes along all that was ever created for it.
fn goes(mut world: World) {
    world.refusing.clear();
    world.contexts = World::new(3).contexts;
    world.task["metadata"]["deletionTimestamp"] = json!("2022-12-15T23:00:00Z");
    world.settle();
    assert!(
        world.children.is_empty(),
        "left behind: {:#?}",
        world.children
    );
    let finalizers = world.task["metadata"]["finalizers"].as_array();
    assert!(finalizers.is_none_or(Vec::is_empty), "{finalizers:?}");
}

proptest! {
    #[test]
    fn forbid_never_has_two_unfinished(story in story(0..40)) {
        run(World::new(3), &story, |world| assert!(unfinished(world) <= 1, "{:#?}", world.children));
    }

    #[test]
    fn allow_comes_to_rest_and_keeps_the_laws(story in story(0..40)) {
        let world = World::new(3).with("/spec/dcConcurrencyPolicy", json!("Allow"));
        run(world, &story, |_| {});
    }

    #[test]
    fn the_order_of_observations_does_not_matter(
        story in story(0..12),
        order in any::<prop::sample::Selector>(),
    ) {
        run(World::new(3), &story, |world| {
            let (rounds, plan) = world.decide();
            let mut snapshot = world.snapshot(&rounds.concat());
            let mut left = std::mem::take(&mut snapshot.observations);
            while !left.is_empty() {
                let next = order.select(0..left.len());
                snapshot.observations.push(left.swap_remove(next));
            }
            assert_eq!(crate::reconcile("{}", &snapshot), Outcome::Act(plan));
        });
    }

    /// Any JSON in place of each object, or in a place of it, gives an answer: never a panic, and never silence.
    #[test]
    fn any_json_gets_an_answer(
        story in prop::collection::vec(happening(), 0..6),
        object in any::<Index>(),
        path in prop::collection::vec(any::<Index>(), 0..7),
        odd in json_value(),
        is_deleted in any::<bool>(),
    ) {
        let mut world = World::new(3);
        world.settle();
        for happening in &story {
            happen(&mut world, happening, "20:00:00");
            world.settle();
        }
        if is_deleted && world.task["metadata"].is_object() {
            world.task["metadata"]["deletionTimestamp"] = json!("2022-12-15T20:00:00Z");
        }
        let mut objects: Vec<&mut Value> = vec![&mut world.task];
        objects.extend(&mut world.cluster);
        objects.extend(world.children.values_mut());
        let count = objects.len();
        replace(objects.swap_remove(object.index(count)), &path, odd);

        let (_, plan) = world.decide();
        for action in &plan.actions {
            if let Action::SetStatus(status) = action {
                let status: Value = serde_json::from_str(status).unwrap();
                prop_assert!(status.is_object());
            }
        }
        prop_assert!(!plan.reasons.is_empty() || !plan.actions.is_empty());
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>(), settings in any::<String>(), now in any::<u64>()) {
        let _ = crate::describe(&settings);
        let mut snapshot = World::new(1).snapshot(&[]);
        snapshot.now = now;
        let looked = matches!(crate::reconcile("{}", &snapshot), Outcome::Look(_));
        snapshot.primary = text;
        let acted = matches!(crate::reconcile("{}", &snapshot), Outcome::Act(_));
        prop_assert!(looked && acted);
    }
}

/// Puts a value somewhere into a document, where the path leads.
fn replace(document: &mut Value, path: &[Index], odd: Value) {
    let Some((index, rest)) = path.split_first() else {
        *document = odd;
        return;
    };
    match document {
        Value::Object(fields) if !fields.is_empty() => {
            let at = index.index(fields.len());
            replace(fields.values_mut().nth(at).unwrap(), rest, odd);
        }
        Value::Array(items) if !items.is_empty() => {
            let at = index.index(items.len());
            replace(&mut items[at], rest, odd);
        }
        other => *other = odd,
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zA-Z0-9/: .-]{0,12}".prop_map(Value::from),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("True")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{0,8}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
