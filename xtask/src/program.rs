//! `cargo xtask demo`, `chaos` and `simulate --component`: builds what the program needs, then becomes it. What it does is written elsewhere.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use xshell::cmd;

use crate::checkout::{Checkout, Profile};
use crate::{apiserver, build};

/// Builds, and runs the program of tests/e2e in place of this process: a Ctrl-C is then its own to clean up after. Comes
/// back only with an error.
pub fn run(
    checkout: &Checkout,
    name: &str,
    arguments: &[String],
    is_real: bool,
) -> anyhow::Result<()> {
    build::build(checkout, Profile::Debug)?;
    let program = checkout.host(Profile::Debug).with_file_name(name);
    let mut program = build::with_built(checkout, cmd!(checkout.sh, "{program} {arguments...}"));
    if is_real {
        apiserver::build(checkout)?;
        program = program.env("PILOTHOUSE_TEST_SERVER", checkout.test_server());
    }
    Err(Command::from(program).exec()).with_context(|| format!("{name} could not be started"))
}
