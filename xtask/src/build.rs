//! `cargo xtask build` and `bench`: policies, then the host or the benchmark; and the environment in which tests, the
//! benchmark and the demo find what was built.

use anyhow::ensure;
use xshell::Cmd;

use crate::checkout::{Checkout, Profile};
use crate::policy;

/// Builds the policies and the host.
pub fn build(checkout: &Checkout, profile: Profile) -> anyhow::Result<()> {
    policy::build_all(checkout)?;
    // What is compiled for users has the features of the host alone. What is compiled for tests has those that the whole
    // workspace agrees on, and the demo beside it: the tests then compile none of the dependencies again.
    let arguments = match profile {
        Profile::Debug => {
            "build --workspace --bin pilothouse --bin demo --bin chaos --bin simulate"
        }
        Profile::Release => "build --package pilothouse --bin pilothouse --release",
        Profile::Image => {
            "build --package pilothouse --bin pilothouse --release --no-default-features"
        }
    };
    checkout.cargo().args(arguments.split(' ')).run()?;
    let host = checkout.host(profile);
    ensure!(
        host.exists(),
        "cargo built the host, but not as {}; is a `build.target` configured, in CARGO_BUILD_TARGET or in cargo's \
         configuration?",
        host.display()
    );
    eprintln!("host: {}", host.display());
    Ok(())
}

/// Builds the policies, then measures them: what, is written in tests/e2e/benches.
pub fn bench(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    policy::build_all(checkout)?;
    // As fast as a release, and much faster to build. The component is what users run, whatever the profile here.
    let bench = "bench --package pilothouse-e2e --bench policy --profile verify --";
    let cargo = checkout.cargo().args(bench.split(' ')).args(arguments);
    Ok(with_built(checkout, cargo).run()?)
}

/// Tells a program where the policy and the host are that it is to run.
pub fn with_built<'a>(checkout: &Checkout, command: Cmd<'a>) -> Cmd<'a> {
    command
        .env("PILOTHOUSE_POLICY", checkout.target(policy::K8SSANDRA_TASK))
        .env("PILOTHOUSE_BIN", checkout.host(Profile::Debug))
}
