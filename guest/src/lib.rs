//! The K8ssandraTask policy: decides, from what is seen of a K8ssandraTask, its cluster and its CassandraTasks, what is to
//! be done. The page on cluster tasks, whose sections the files name, is what it makes true.
//!
//! A pure function, [`reconcile`], from snapshot to plan: no clock, no randomness, no I/O, no panic; the same snapshot
//! always gives the same plan. It is tested natively, and `component` wraps it as a WebAssembly component.
//!
//! ```text
//! snapshot ─▶ decision ─▶ situation ─────▶ judge ─▶ plan ─▶ actions, in their order
//!               │          task, cluster,    │       sequence: what is created
//!               │          targets,          │       status, conditions, text: what is said
//!               │          validation        │       adoption, events, failure, patience
//!               ├─▶ deletion (rule 1)        └─ rules 2 to 6
//!               └─▶ finish (rule 2, as recorded)
//! ```

pub use pilothouse_contract as contract;

mod adoption;
mod cassandra_task;
mod cluster;
#[cfg(target_arch = "wasm32")]
mod component;
mod conditions;
mod decision;
mod deletion;
mod events;
mod failure;
mod family;
mod finish;
mod json;
mod names;
mod patience;
mod plan;
mod progress;
mod readiness;
mod reasons;
mod recorded;
mod resolution;
mod sequence;
mod settings;
mod situation;
mod status;
mod targets;
mod task;
mod text;
mod time;
mod validation;
mod view;
mod whereabouts;

use contract::{Interest, Manifest, Outcome, Scope, Snapshot, Verb};

pub use settings::{KNOWN_COMMANDS, Settings};

/// Checks the settings (see [`Settings`]) and says what the policy watches and may write.
///
/// The error names the setting that is wrong and what it may be.
pub fn describe(settings: &str) -> Result<Manifest, String> {
    Settings::read(settings)?;
    let interest = |gvk, scope, may: &[Verb]| Interest {
        gvk,
        scope,
        may: may.to_vec(),
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

/// Decides for one K8ssandraTask. Total: whatever the settings and the objects are, there is an answer; what cannot be
/// done is a reason in it.
pub fn reconcile(settings: &str, snapshot: &Snapshot) -> Outcome {
    match Settings::read(settings) {
        Ok(settings) => decision::decide(&settings, snapshot),
        Err(wrong) => Outcome::Act(decision::rest(format!(
            "nothing is done, since the settings are wrong: {wrong}"
        ))),
    }
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
                    interest.may.as_slice(),
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
            last_failure: None,
        };
        let Outcome::Act(plan) = reconcile("nonsense", &snapshot) else {
            panic!("looked")
        };
        assert!(plan.actions.is_empty());
        assert!(
            plan.reasons[0].contains("the settings are wrong"),
            "{:?}",
            plan.reasons
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
