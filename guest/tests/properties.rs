//! What holds whatever happens: random changes and random JSON. `PROPTEST_CASES=3000` looks longer.

use std::collections::BTreeSet;

use k8ssandra_task_policy::contract::{Action, Outcome};
use k8ssandra_task_policy::{describe, reconcile};
use policy_properties::Simulation;
use policy_properties::changes::{Change, change, happen};
use policy_properties::children::table;
use policy_properties::json::json_value;
use policy_properties::laws::{is_finished, is_true, play, steps};
use policy_properties::spoilt::spoilt_simulation;
use policy_properties::takeover::taken_over;
use proptest::prelude::*;
use proptest::sample::Selector;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const SETTINGS: [&str; 4] = ["extraCommands", "maxJobs", "defaultTtlSeconds", "labels"];

/// Any JSON, and settings that are known, with values that nearly fit or with any JSON.
fn settings() -> impl Strategy<Value = Value> {
    let number = || (0..3_u32).prop_map(Value::from);
    let commands = prop::collection::vec("[a-z ]{0,6}", 0..3).prop_map(Value::from);
    let reserved = prop::sample::select(vec![
        "k8ssandra.io/task-name",
        "app.kubernetes.io/name",
        "control.k8ssandra.io/status",
    ]);
    let key = prop_oneof!["[a-z./]{0,8}", reserved.prop_map(str::to_owned)];
    let labels = prop::collection::btree_map(key, "[a-z ]{0,6}", 0..3);
    let labels = labels.prop_map(|labels| json!(labels));
    let fitting = [
        commands.boxed(),
        number().boxed(),
        number().boxed(),
        labels.boxed(),
    ];
    let fields = fitting.map(|fits| prop::option::of(prop_oneof![3 => fits, 1 => json_value()]));
    let known = fields.prop_map(|values| {
        let fields = SETTINGS.into_iter().zip(values);
        let set = fields.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(set.collect())
    });
    prop_oneof![json_value(), known]
}

fn simulation(policy: &str) -> Simulation {
    Simulation::new(3).with("/spec/dcConcurrencyPolicy", json!(policy))
}

fn shuffle<T>(items: &mut Vec<T>, order: &Selector) {
    let mut left = std::mem::take(items);
    while !left.is_empty() {
        let next = order.select(0..left.len());
        items.push(left.swap_remove(next));
    }
}

proptest! {
    #[test]
    fn forbid_never_has_two_unfinished(steps in steps(0..40)) {
        // The simulation asserts it at each creation: what is done to a status afterwards is not the policy's.
        play(simulation("Forbid"), &steps, |_| {});
    }

    #[test]
    fn allow_comes_to_rest_and_keeps_the_laws(steps in steps(0..40)) {
        play(simulation("Allow"), &steps, |_| {});
    }

    /// What k8ssandra-operator has begun goes on, and nothing is run twice.
    #[test]
    fn what_is_taken_over_goes_on_one_after_the_other(sim in taken_over("Forbid"), steps in steps(0..20)) {
        play(sim, &steps, |_| {});
    }

    #[test]
    fn what_is_taken_over_goes_on_all_at_once(sim in taken_over("Allow"), steps in steps(0..20)) {
        play(sim, &steps, |_| {});
    }

    /// A task that comes back from a backup creates nothing, and runs again once somebody says so and nothing is in the way.
    #[test]
    fn what_is_restored_waits_until_it_is_told_to_run(
        new in Just(simulation("Forbid")),
        taken_over in taken_over("Allow"),
        is_new in any::<bool>(),
        (is_labelled, stayed) in any::<(bool, [bool; 3])>(),
        steps in steps(0..10),
    ) {
        let mut sim = if is_new { new } else { taken_over };
        sim.settle().unwrap();
        sim.restore(is_labelled, stayed);
        play(sim.clone(), &steps, |_| {});
        let created = sim.created;
        sim.remove_children(|_| true);
        sim.run_again();
        sim.settle().unwrap();
        prop_assert!(sim.created > created, "{:#}", sim.task());
    }

    /// What a newer cass-operator or another controller writes is copied, and stays.
    #[test]
    fn unknown_fields_survive(steps in steps(0..20)) {
        let foreign = json!({"type": "Other", "status": "True", "reason": "R", "message": "",
            "lastTransitionTime": "2022-12-15T19:00:00Z"});
        let status = json!({"newer": {"field": [1, 2.5]}, "conditions": [foreign]});
        let mut new = simulation("Allow");
        // The definition is newer, too.
        new.relax(&None, "K8ssandraTask");
        play(new.with("/status", status), &steps, |sim| {
            let status = sim.status();
            // A restore loses all of it.
            if sim.task()["metadata"]["uid"] != "task-uid" {
                return;
            }
            assert_eq!(status["newer"], json!({"field": [1, 2.5]}));
            let conditions = status["conditions"].as_array().unwrap();
            assert!(conditions.contains(&foreign), "{status:#}");
        });
    }

    /// At rest, the copy of each CassandraTask that is seen is its status as it is.
    #[test]
    fn statuses_are_copied_as_they_are(changes in prop::collection::vec(change(), 0..30)) {
        let mut sim = simulation("Allow");
        for (minute, change) in changes.iter().enumerate() {
            happen(&mut sim, change, &format!("20:{minute:02}:00"));
            sim.settle().unwrap();
            let is_gone = sim.is_gone() || sim.is_being_deleted();
            let is_over = is_gone || is_finished(sim.status());
            // What the definition does not allow is not copied.
            let is_garbled = matches!(change, Change::Garbled(..));
            if is_over || is_garbled || !sim.refusing.is_empty() {
                return Ok(());
            }
            for child in sim.own_children() {
                if sim.answers(child.context) && child.status().is_object() {
                    let copy = &sim.status()["datacenters"][child.datacenter()];
                    prop_assert_eq!(copy, child.status());
                }
            }
        }
    }

    /// Nor does that of the contexts in an observation, or of the objects in one of them. A task that is being deleted deletes
    /// in the order in which it sees.
    #[test]
    fn the_order_of_observations_does_not_matter(
        steps in steps(0..12),
        order in any::<Selector>(),
        is_together in any::<bool>(),
    ) {
        let sim = simulation("Forbid");
        let sim = if is_together { sim.in_one_context() } else { sim };
        play(sim, &steps, |sim| {
            let (mut snapshot, mut wanted) = sim.decide();
            shuffle(&mut snapshot.observations, &order);
            if !sim.is_being_deleted() {
                for observation in &mut snapshot.observations {
                    shuffle(&mut observation.results, &order);
                    for result in &mut observation.results {
                        result.objects.iter_mut().for_each(|objects| shuffle(objects, &order));
                    }
                }
            }
            let Outcome::Act(mut plan) = reconcile("{}", &snapshot) else {
                panic!("it observes more")
            };
            // What it depends on has an order, and no meaning in it.
            plan.observes.sort();
            wanted.observes.sort();
            assert_eq!(plan, wanted);
        });
    }

    /// Any JSON in place of each object, or in a place of it, gives an answer: an Invalid or a reason, and never a panic.
    #[test]
    fn any_json_gets_an_answer(sim in spoilt_simulation()) {
        let (_, plan) = sim.decide();
        let mut written = plan.actions.iter().filter_map(|action| match action {
            Action::SetStatus(status) => Some(serde_json::from_str::<Value>(status).unwrap()),
            _ => None,
        });
        let is_told = |status: &Value| is_true(status, "Invalid");
        prop_assert!(written.clone().all(|status| status.is_object()));
        let is_invalid = written.any(|status| is_told(&status)) || is_told(sim.status());
        prop_assert!(is_invalid || !plan.reasons.is_empty(), "{plan:#?}");
    }

    /// What is wrong with the settings is named, whatever they are.
    #[test]
    fn any_settings_are_taken_or_what_is_wrong_is_named(settings in settings()) {
        let right = describe("{}").unwrap();
        match describe(&settings.to_string()) {
            Ok(manifest) => prop_assert_eq!(manifest, right),
            Err(wrong) => {
                let is_named = SETTINGS.iter().any(|name| wrong.starts_with(name));
                let is_unknown = wrong.contains("unknown field `");
                let is_no_object = wrong.contains("must be one JSON object");
                prop_assert!(is_named || is_unknown || is_no_object, "{wrong}");
                prop_assert_eq!(is_no_object, !settings.is_object());
            }
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>(), settings in any::<String>(), now in any::<u64>()) {
        let _ = describe(&settings);
        let (mut calls, _) = Simulation::new(1).calls();
        let mut snapshot = calls.swap_remove(0);
        snapshot.now = now;
        let looked = matches!(reconcile("{}", &snapshot), Outcome::Observe(_));
        snapshot.primary = text;
        let acted = matches!(reconcile("{}", &snapshot), Outcome::Act(_));
        prop_assert!(looked && acted);
    }
}

/// Every write of cass-operator's table can be one of the changes.
#[test]
fn every_write_of_cass_operator_is_generated() {
    let mut runner = TestRunner::deterministic();
    let mut missing: BTreeSet<&str> = table().names().collect();
    for _ in 0..500 {
        if missing.is_empty() {
            return;
        }
        let changes = prop::collection::vec(change(), 40);
        let mut sim = simulation("Allow");
        for change in changes.new_tree(&mut runner).unwrap().current() {
            sim.settle().unwrap();
            happen(&mut sim, &change, "20:00:00");
        }
        missing.retain(|it| !sim.written.contains(it));
    }
    panic!("never written: {missing:?}");
}
