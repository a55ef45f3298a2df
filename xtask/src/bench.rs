//! `cargo xtask bench`: builds the policies as users run them, then measures them. In come arguments for the benchmark; what is
//! measured is written in tests/benches.

use crate::paths::Paths;
use crate::process::{cargo, run};
use crate::{build, policy};

/// Builds the policies, then runs the benchmark.
pub fn run_all(paths: &Paths, arguments: &[String]) -> anyhow::Result<()> {
    policy::build_all(paths)?;
    let mut cargo = cargo(paths);
    cargo.args([
        "bench",
        "--package",
        "pilothouse-tests",
        "--bench",
        "policy",
    ]);
    // As fast as a release, and much faster to build. The component is what users run, whatever the profile here.
    cargo.args(["--profile", "verify", "--"]);
    cargo.args(arguments);
    build::hand_over(paths, &mut cargo);
    run(&mut cargo)
}
