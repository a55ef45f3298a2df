//! Every scenario of `tests/scenarios`, natively: a test for each file, which keeps its golden text, too.
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
use pilothouse_scenario::{Scenario, files, golden, name, run};

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
    let mut report = run::in_memory(&scenario, &native::Native);
    let transcript = report.transcript.take().unwrap_or_default();
    if std::env::var_os("PILOTHOUSE_ACCEPT").is_some() {
        golden::accept(path, &transcript).map_err(|error| format!("{error:#}"))?;
    }
    if !golden::path(path).exists() {
        report.failures.push("it has no golden text".to_owned());
    }
    if !report.is_cut_short {
        let difference = golden::difference(path, &transcript);
        let difference = difference.map_err(|error| format!("{error:#}"))?;
        report.failures.extend(difference);
    }
    if report.passed() {
        Ok(())
    } else {
        Err(report.to_string().into())
    }
}
