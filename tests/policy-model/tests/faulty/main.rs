//! A checker that finds nothing might not look: policies with one fault each, and the property that each of them violates.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod ownership;
mod reporting;

use k8ssandra_task_policy::contract::{Action, Outcome, Plan, Snapshot};
use policy_model::config::{Config, Configs, Decides};
use policy_model::laws::Law;
use policy_model::run::explore;
use policy_model::state::Budget;
use serde_json::{Value, json};

/// Whether these properties are violated by a policy.
fn finds<const N: usize>(config: Config, policy: Decides, properties: [&str; N]) {
    let report = explore(&Config { policy, ..config }, 2).unwrap();
    let found: Vec<_> = report.found.iter().map(|it| it.property).collect();
    for property in properties {
        assert!(found.contains(&property), "{property}: {found:#?}");
    }
}

/// A small configuration in which nothing goes wrong but this: the policy is faulty enough.
fn small(name: &str, budget: Budget) -> Config {
    let config = Configs::named(name);
    Config { budget, ..config }
}

fn one_at_a_time() -> Config {
    small("small: one at a time", Budget::default())
}

/// The policy's own answer, with its plan changed.
fn changed(settings: &str, snapshot: &Snapshot, change: impl Fn(&mut Plan)) -> Outcome {
    let mut outcome = k8ssandra_task_policy::reconcile(settings, snapshot);
    if let Outcome::Act(plan) = &mut outcome {
        change(plan);
    }
    outcome
}

/// The same, with the statuses in it changed; one that is there already is not written.
fn with_status(settings: &str, snapshot: &Snapshot, change: fn(&mut Value)) -> Outcome {
    changed(settings, snapshot, |plan| {
        let primary: Value = serde_json::from_str(&snapshot.primary).unwrap();
        plan.actions.retain_mut(|action| {
            let Action::SetStatus(text) = action else {
                return true;
            };
            let mut status = serde_json::from_str(text).unwrap();
            change(&mut status);
            *text = status.to_string();
            status != primary["status"]
        });
    })
}

/// The same, decided on another K8ssandraTask than there is.
fn on_another(settings: &str, snapshot: &Snapshot, change: fn(&mut Value)) -> Outcome {
    let mut primary = serde_json::from_str(&snapshot.primary).unwrap();
    change(&mut primary);
    let snapshot = Snapshot {
        primary: primary.to_string(),
        ..snapshot.clone()
    };
    k8ssandra_task_policy::reconcile(settings, &snapshot)
}

#[test]
fn one_that_drops_the_records_is_found() {
    let policy: Decides = |settings, snapshot| {
        with_status(settings, snapshot, |status| {
            let has_ended = status["succeeded"] != 0;
            let records = status.as_object_mut().filter(|_| has_ended);
            records.map(|records| records.remove("datacenters"));
        })
    };
    finds(one_at_a_time(), policy, [Law::RecordsStay.text()]);
}

#[test]
fn one_that_moves_the_start_time_is_found() {
    let policy: Decides = |settings, snapshot| {
        with_status(settings, snapshot, |status| {
            let records = status["datacenters"].as_object();
            let starts = records.into_iter().flat_map(|records| records.values());
            let latest = starts.filter_map(|it| it["startTime"].as_str()).max();
            if let Some(latest) = latest.map(str::to_owned) {
                status["startTime"] = json!(latest);
            }
        })
    };
    finds(one_at_a_time(), policy, [Law::StartNeverLater.text()]);
}

#[test]
fn one_that_goes_on_after_a_failure_is_found() {
    let policy: Decides = |settings, snapshot| {
        let observed = snapshot.observations.iter().flat_map(|it| &it.results);
        let mut objects = observed.flat_map(|it| it.objects.iter().flatten());
        if objects.any(|text| text.contains(r#""type":"Failed""#)) {
            return on_another(settings, snapshot, |task| {
                task["spec"]["dcConcurrencyPolicy"] = json!("Allow");
            });
        }
        k8ssandra_task_policy::reconcile(settings, snapshot)
    };
    finds(one_at_a_time(), policy, [Law::NothingAfterAFailure.text()]);
}

#[test]
fn one_that_omits_the_finalizer_is_found() {
    let policy: Decides = |settings, snapshot| {
        changed(settings, snapshot, |plan| {
            let is_adoption = |action: &Action| matches!(action, Action::PatchMetadata(_));
            plan.actions.retain(|action| !is_adoption(action));
        })
    };
    finds(one_at_a_time(), policy, [Law::FinalizerFirst.text()]);
}

#[test]
fn one_that_removes_the_finalizer_too_early_is_found() {
    let policy: Decides = |settings, snapshot| {
        changed(settings, snapshot, |plan| {
            let is_deletion = |action: &Action| matches!(action, Action::Delete(_));
            if plan.actions.iter().any(is_deletion) {
                plan.actions = vec![Action::PatchMetadata(r#"{"finalizers":[]}"#.to_owned())];
            }
        })
    };
    let mut config = small("small: deleted", Budget::default());
    config.budget.deletions = 1;
    finds(config, policy, [Law::FinalizerStays.text()]);
}
