//! Real Kubernetes API servers on this machine, without containers: what the simulated ones are held against.
//!
//! [`Environment::start`] takes context names, and gives one etcd, and for each name an API server and the controllers
//! that delete (the garbage collector of owned objects, and that of namespaces). There are no nodes: nothing runs
//! pods, and nothing here knows the program under test.
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
mod manifests;
mod port;
mod process;
mod programs;

pub use audit::Request;
pub use environment::Environment;
pub use programs::available;

/// Set to `1` where tests on real API servers must not be skipped: in continuous integration.
pub const REQUIRED: &str = "PILOTHOUSE_REAL";

/// An environment for a test, or none, said on standard error, where this machine has no API server to start.
///
/// # Errors
/// If the servers do not start, or if there are none though [`REQUIRED`] is set.
pub async fn start_or_skip(names: &[&str]) -> anyhow::Result<Option<Environment>> {
    match available() {
        Ok(()) => Environment::start(names).await.map(Some),
        Err(why) if std::env::var(REQUIRED).is_ok_and(|value| value == "1") => {
            anyhow::bail!("{REQUIRED}=1 and there is no real API server: {why}")
        }
        Err(why) => {
            say_skipped(&why);
            Ok(None)
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "whoever reads the output of the tests must see that they were skipped"
)]
fn say_skipped(why: &str) {
    eprintln!("skipped, for want of a real API server: {why}");
}
