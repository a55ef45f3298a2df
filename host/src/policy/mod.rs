//! What decides: a manifest, and a function from snapshot to outcome.
//!
//! In the product it is a WebAssembly component ([`wasm`]). Whatever else implements [`Decide`] can take its place: a
//! test runs the same policy natively and as a component, and compares every answer.

mod bindings;
mod convert;
pub mod wasm;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};

use crate::contract::{Manifest, Outcome, Snapshot};

/// Decides for one primary.
pub trait Decide: Send + Sync {
    /// A pure function of the snapshot. An error is a trap, a limit that was reached, or a fault of the runtime.
    fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome>;

    /// The same, with the fuel that the call used; `None` where nothing counts it.
    fn metered(&self, snapshot: &Snapshot) -> Result<(Outcome, Option<u64>)> {
        Ok((self.reconcile(snapshot)?, None))
    }
}

/// A policy that has been checked and asked what it is.
pub struct Policy {
    /// What the policy says of itself.
    pub manifest: Arc<Manifest>,
    /// Content hash of component and settings, for people to tell versions apart: `sha256:` and 12 digits.
    pub digest: String,
    decide: Box<dyn Decide>,
}

impl Policy {
    /// A policy from its parts.
    pub fn new(
        manifest: impl Into<Arc<Manifest>>,
        digest: String,
        decide: impl Decide + 'static,
    ) -> Self {
        Self {
            manifest: manifest.into(),
            digest,
            decide: Box::new(decide),
        }
    }

    /// Asks for a decision. A panic is an error like a trap: it is one primary's.
    pub fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome> {
        let Manifest { name, version, .. } = &*self.manifest;
        let decided = catch_unwind(AssertUnwindSafe(|| self.decide.reconcile(snapshot)));
        decided
            .unwrap_or_else(|_| Err(anyhow!("the host panicked while it asked the policy")))
            .with_context(|| format!("policy {name} {version} failed"))
    }

    /// The same, with the fuel that the call used: what is left of the limit can be seen before it is reached.
    pub fn metered(&self, snapshot: &Snapshot) -> Result<(Outcome, Option<u64>)> {
        self.decide.metered(snapshot)
    }
}

/// Computes without blocking what else this thread has to do, where there are other threads to do it.
pub(crate) fn in_place<T>(compute: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(compute),
        _ => compute(),
    }
}
