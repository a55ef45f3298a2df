//! The simulated API server as its clients see it, in what its comparison with a real one (`tests/parity`) does not show.

// Helpers are tests too: clippy lets only those unwrap.
#![cfg(test)]

mod collections;
mod deletion;
mod faults;
mod kubectl;
mod objects;
mod rig;
mod watching;
