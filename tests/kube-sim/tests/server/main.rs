//! The simulated API server as its clients see it. Each file asks about one thing; the expected answers are those of
//! kube-apiserver 1.34.

// Helpers are tests too: clippy lets only those unwrap.
#![cfg(test)]

mod collections;
mod deletion;
mod events;
mod faults;
mod kubectl;
mod objects;
mod patches;
mod rig;
mod schemas;
mod tables;
mod watching;
