//! Kubernetes clusters to run tests on.
//!
//! - [`real`]: real API servers, as processes on this machine, where their program is built.
//!
//! Nothing here knows the program under test: it talks to these clusters as to any other, through a `kube::Client`.

pub mod real;
