//! A generic Kubernetes reconciler whose decisions are made by a WebAssembly policy.
//!
//! ```text
//! watch event ─▶ key ─▶ queue ─▶ snapshot ─▶ policy (wasm) ─▶ plan ─▶ check ─▶ execute ─▶ API servers
//! ```
//!
//! The line itself is the engine, [`pilothouse_core`], which does no I/O. Around it, [`watch`] tells it what there is, [`policy`]
//! asks the policy, [`execute`] and [`events`] send what it wants sent; [`shared`] is the engine as they share it, [`host`] puts
//! them together and [`swap`] changes the policy under them. Apart from that, `scenario` lets a component be tested without a
//! cluster.
//!
//! What is absent: any knowledge of a particular kind. What is reconciled, what is looked at and what may be written is
//! what the policy's manifest says.

pub mod answer;
pub mod api;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod contexts;
pub mod events;
pub mod execute;
pub mod host;
pub mod kept;
pub mod policy;
#[cfg(feature = "policy-test")]
pub mod scenario;
pub mod shared;
pub mod swap;
pub mod target;
pub mod watch;
pub mod watches;

pub use pilothouse_contract as contract;

/// An error chain as one line.
pub fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
