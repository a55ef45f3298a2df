//! The contract's types and calls, generated from `wit/policy.wit`. Nothing is written here by hand.
#![allow(missing_docs, clippy::all, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "policy",
    additional_derives: [PartialEq, Eq],
});
