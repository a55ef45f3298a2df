//! A Kubernetes API server simulated in the process.
//!
//! - `store`: what a cluster stores, and what writing it means. Synchronous, and without dependencies that take long to
//!   build. All kinds go through the same code, from CustomResourceDefinitions and a short list of built-in ones.
//! - `server`, behind the feature of that name: the API server around it, for any `kube::Client` and for kubectl, with
//!   faults on demand and a clock that tests turn.
//!
//! Nothing here knows the program under test.

#[cfg(feature = "server")]
mod server;
mod store;

#[cfg(feature = "server")]
pub use server::{
    Clock, Cluster, Fault, Filter, Injected, Request, Serving, Verb, system_clock, tokio_clock,
    tokio_clock_from,
};
pub use store::{Change, Definitions, Failure, Location, Patch, Store};
