//! The policy without WebAssembly, and both side by side: whatever the host asks, the two have to answer the same.

use anyhow::{Result, ensure};
use k8ssandra_task_policy as guest;
use pilothouse::contract::{Manifest, Outcome, Snapshot};
use pilothouse::policy::{Decide, Policy};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// From the host's types to the guest's or back: both are generated from the same contract, and print alike.
fn across<A: Serialize, B: DeserializeOwned>(value: &A) -> Result<B> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

/// The policy as it is compiled into the tests.
pub struct Native;

impl Native {
    /// It as a policy for a host.
    pub fn policy() -> Result<Policy> {
        Ok(Policy::new(Self::manifest()?, "native".into(), Self))
    }

    /// What it says of itself.
    pub fn manifest() -> Result<Manifest> {
        across(&guest::describe("{}").map_err(anyhow::Error::msg)?)
    }
}

impl Decide for Native {
    fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome> {
        across(&guest::reconcile("{}", &across(snapshot)?))
    }
}

/// A component that is held against the native policy at every call.
struct Compared(Policy);

impl Decide for Compared {
    fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome> {
        let (component, native) = (self.0.reconcile(snapshot)?, Native.reconcile(snapshot)?);
        ensure!(
            component == native,
            "wasm and native differ on {snapshot:?}:\n{component:?}\n{native:?}"
        );
        Ok(component)
    }
}

/// The component, compared with the native policy at every call; a difference fails the call.
pub fn compared(component: Policy) -> Result<Policy> {
    let manifest = Native::manifest()?;
    ensure!(
        component.manifest == manifest,
        "the manifests differ: {:?}, {manifest:?}",
        component.manifest
    );
    Ok(Policy::new(
        manifest,
        component.digest.clone(),
        Compared(component),
    ))
}
