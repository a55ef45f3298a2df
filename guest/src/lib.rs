//! The K8ssandraTask policy.

/// The contract, generated from `wit/policy.wit`: the types that come in and go out.
#[allow(missing_docs, clippy::all, unsafe_code)]
pub mod contract {
    wit_bindgen::generate!({
        path: "../wit",
        world: "policy",
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        pub_export_macro: true,
        default_bindings_module: "crate::contract",
    });
    pub use exports::pilothouse::policy::reconciler::*;
}
