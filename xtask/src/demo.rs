//! `cargo xtask demo`: builds what the demo needs, then becomes the demo. What there is to see is written elsewhere.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use xshell::cmd;

use crate::checkout::{Checkout, Profile};
use crate::{apiserver, build};

/// Builds, and runs the demo in place of this process: a Ctrl-C is then the demo's own to clean up after. Comes back
/// only with an error.
pub fn run(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    build::build(checkout, Profile::Debug)?;
    let demo = checkout.host(Profile::Debug).with_file_name("demo");
    let mut demo = build::with_built(checkout, cmd!(checkout.sh, "{demo} {arguments...}"));
    if arguments.iter().any(|argument| argument == "--real") {
        apiserver::build(checkout)?;
        demo = demo.env("PILOTHOUSE_TEST_SERVER", checkout.test_server());
    }
    Err(Command::from(demo).exec()).context("the demo could not be started")
}
