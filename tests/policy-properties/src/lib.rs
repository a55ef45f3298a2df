//! Small simulations for properties: a task, its cluster and its CassandraTasks in several contexts, to which anything can happen.
//!
//! [`Simulation`] is API servers in memory under the engine that the host runs; [`changes`] are what can happen to it, generated,
//! and what can go wrong with the host; [`laws`] is what must hold after each of them; k8ssandra-operator may have begun the task
//! ([`takeover`]); in [`spoilt`] ones an object is not what it should be. The policy's own properties, the benchmark, and the
//! tests of the limits and of the component are built on it. It asserts as it goes: where something impossible happens, it
//! panics.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is part of tests, and fails as tests do"
)]

pub mod changes;
pub mod children;
mod creation;
mod host;
pub mod json;
mod known;
pub mod laws;
mod objects;
mod restore;
pub mod simulation;
pub mod size;
pub mod spoilt;
pub mod takeover;

pub use simulation::{Simulation, definitions};
