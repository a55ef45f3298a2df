//! The K8ssandraTask policy: decides, from what is observed of a K8ssandraTask, its cluster and its CassandraTasks, what is to be
//! done. It implements the page on cluster tasks, whose sections the files name.
//!
//! A pure function, [`reconcile`], from snapshot to plan: no clock, no randomness, no I/O, no panic; the same snapshot
//! always gives the same plan. It is tested natively, and `component` wraps it as a WebAssembly component.
//!
//! ```text
//! snapshot ─▶ documents ─▶ observation ─▶ decision ─▶ report ─▶ plan ─▶ actions, in their order
//!              JSON as      what is        which       what is    what is
//!              facts        known of each  rule, and   said       written
//!                           datacenter     the steps
//! ```
//!
//! Each layer imports only from those to its left; `tests/layers.rs` reads the imports.

pub use pilothouse_contract as contract;

#[cfg(target_arch = "wasm32")]
mod component;
mod decision;
mod documents;
mod observation;
mod plan;
mod report;

use contract::{Interest, Manifest, Outcome, Scope, Snapshot, Verb};
use documents::{names, task::Task};
use observation::Observation;

pub use documents::settings::{KNOWN_COMMANDS, Settings};

/// Checks the settings (see [`Settings`]) and says what the policy watches and may write.
///
/// The error names the setting that is wrong and what it may be.
pub fn describe(settings: &str) -> Result<Manifest, String> {
    Settings::read(settings)?;
    let interest = |gvk, scope, verbs: &[Verb]| {
        let verbs = verbs.to_vec();
        Interest { gvk, scope, verbs }
    };
    // Besides its CassandraTasks it deletes the K8ssandraTask itself, when that has finished and its TTL is over.
    let children = [Verb::Create, Verb::Delete];
    Ok(Manifest {
        name: "k8ssandra-task".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        controller: names::CONTROLLER.into(),
        primary: names::k8ssandra_task(),
        interests: vec![
            interest(names::cassandra_task(), Scope::Everywhere, &children),
            interest(names::k8ssandra_cluster(), Scope::ControlPlane, &[]),
            interest(
                names::k8ssandra_task(),
                Scope::ControlPlane,
                &[Verb::Delete],
            ),
        ],
        finalizer: Some(names::FINALIZER.into()),
    })
}

/// Decides for one K8ssandraTask. Total: whatever the settings and the objects are, there is an answer; what cannot be done is a
/// reason in it.
pub fn reconcile(settings: &str, snapshot: &Snapshot) -> Outcome {
    let (settings, task) = match read(settings, snapshot) {
        Ok(read) => read,
        Err((code, why)) => return Outcome::Act(plan::nothing(code, why, Vec::new())),
    };
    let observation = match Observation::read(&settings, snapshot, &task) {
        Ok(observation) => observation,
        Err(selectors) => return Outcome::Observe(selectors),
    };
    Outcome::Act(match task.metadata.is_being_deleted {
        // Rule 1, "being deleted".
        true => plan::removal(&observation, decision::ending::removal(&observation)),
        false => plan::plan(&observation, decision::decide(&observation)),
    })
}

/// The settings and the primary. The error is a reason's code and message.
fn read(settings: &str, snapshot: &Snapshot) -> Result<(Settings, Task), (&'static str, String)> {
    let settings = Settings::read(settings).map_err(|wrong| {
        let why = format!("the settings are invalid: {wrong}");
        ("InvalidSettings", why)
    })?;
    let task = Task::read(&snapshot.primary).map_err(|wrong| {
        let why = format!("the K8ssandraTask cannot be read: {wrong}");
        ("Unreadable", why)
    })?;
    Ok((settings, task))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::contract::{
        Action, ContextResult, Failure, FailureClass, Operation, Requeue, Selector,
    };
    use super::*;

    /// What it may write, and its finalizer, the scenarios need.
    #[test]
    fn the_manifest_says_what_is_watched_where() {
        let manifest = describe("{}").unwrap();
        let interests = manifest.interests.iter();
        let interests = interests.map(|it| format!("{} {:?}", it.gvk.kind, it.scope));
        assert_eq!(
            interests.collect::<Vec<_>>().join(", "),
            "CassandraTask Scope::Everywhere, K8ssandraCluster Scope::ControlPlane, K8ssandraTask Scope::ControlPlane"
        );
        assert_eq!(manifest.name, "k8ssandra-task");
        assert_eq!(manifest.controller, "k8ssandratask-controller");
    }

    fn snapshot(primary: &str) -> Snapshot {
        Snapshot {
            now: 100_000,
            primary: primary.into(),
            observations: vec![],
            failures: vec![],
        }
    }

    #[test]
    fn wrong_settings_are_refused_and_do_nothing() {
        let wrong = describe(r#"{"maxJobs": 0}"#).unwrap_err();
        assert!(wrong.contains("maxJobs"), "{wrong}");
        let Outcome::Act(plan) = reconcile("nonsense", &snapshot("{}")) else {
            panic!("looked")
        };
        assert!(plan.actions.is_empty());
        assert_eq!(plan.reasons[0].code, "InvalidSettings");
    }

    /// What each selector finds: one cluster, and that CassandraTask, if any.
    fn observed(selector: Selector, child: Option<&Value>) -> contract::Observation {
        let cluster = r#"{"metadata":{"name":"demo","namespace":"ns","uid":"c1"},"spec":{"cassandra":{"datacenters":[{"metadata":{"name":"dc1"}}]}}}"#;
        let is_cluster =
            matches!(&selector, Selector::Object(it) if it.gvk == names::k8ssandra_cluster());
        let found = match is_cluster {
            true => Some(cluster.to_owned()),
            false => child.map(Value::to_string),
        };
        contract::Observation {
            selector,
            results: vec![ContextResult {
                context: None,
                objects: Ok(Vec::from_iter(found)),
            }],
        }
    }

    /// The plan for a task of which the API server has refused that operation, if any.
    fn plan(task: &Value, refused: Option<Operation>) -> contract::Plan {
        plan_beside(task, None, refused)
    }

    /// The same, where there is that CassandraTask.
    fn plan_beside(
        task: &Value,
        child: Option<&Value>,
        refused: Option<Operation>,
    ) -> contract::Plan {
        let mut snapshot = snapshot(&task.to_string());
        let object = Task::read(&snapshot.primary).unwrap().reference();
        snapshot.failures.extend(refused.map(|operation| Failure {
            object,
            operation,
            class: FailureClass::Refused,
            reason: "Forbidden".into(),
            message: "denied".into(),
            first: 0,
            last: 0,
            attempts: 1,
        }));
        loop {
            match reconcile("{}", &snapshot) {
                Outcome::Act(plan) => break plan,
                Outcome::Observe(selectors) => {
                    let observed = selectors.into_iter().map(|it| observed(it, child));
                    snapshot.observations.extend(observed);
                }
            }
        }
    }

    fn task() -> Value {
        json!({
            "metadata": {"name": "task1", "namespace": "ns", "uid": "t1", "ownerReferences": [{"uid": "c1"}]},
            "spec": {
                "cluster": {"name": "demo"},
                "template": {"jobs": [{"name": "j", "command": "restart"}], "ttlSecondsAfterFinished": 60},
            },
        })
    }

    #[test]
    fn a_reason_names_the_object_that_it_is_about() {
        let plan = plan(&task(), None);
        let about = plan.reasons[0].about.as_ref().unwrap();
        assert_eq!(about.gvk, names::cassandra_task());
        assert_eq!(about.name, "task1-dc1");
    }

    #[test]
    fn a_refused_record_is_reported_before_it_is_tried_again() {
        let plan = plan(&task(), Some(Operation::PatchMetadata));
        let [
            Action::RecordEvent(event),
            Action::SetStatus(status),
            Action::PatchMetadata(_),
        ] = &plan.actions[..]
        else {
            panic!("{:?}", plan.actions)
        };
        assert_eq!(event.reason, "RecordRefused");
        let refusal = "failed to patch the metadata of this K8ssandraTask: Forbidden: denied";
        assert!(status.contains(refusal), "{status}");
        // Nothing is created yet.
        assert!(!status.contains(r#"dc1":{}"#), "{status}");
    }

    #[test]
    fn a_refused_deletion_of_an_expired_task_is_reported_once_and_tried_again() {
        let mut task = task();
        task["status"] = json!({"completionTime": "1970-01-01T00:00:00Z"});
        let first = plan(&task, Some(Operation::Delete));
        let [Action::RecordEvent(event), Action::SetStatus(status)] = &first.actions[..] else {
            panic!("{:?}", first.actions)
        };
        assert_eq!(event.reason, "DeletionBlocked");
        assert_eq!(first.requeue, Requeue::AtOnce);
        task["status"] = serde_json::from_str(status).unwrap();
        let stalled = &task["status"]["conditions"][0];
        assert_eq!(stalled["reason"], "DeletionBlocked");
        let refusal = "failed to delete this K8ssandraTask: Forbidden: denied";
        assert_eq!(stalled["message"], refusal);
        // A host that was started anew knows of no refusal.
        for refused in [Some(Operation::Delete), None] {
            let actions = plan(&task, refused).actions;
            assert!(matches!(&actions[..], [Action::Delete(_)]), "{actions:?}");
        }
        task["spec"]["template"]["ttlSecondsAfterFinished"] = json!(0);
        let [Action::SetStatus(status)] = &plan(&task, Some(Operation::Delete)).actions[..] else {
            panic!("kept for ever, and not reported")
        };
        assert!(status.contains("NotStalled"), "{status}");
    }

    #[test]
    fn a_failed_one_is_looked_up_by_its_name_until_it_has_stopped() {
        let is_looked_up = |conditions: &[&str]| {
            let set = |kind: &&str| json!({"type": kind, "status": "True", "reason": kind});
            let conditions: Vec<Value> = conditions.iter().map(set).collect();
            let mut task = task();
            task["status"] = json!({"datacenters": {"dc1": {"conditions": conditions}}});
            let observes = plan(&task, None).observes;
            let is_child = |it: &Selector| matches!(it, Selector::Object(it) if it.gvk == names::cassandra_task());
            observes.iter().any(is_child)
        };
        assert!(is_looked_up(&["Failed", "Running"]));
        assert!(is_looked_up(&["Complete", "Failed", "Running"]));
        assert!(!is_looked_up(&["Failed"]));
    }

    /// No API server has such objects.
    #[test]
    fn a_task_without_a_namespace_is_left_alone() {
        let Outcome::Act(plan) = reconcile("{}", &snapshot(r#"{"metadata":{"name":"task1"}}"#))
        else {
            panic!("looked")
        };
        assert!(plan.actions.is_empty());
        assert_eq!(plan.requeue, Requeue::OnChange);
        let why = "the K8ssandraTask cannot be read: metadata.namespace: Required value";
        assert_eq!(plan.reasons[0].message, why);
    }

    #[test]
    fn a_cassandra_task_without_a_uid_is_not_deleted_by_guess() {
        let mut task = task();
        task["metadata"]["finalizers"] = json!(["control.k8ssandra.io/finalizer"]);
        task["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:01:00Z");
        let mut child = json!({"metadata": {
            "name": "task1-dc1", "namespace": "ns", "uid": "u1", "annotations": {"pilothouse.dev/created-for": "t1"},
            "labels": {"k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": "ns"},
        }});
        let deletes = |plan: &contract::Plan| {
            let mut actions = plan.actions.iter();
            actions.any(|action| matches!(action, Action::Delete(_)))
        };
        assert!(deletes(&plan_beside(&task, Some(&child), None)));
        child["metadata"]["uid"] = Value::Null;
        let plan = plan_beside(&task, Some(&child), None);
        assert!(!deletes(&plan), "{:?}", plan.actions);
        let why = "cannot delete a CassandraTask without name or uid in the control plane";
        assert_eq!(plan.reasons[0].message, why);
    }

    /// What is not listed here could read a clock, draw a random number or do I/O behind the policy's back.
    #[test]
    fn the_dependencies_are_these() {
        let manifest = include_str!("../Cargo.toml");
        let (_, rest) = manifest.split_once("[dependencies]").unwrap();
        let (section, _) = rest.split_once("\n[").unwrap();
        let lines = section.lines();
        let lines = lines.filter(|it| !it.is_empty() && !it.starts_with('#'));
        let names = lines.filter_map(|it| it.split(['.', ' ', '=']).next());
        assert_eq!(
            names.collect::<Vec<_>>().join(" "),
            "jiff pilothouse-contract serde serde_json serde_path_to_error"
        );
        assert!(!manifest.contains("[target."), "one for a target is one");
    }
}
