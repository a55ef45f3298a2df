//! Small worlds for properties: a task, its cluster and its CassandraTasks in several contexts, to which anything can happen.
//!
//! [`World`] is API servers in memory under the engine that the host runs; [`happenings`] are what can happen to it, generated,
//! and what can go wrong with the host; [`laws`] is what must hold after each of them; k8ssandra-operator may have begun the task
//! ([`takeover`]); in [`spoilt`] worlds an object is not what it should be. The policy's own properties, the benchmark, and the
//! tests of the limits and of the component are built on it. It asserts as it goes: a world in which something impossible happens panics.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is part of tests, and fails as tests do"
)]

pub mod children;
mod crd;
mod creation;
pub mod happenings;
mod host;
pub mod json;
mod known;
pub mod laws;
mod restore;
pub mod servers;
pub mod size;
pub mod spoilt;
pub mod takeover;
pub mod world;

pub use world::World;
