//! The policy without WebAssembly, and both side by side: whatever the host asks, the two have to answer the same.

use anyhow::{Result, ensure};
use k8ssandra_task_policy as guest;
use pilothouse::contract::{Outcome, Snapshot};
use pilothouse::policy::{Decide, Policy};

/// The policy as it is compiled into the tests, with its settings.
pub struct Native(pub String);

impl Native {
    /// It as a policy for a host, with the settings left as they are.
    pub fn policy() -> Result<Policy> {
        Self::with("{}")
    }

    /// It as a policy for a host.
    pub fn with(settings: &str) -> Result<Policy> {
        let manifest = guest::describe(settings).map_err(anyhow::Error::msg)?;
        Ok(Policy::new(
            manifest,
            "native".into(),
            Self(settings.to_owned()),
        ))
    }
}

impl Decide for Native {
    fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome> {
        Ok(guest::reconcile(&self.0, snapshot))
    }
}

/// A component that is held against the native policy at every call.
struct Compared {
    component: Policy,
    native: Policy,
}

impl Decide for Compared {
    fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome> {
        let component = self.component.reconcile(snapshot)?;
        let native = self.native.reconcile(snapshot)?;
        ensure!(
            component == native,
            "wasm and native differ on {snapshot:?}:\n{component:?}\n{native:?}"
        );
        Ok(component)
    }
}

/// The component, compared with the native policy at every call; a difference fails the call.
pub fn compared(component: Policy) -> Result<Policy> {
    let native = Native::policy()?;
    ensure!(
        component.manifest == native.manifest,
        "the manifests differ: {:?}, {:?}",
        component.manifest,
        native.manifest
    );
    let (manifest, digest) = (native.manifest.clone(), component.digest.clone());
    Ok(Policy::new(
        manifest,
        digest,
        Compared { component, native },
    ))
}
