//! The policy as scenarios ask it: the library's own functions, without WebAssembly.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Result, anyhow, ensure};
use pilothouse_contract::{Manifest, Outcome, Snapshot};
use pilothouse_policy_test::{Definitions, Policy, definitions};

/// The definitions that API servers hold the objects of the scenarios to.
#[allow(clippy::panic, reason = "without definitions there is nothing to test")]
pub fn definitions() -> &'static Definitions {
    static READ: LazyLock<Definitions> = LazyLock::new(|| {
        let folders = [
            "deploy/crds",
            "deploy/overlays/standalone",
            "tests/fixtures/crds",
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let read = definitions::read(folders.map(|folder| root.join(folder)));
        read.unwrap_or_else(|error| panic!("{error:#}"))
    });
    &READ
}

/// The policy of this crate.
pub struct Native;

impl Policy for Native {
    fn describe(&self, settings: &str) -> Result<Manifest> {
        k8ssandra_task_policy::describe(settings).map_err(|wrong| anyhow!(wrong))
    }

    fn reconcile(&self, settings: &str, snapshot: &Snapshot) -> Result<Outcome> {
        let outcome = k8ssandra_task_policy::reconcile(settings, snapshot);
        if let Outcome::Act(plan) = &outcome {
            let says_why = !plan.reasons.is_empty() || !plan.actions.is_empty();
            ensure!(says_why, "a plan that does nothing says why");
        }
        Ok(outcome)
    }
}
