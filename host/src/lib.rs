//! A generic Kubernetes reconciler whose decisions are made by a WebAssembly policy.
//!
//! ```text
//! watch event ─▶ key ─▶ queue ─▶ snapshot ─▶ policy (wasm) ─▶ plan ─▶ check ─▶ execute ─▶ API servers
//! ```
//!
//! Each arrow is a module: [`watch`] and [`cache`] know what there is, [`subscriptions`] whose business it is,
//! [`queue`] who is next, [`snapshot`] what a policy sees, [`policy`] calls it, [`pilothouse_core::plan`] checks its answer, [`execute`]
//! carries it out; [`reconcile`] is the line itself, [`host`] puts it together and [`swap`] changes the policy under it. Apart from that
//! line, [`scenario`] lets a component be tested without a cluster.
//!
//! What is absent: any knowledge of a particular kind. What is reconciled, what is looked at and what may be written is
//! what the policy's manifest says.

pub mod cache;
pub mod cli;
pub mod clock;
pub mod contexts;
pub mod events;
pub mod execute;
pub mod host;
pub mod object;
pub mod policy;
pub mod queue;
pub mod reconcile;
pub mod scenario;
pub mod snapshot;
pub mod subscriptions;
pub mod swap;
pub mod watch;

pub use pilothouse_contract as contract;
