//! Policies with a fault in what they record, or in which CassandraTasks they take for their own.

use k8ssandra_task_policy::contract::{Action, Outcome, Snapshot};
use policy_model::config::{Configs, Decides};
use policy_model::laws::Law;
use serde_json::{Value, json};

use super::{changed, finds, on_another, one_at_a_time};

const RECORD: &str = "pilothouse.dev/record";

/// The policy's own answer, where some of the objects that it observes are others, or none.
fn observing(
    settings: &str,
    snapshot: &Snapshot,
    change: impl Fn(&str) -> Option<String>,
) -> Outcome {
    let mut snapshot = snapshot.clone();
    let results = snapshot
        .observations
        .iter_mut()
        .flat_map(|it| &mut it.results);
    for objects in results.filter_map(|it| it.objects.as_mut().ok()) {
        *objects = objects.iter().filter_map(|text| change(text)).collect();
    }
    k8ssandra_task_policy::reconcile(settings, &snapshot)
}

/// Without the CassandraTasks that have no mark.
fn without_unmarked(settings: &str, snapshot: &Snapshot) -> Outcome {
    observing(settings, snapshot, |text| {
        let is_unmarked = text.contains("CassandraTask") && !text.contains("created-for");
        (!is_unmarked).then(|| text.to_owned())
    })
}

#[test]
fn one_that_records_nothing_before_a_create_is_found() {
    let policy: Decides = |settings, snapshot| {
        changed(settings, snapshot, |plan| {
            for action in &mut plan.actions {
                let Action::PatchMetadata(text) = action else {
                    continue;
                };
                let mut patch: Value = serde_json::from_str(text).unwrap();
                if let Some(record) = patch["annotations"][RECORD].as_str() {
                    let mut record: Value = serde_json::from_str(record).unwrap();
                    record["creating"] = json!([]);
                    patch["annotations"][RECORD] = json!(record.to_string());
                    *text = patch.to_string();
                }
            }
        })
    };
    finds(one_at_a_time(), policy, [Law::RecordedFirst.text()]);
}

#[test]
fn one_that_runs_a_restored_task_again_is_found() {
    let policy: Decides = |settings, snapshot| {
        on_another(settings, snapshot, |task| {
            let Some(record) = task["metadata"]["annotations"][RECORD].as_str() else {
                return;
            };
            let mut record: Value = serde_json::from_str(record).unwrap();
            record["task"]["uid"] = task["metadata"]["uid"].clone();
            task["metadata"]["annotations"][RECORD] = json!(record.to_string());
        })
    };
    let config = Configs::named("small: restored");
    finds(config, policy, [Law::NothingAfterARestore.text()]);
}

#[test]
fn one_that_takes_what_is_marked_for_another_is_found() {
    let policy: Decides = |settings, snapshot| {
        let own: Value = serde_json::from_str(&snapshot.primary).unwrap();
        let own = own["metadata"]["uid"].as_str().unwrap().to_owned();
        observing(settings, snapshot, |text| {
            Some(text.replace("task-99", &own))
        })
    };
    let laws = [Law::DeletesItsOwn.text(), Law::AggregatesItsOwn.text()];
    finds(
        Configs::named("small: of another control plane"),
        policy,
        laws,
    );
}

#[test]
fn one_that_overlooks_a_second_controller_is_found() {
    let config = Configs::named("small: a second controller");
    finds(config, without_unmarked, [Law::WaitsForSecond.text()]);
}

#[test]
fn one_that_overlooks_what_was_started_is_found() {
    let config = Configs::named("small: taken over");
    finds(config, without_unmarked, [Law::OneAtATime.text()]);
}
