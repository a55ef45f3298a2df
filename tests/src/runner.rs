//! Runs the behaviours as tests of their own, in the format of Rust's test runner.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::behaviours::{ALL, Behaviour};

/// Runs every behaviour through `run`, each as a test named after the kind of clusters.
pub fn main(
    clusters: &str,
    run: impl Fn(&Behaviour) -> Result<()> + Send + Sync + 'static,
) -> ExitCode {
    let run = Arc::new(run);
    let trials = ALL.iter().map(|behaviour| {
        let run = run.clone();
        Trial::test(format!("{clusters}::{}", behaviour.name), move || {
            run(behaviour).map_err(|error| Failed::from(format!("{error:?}")))
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
