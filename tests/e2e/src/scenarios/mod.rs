//! The scenarios of `tests/scenarios`, beyond the policy's own tests: on the component, every decision compared with the native
//! policy's, and under the real host on simulated clusters.

mod simulated;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use pilothouse::policy::wasm::{Limits, Runtime};
use pilothouse::scenario::Component;
use pilothouse_policy_test::contract::{Manifest, Outcome, Snapshot};
use pilothouse_policy_test::{Definitions, Policy, Report, Scenario, golden, run};

pub use simulated::Simulated;

use crate::simulated::CRDS;

/// The names and the files, by name.
pub fn files() -> Result<Vec<(String, PathBuf)>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files = pilothouse_policy_test::files(&directory)?;
    let named = |path: PathBuf| (pilothouse_policy_test::name(&directory, &path), path);
    Ok(files.into_iter().map(named).collect())
}

/// The component, held against the native policy at every call.
pub struct Compared(Component);

impl Compared {
    /// The built one.
    pub fn built() -> Result<Self> {
        let bytes = std::fs::read(crate::component::built()?)?;
        Ok(Self(Component::new(
            Runtime::new(4, Limits::default())?,
            bytes,
        )))
    }
}

impl Policy for Compared {
    fn describe(&self, settings: &str) -> Result<Manifest> {
        self.0.describe(settings)
    }

    fn reconcile(&self, settings: &str, snapshot: &Snapshot) -> Result<Outcome> {
        let component = self.0.reconcile(settings, snapshot)?;
        let native = k8ssandra_task_policy::reconcile(settings, snapshot);
        ensure!(
            component == native,
            "wasm and native differ on {snapshot:?}:\n{component:?}\n{native:?}"
        );
        Ok(component)
    }
}

/// The definitions that the simulated clusters have, too.
fn definitions() -> Result<Definitions> {
    let mut definitions = Definitions::default();
    for crd in CRDS {
        definitions.extend(Definitions::parse(crd)?);
    }
    Ok(definitions)
}

/// Plays a scenario on the component: the same golden text as natively.
pub fn on_the_component(scenario: &Scenario, policy: &Compared) -> Result<()> {
    let mut report = run::in_memory(scenario, policy, &definitions()?);
    golden::check(scenario, &mut report, false)?;
    passed(&report)
}

/// Plays a scenario under the host on simulated clusters.
pub fn simulated(scenario: &Scenario) -> Result<()> {
    let mut clusters = Simulated::new(scenario)?;
    let report = run(scenario, &mut clusters);
    passed(&report).with_context(|| format!("the host's log:\n{}", clusters.log()))
}

fn passed(report: &Report) -> Result<()> {
    if report.passed() {
        return Ok(());
    }
    bail!("{report}")
}
