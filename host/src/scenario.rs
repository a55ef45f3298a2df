//! A component as scenarios play it: what they ask in, the component's answers out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::contract;
use crate::policy::Policy;
use crate::policy::wasm::Runtime;

/// A component that scenarios are played on.
pub struct Component {
    runtime: Runtime,
    bytes: Vec<u8>,
    /// It is compiled once for each of the settings that scenarios bring along.
    loaded: Mutex<BTreeMap<String, Arc<Policy>>>,
}

impl Component {
    /// Takes the bytes of a component, which are looked at when the first scenario is played.
    pub fn new(runtime: Runtime, bytes: Vec<u8>) -> Self {
        Self {
            runtime,
            bytes,
            loaded: Mutex::default(),
        }
    }

    /// Whether it is a policy at all, whatever the settings.
    pub fn compile(&self) -> Result<()> {
        self.runtime.compile(&self.bytes).map(drop)
    }

    /// The component with these settings.
    pub fn with(&self, settings: &str) -> Result<Arc<Policy>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(policy) = loaded.get(settings) {
            return Ok(policy.clone());
        }
        let policy = Arc::new(self.runtime.load(&self.bytes, settings)?);
        loaded.insert(settings.to_owned(), policy.clone());
        Ok(policy)
    }
}

impl pilothouse_policy_test::Policy for Component {
    fn describe(&self, settings: &str) -> Result<contract::Manifest> {
        Ok(contract::Manifest::clone(&self.with(settings)?.manifest))
    }

    fn reconcile(
        &self,
        settings: &str,
        snapshot: &contract::Snapshot,
    ) -> Result<contract::Outcome> {
        self.with(settings)?.reconcile(snapshot)
    }
}
