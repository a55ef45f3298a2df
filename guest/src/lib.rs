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
    let interest = |gvk, scope, verbs: &[Verb]| Interest {
        gvk,
        scope,
        verbs: verbs.to_vec(),
    };
    Ok(Manifest {
        name: "k8ssandra-task".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        controller: names::CONTROLLER.into(),
        primary: names::k8ssandra_task(),
        interests: vec![
            interest(
                names::cassandra_task(),
                Scope::Everywhere,
                &[Verb::Create, Verb::Delete],
            ),
            interest(names::k8ssandra_cluster(), Scope::ControlPlane, &[]),
            // A finished task is deleted when its TTL is over.
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
    let nothing = |code, why| Outcome::Act(plan::nothing(code, why, Vec::new()));
    let settings = match Settings::read(settings) {
        Ok(settings) => settings,
        Err(wrong) => {
            return nothing(
                "InvalidSettings",
                format!("the settings are invalid: {wrong}"),
            );
        }
    };
    let task = match Task::read(&snapshot.primary) {
        Ok(task) => task,
        Err(wrong) => {
            return nothing(
                "Unreadable",
                format!("the K8ssandraTask cannot be read: {wrong}"),
            );
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_declares_what_the_plans_use() {
        let manifest = describe("{}").unwrap();
        assert_eq!(
            (manifest.name.as_str(), manifest.controller.as_str()),
            ("k8ssandra-task", "k8ssandratask-controller")
        );
        assert_eq!(manifest.primary, names::k8ssandra_task());
        assert_eq!(
            manifest.finalizer.as_deref(),
            Some("control.k8ssandra.io/finalizer")
        );
        let interests: Vec<_> = manifest
            .interests
            .iter()
            .map(|interest| {
                (
                    interest.gvk.kind.as_str(),
                    &interest.scope,
                    interest.verbs.as_slice(),
                )
            })
            .map(|(kind, scope, may)| format!("{kind} {scope:?} {may:?}"))
            .collect();
        assert_eq!(
            interests,
            [
                "CassandraTask Scope::Everywhere [Verb::Create, Verb::Delete]",
                "K8ssandraCluster Scope::ControlPlane []",
                "K8ssandraTask Scope::ControlPlane [Verb::Delete]",
            ]
        );
    }

    #[test]
    fn wrong_settings_are_refused_and_do_nothing() {
        assert!(
            describe(r#"{"maxJobs": 0}"#)
                .unwrap_err()
                .contains("maxJobs")
        );
        let snapshot = Snapshot {
            now: 0,
            primary: "{}".into(),
            observations: vec![],
            failures: Vec::new(),
        };
        let Outcome::Act(plan) = reconcile("nonsense", &snapshot) else {
            panic!("looked")
        };
        assert!(plan.actions.is_empty());
        assert!(
            plan.reasons[0].code == "InvalidSettings",
            "{:?}",
            plan.reasons
        );
    }

    /// The plan for a task whose last metadata patch an API server has refused. Its cluster has one datacenter, and nothing else is
    /// there.
    fn plan_after_a_refused_patch(task: &str) -> contract::Plan {
        let cluster = r#"{"metadata":{"name":"demo","namespace":"ns","uid":"c1"},"spec":{"cassandra":{"datacenters":[{"metadata":{"name":"dc1"}}]}}}"#;
        let object = contract::ObjectRef {
            context: None,
            gvk: names::k8ssandra_task(),
            namespace: Some("ns".into()),
            name: "task1".into(),
        };
        let mut snapshot = Snapshot {
            now: 1_000,
            primary: task.into(),
            observations: vec![],
            failures: vec![contract::Failure {
                object,
                operation: contract::Operation::PatchMetadata,
                class: contract::FailureClass::Refused,
                reason: "Forbidden".into(),
                message: "denied".into(),
                first: 0,
                last: 0,
                attempts: 1,
            }],
        };
        let observed = |selector: contract::Selector| {
            let objects = match &selector {
                contract::Selector::Object(it) if it.gvk == names::k8ssandra_cluster() => {
                    vec![cluster.to_owned()]
                }
                _ => vec![],
            };
            contract::Observation {
                selector,
                results: vec![contract::ContextResult {
                    context: None,
                    objects: Ok(objects),
                }],
            }
        };
        for _ in 0..3 {
            match reconcile("{}", &snapshot) {
                Outcome::Act(plan) => return plan,
                Outcome::Observe(selectors) => snapshot
                    .observations
                    .extend(selectors.into_iter().map(observed)),
            }
        }
        panic!("no plan")
    }

    #[test]
    fn a_refused_record_is_reported_before_it_is_tried_again() {
        let plan = plan_after_a_refused_patch(
            r#"{"metadata":{"name":"task1","namespace":"ns","uid":"t1"},"spec":{"cluster":{"name":"demo"},"template":{"jobs":[{"name":"j","command":"restart"}]}}}"#,
        );
        let [
            contract::Action::RecordEvent(event),
            contract::Action::SetStatus(status),
            contract::Action::PatchMetadata(_),
        ] = &plan.actions[..]
        else {
            panic!("{:?}", plan.actions)
        };
        assert_eq!(event.reason, "RecordRefused");
        assert!(
            status
                .contains("failed to patch the metadata of this K8ssandraTask: Forbidden: denied")
        );
        assert!(
            !status.contains("dc1\":{}"),
            "nothing is created yet: {status}"
        );
    }

    /// What is not listed here could read a clock, draw a random number or do I/O behind the policy's back.
    #[test]
    fn the_dependencies_are_these() {
        let manifest = include_str!("../Cargo.toml");
        let section = manifest
            .split("[dependencies]")
            .nth(1)
            .unwrap()
            .split("\n[")
            .next()
            .unwrap();
        let names: Vec<&str> = section
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|line| line.split(['.', ' ', '=']).next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "jiff",
                "pilothouse-contract",
                "serde",
                "serde_json",
                "serde_path_to_error",
            ]
        );
        assert!(
            !manifest.contains("[target."),
            "a dependency for one target only is one too"
        );
    }
}
