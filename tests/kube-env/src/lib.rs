//! Real Kubernetes API servers on this machine, without containers: what the simulated ones are held against.
//!
//! [`Environment::start`] takes context names, and gives one etcd, and for each name an API server and the controllers
//! that delete (the garbage collector of owned objects, and that of namespaces). There are no nodes: nothing runs
//! pods, and nothing here knows the program under test. What clients need, kubeconfigs and [`Kubectl`], is for simulated
//! API servers as well.
//!
//! ```text
//! programs  which executables     ─┐  etcd                     environment: all of them, what tests use
//! port      a port of one's own    ├▶ cluster: one context ─▶  ├ access     as whom, by kubeconfig
//! process   one server that runs  ─┘                           ├ manifests  objects from YAML
//!                                                              └ audit      what was asked of a server
//! ```

mod access;
mod audit;
mod cluster;
mod environment;
mod etcd;
mod kubeconfig;
mod kubectl;
mod manifests;
mod port;
mod process;
mod programs;
mod skip;

pub use audit::Request;
pub use environment::Environment;
pub use kubeconfig::{client_of, write_kubeconfig};
pub use kubectl::Kubectl;
pub use programs::is_available_or_skip;

/// An environment for a test, or none, said on standard error, where this machine has no API server to start.
///
/// # Errors
/// If the servers do not start, or if there are none though `PILOTHOUSE_REAL=1` is set.
pub async fn start_or_skip(names: &[&str]) -> anyhow::Result<Option<Environment>> {
    Ok(match is_available_or_skip()? {
        true => Some(Environment::start(names).await?),
        false => None,
    })
}
