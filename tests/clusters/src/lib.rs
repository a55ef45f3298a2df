//! Kubernetes clusters to run tests on.
//!
//! - [`sim`]: API servers simulated in the process, with faults on demand and a clock that tests turn.
//! - [`cass_operator`]: what cass-operator does to CassandraTasks, for a simulated or a real API server alike.
//! - [`real`]: real API servers, as processes on this machine, where their program is built.
//!
//! Nothing here knows the program under test: it talks to these clusters as to any other, through a `kube::Client`.

pub mod cass_operator;
pub mod real;
pub mod sim;
