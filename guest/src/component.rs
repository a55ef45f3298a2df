//! The policy as a WebAssembly component: the contract's two functions, passed on. Nothing is decided here.

#![allow(
    unsafe_code,
    reason = "the exports that wit-bindgen generates are raw symbols and pointers"
)]

use crate::contract::{Guest, Manifest, Outcome, Snapshot};

struct Policy;

impl Guest for Policy {
    fn describe(settings: String) -> Result<Manifest, String> {
        crate::describe(&settings)
    }

    fn reconcile(settings: String, snapshot: Snapshot) -> Outcome {
        crate::reconcile(&settings, &snapshot)
    }
}

crate::contract::export!(Policy);
