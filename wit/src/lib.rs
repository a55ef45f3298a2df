//! The contract as Rust types: what `policy.wit` says, and nothing else.
//!
//! For both sides of a policy: a policy takes and gives these types, and on wasm exports them with [`export!`]; what tests
//! policies, natively or as components, speaks them too, and so does the host; what its WebAssembly runtime generates from the
//! same file, it converts at the border.

/// Made by wit-bindgen from `policy.wit`, whose words are the documentation, and checked in: whoever writes a policy can read
/// it, and waits for no macro that compiles half of the WebAssembly tools. `tests/bindings.rs` makes it, and holds it to
/// the WIT file.
#[allow(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::panic,
    clippy::unwrap_used,
    unsafe_code,
    reason = "wit-bindgen writes this module, its documentation is the WIT file's, and its exports are raw pointers"
)]
#[rustfmt::skip]
mod generated;
mod names;

pub use generated::exports;
pub use generated::exports::pilothouse::policy::reconciler::*;
#[doc(hidden)]
pub use generated::*;
pub use names::{context_name, qualified};
