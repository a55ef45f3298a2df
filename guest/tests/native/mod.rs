//! The policy as scenarios ask it: the library's own functions, without WebAssembly.

use anyhow::{Result, anyhow, ensure};
use pilothouse_contract::{Manifest, Outcome, Snapshot};
use pilothouse_policy_test::Policy;
pub use policy_properties::definitions;

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
