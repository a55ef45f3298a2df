//! A few histories, and spoilt policies that the oracles find. `cargo xtask simulate` runs thousands.
#![allow(clippy::print_stdout, reason = "how many seeds it took")]

use k8ssandra_task_policy::contract::{Action, Outcome, Plan, Snapshot};
use policy_properties::children::Course;
use simulation::scenario::Scenario;
use simulation::single::cases;
use simulation::{Policy, policy, run, shorten};

/// So many seeds are looked at.
const SEEDS: u64 = 12;

/// What is found first in the histories of a policy.
fn found(policy: Policy) -> Option<String> {
    let found = (0..SEEDS).find_map(|seed| Some((seed, run(seed, policy).err()?)));
    found.map(|(seed, why)| {
        println!("found with {} seeds", seed + 1);
        why
    })
}

fn spoil(snapshot: &Snapshot, spoil: impl Fn(&mut Plan)) -> Outcome {
    let mut outcome = policy(snapshot);
    if let Outcome::Act(plan) = &mut outcome {
        spoil(plan);
    }
    outcome
}

#[test]
fn the_policy_and_the_engine_hold() {
    assert_eq!(found(policy), None);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(run(3, policy), run(3, policy));
}

/// The whole of it is `cargo xtask simulate --single-faults`.
#[test]
fn a_single_fault_changes_no_end() {
    let scenario = Scenario::of(true, vec![Course::WELL]);
    let cases = cases(&[scenario], policy);
    println!("{} single faults", cases.len());
    assert!(cases.len() > 100);
    assert_eq!(cases.iter().find_map(|case| case.run(policy).err()), None);
}

#[test]
fn one_that_does_not_wait_for_the_datacenter_before_is_found() {
    let found = found(|snapshot| {
        let mut other = snapshot.clone();
        other.primary = other.primary.replace("\"Forbid\"", "\"Allow\"");
        policy(&other)
    });
    assert!(found.unwrap().contains("was not over"));
}

#[test]
fn one_that_nothing_wakes_is_found() {
    let found = found(|snapshot| spoil(snapshot, |plan| plan.observes.clear()));
    let found = found.unwrap();
    assert!(found.contains("it is not over") || found.contains("nothing wakes it"));
}

#[test]
fn one_that_leaves_something_behind_is_found() {
    let found = found(|snapshot| {
        spoil(snapshot, |plan| {
            plan.actions
                .retain(|action| !matches!(action, Action::Delete(_)));
        })
    });
    assert!(found.is_some());
}

#[test]
fn one_that_creates_again_what_was_there_is_found() {
    let found = found(|snapshot| {
        let mut other = snapshot.clone();
        other.observations.iter_mut().for_each(|observation| {
            let results = observation.results.iter_mut();
            let objects = results.filter_map(|it| it.objects.as_mut().ok());
            objects.for_each(|it| it.retain(|text| !text.contains("\"CassandraTask\"")));
        });
        policy(&other)
    });
    assert!(found.is_some());
}

/// The faults that it does not need are left out, and what is left is the same each time.
#[test]
fn a_history_that_fails_is_shortened() {
    let eager: Policy = |snapshot| {
        let mut other = snapshot.clone();
        other.primary = other.primary.replace("\"Forbid\"", "\"Allow\"");
        policy(&other)
    };
    let seed = (0..SEEDS).find(|seed| run(*seed, eager).is_err()).unwrap();
    let shortened = shorten(seed, eager).unwrap();
    assert!(shortened.starts_with("0 of "), "{shortened}");
    assert!(shortened.contains("cargo xtask simulate --seed "));
    assert_eq!(shorten(seed, policy), None);
}

#[test]
fn one_that_moves_a_transition_is_found() {
    let found = found(|snapshot| {
        spoil(snapshot, |plan| {
            for action in &mut plan.actions {
                if let Action::SetStatus(status) = action {
                    let now = "\"lastTransitionTime\":\"2022-12-15T19:43:0";
                    *status = status.replace(now, &now.replace("43:0", "40:0"));
                    *status = status.replace(
                        "\"startTime\":\"2022-12-15T19:43:",
                        "\"startTime\":\"2022-12-15T19:44:",
                    );
                }
            }
        })
    });
    assert!(found.unwrap().contains("a law is broken"));
}

#[test]
fn one_that_deletes_before_it_may_is_found() {
    let found = found(|snapshot| {
        let mut other = snapshot.clone();
        let gone = "\"deletionTimestamp\":\"2022-12-15T19:43:00Z\",\"name\":\"task1\"";
        if other.primary.contains("\"Failed\",\"status\":\"True\"")
            || other.primary.contains("completionTime")
        {
            other.primary = other.primary.replacen("\"name\":\"task1\"", gone, 1);
        }
        policy(&other)
    });
    assert!(found.unwrap().contains(" is deleted"));
}
