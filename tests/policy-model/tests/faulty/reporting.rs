//! Policies with a fault in what they report, and one that never stops writing.

use k8ssandra_task_policy::contract::{Action, Snapshot};
use policy_model::config::{Config, Decides, Work};
use policy_model::laws::Law;
use policy_model::state::Budget;
use policy_model::{idle, liveness};
use serde_json::{Value, json};

use super::{changed, finds, one_at_a_time, small, with_status};

fn stuck() -> Config {
    Config {
        work: Work {
            stuck: true,
            never_fails: true,
            ..Work::default()
        },
        clock: 0,
        ..small("small: every way of cass-operator", Budget::default())
    }
}

#[test]
fn one_whose_reasons_are_about_nothing_is_found() {
    let policy: Decides = |settings, snapshot| {
        changed(settings, snapshot, |plan| {
            let reasons = plan.reasons.iter_mut();
            reasons.for_each(|reason| reason.about = None);
        })
    };
    finds(stuck(), policy, [idle::REPORTS_WHY, liveness::ENDS_WELL]);
}

#[test]
fn one_whose_status_gives_another_reason_is_found() {
    let policy: Decides = |settings, snapshot| {
        with_status(settings, snapshot, |status| {
            let running = status["conditions"].as_array_mut().unwrap();
            for condition in running.iter_mut().filter(|it| it["type"] == "Running") {
                condition["reason"] = json!("Waiting");
            }
        })
    };
    finds(stuck(), policy, [idle::REPORTS_WHY, liveness::ENDS_WELL]);
}

#[test]
fn one_that_hides_a_refusal_is_found() {
    let policy: Decides = |settings, snapshot| {
        let snapshot = Snapshot {
            failures: vec![],
            ..snapshot.clone()
        };
        k8ssandra_task_policy::reconcile(settings, &snapshot)
    };
    let mut config = one_at_a_time();
    config.budget.faults = 1;
    config.forbids_writes = true;
    let properties = [idle::REPORTS_WHY, Law::RetriesLater.text()];
    finds(config, policy, properties);
}

#[test]
fn one_that_never_stops_writing_is_found() {
    let policy: Decides = |settings, snapshot| {
        changed(settings, snapshot, |plan| {
            let primary: Value = serde_json::from_str(&snapshot.primary).unwrap();
            if plan.actions.is_empty() && !primary["status"].is_null() {
                plan.actions = vec![Action::SetStatus(primary["status"].to_string())];
            }
        })
    };
    finds(one_at_a_time(), policy, [idle::STOPS_WRITING]);
}
