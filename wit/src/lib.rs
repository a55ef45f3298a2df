//! The contract as Rust types: what `policy.wit` says, and nothing else.
//!
//! For both sides of a policy: a policy takes and gives these types, and on wasm exports them with [`export!`]; what tests
//! policies, natively or as components, speaks them too. The host has its own, generated from the same file by its
//! WebAssembly runtime; the two print alike in JSON.

/// Generated from `policy.wit`, whose words are the documentation.
#[allow(
    missing_docs,
    clippy::all,
    unsafe_code,
    reason = "wit-bindgen writes this module, its documentation is the WIT file's, and its exports are raw pointers"
)]
mod generated {
    wit_bindgen::generate!({
        path: "policy.wit",
        world: "policy",
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        pub_export_macro: true,
        default_bindings_module: "pilothouse_contract",
    });
}

pub use generated::exports;
pub use generated::exports::pilothouse::policy::reconciler::*;
#[doc(hidden)]
pub use generated::*;
