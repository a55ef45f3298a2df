//! `cargo xtask build`: policies, then the host; and the environment in which tests and the demo find them.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::paths::{Paths, Profile};
use crate::policy;
use crate::process::{cargo, run};

/// Builds the policies and the host.
pub fn build(paths: &Paths, profile: Profile) -> anyhow::Result<()> {
    policy::build_all(paths)?;
    let mut cargo = cargo(paths);
    cargo.args(arguments(profile));
    run(&mut cargo).context("the host did not compile")?;
    let host = paths.host(profile);
    ensure!(
        host.exists(),
        "cargo built the host, but not as {}; is a `build.target` configured, in CARGO_BUILD_TARGET or in cargo's \
         configuration?",
        host.display()
    );
    eprintln!("host: {}", host.display());
    Ok(())
}

/// What is compiled for users has the features of the host alone. What is compiled for tests has those that the whole
/// workspace agrees on, and the demo beside it: the tests then compile none of the dependencies again.
fn arguments(profile: Profile) -> &'static [&'static str] {
    match profile {
        Profile::Release => &[
            "build",
            "--package",
            "pilothouse",
            "--bin",
            "pilothouse",
            "--release",
        ],
        Profile::Image => &[
            "build",
            "--package",
            "pilothouse",
            "--bin",
            "pilothouse",
            "--no-default-features",
            "--release",
        ],
        Profile::Debug => &[
            "build",
            "--workspace",
            "--bin",
            "pilothouse",
            "--bin",
            "demo",
        ],
    }
}

/// Tells a program where the policy and the host are that it is to run.
pub fn hand_over(paths: &Paths, command: &mut Command) {
    command
        .env(
            "PILOTHOUSE_POLICY",
            paths.policy(policy::K8SSANDRA_TASK.name),
        )
        .env("PILOTHOUSE_BIN", paths.host(Profile::Debug));
}
