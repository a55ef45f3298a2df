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
    cargo.args(["build", "--package", "pilothouse", "--bin", "pilothouse"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
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

/// Tells a program where the policy and the host are that it is to run.
pub fn hand_over(paths: &Paths, command: &mut Command) {
    command
        .env(
            "PILOTHOUSE_POLICY",
            paths.policy(policy::K8SSANDRA_TASK.name),
        )
        .env("PILOTHOUSE_BIN", paths.host(Profile::Debug));
}
