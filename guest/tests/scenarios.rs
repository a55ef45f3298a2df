//! Every scenario of `tests/scenarios`, natively: a test for each file, and its golden text, where it has one.
//!
//! `PILOTHOUSE_ACCEPT=1` makes what is decided now the golden texts.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "without scenarios there is nothing to test; the environment says whether to accept what is decided now"
)]

mod native;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use pilothouse_policy_test::{Scenario, files, golden, name, run};

fn main() -> ExitCode {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let files = files(&directory).unwrap_or_else(|error| panic!("{error:#}"));
    let trials = files.into_iter().map(|path| {
        let name = name(&directory, &path);
        Trial::test(format!("scenario::{name}"), move || play(&path))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn play(path: &Path) -> Result<(), Failed> {
    let scenario = Scenario::read(path).map_err(|error| format!("{error:#}"))?;
    let mut report = run::in_memory(&scenario, &native::Native, native::definitions());
    let accepts = std::env::var_os("PILOTHOUSE_ACCEPT").is_some();
    golden::check(&scenario, &mut report, accepts).map_err(|error| format!("{error:#}"))?;
    if report.passed() {
        Ok(())
    } else {
        Err(report.to_string().into())
    }
}
