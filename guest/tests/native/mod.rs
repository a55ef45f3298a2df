//! The policy as scenarios ask it: the library's own functions, without WebAssembly.

use anyhow::{Result, anyhow, ensure};
use pilothouse_contract::{Manifest, Outcome, Plan, Snapshot};
use pilothouse_scenario::Policy;
use serde_json::Value;

/// The policy of this crate.
pub struct Native;

impl Policy for Native {
    fn describe(&self, settings: &str) -> Result<Manifest> {
        k8ssandra_task_policy::describe(settings).map_err(|wrong| anyhow!(wrong))
    }

    fn reconcile(&self, settings: &str, snapshot: &Snapshot) -> Result<Outcome> {
        Ok(k8ssandra_task_policy::reconcile(settings, snapshot))
    }

    /// The host's own check runs where the host is: on the component, and on simulated clusters.
    fn check(&self, _: &str, _: &Value, plan: &Plan) -> Result<()> {
        ensure!(
            !plan.reasons.is_empty() || !plan.actions.is_empty(),
            "a plan that does nothing says why"
        );
        Ok(())
    }
}
