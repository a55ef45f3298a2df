//! Every scenario on the component, where each decision is compared with the native policy's and the golden text is the same,
//! and under the host on simulated clusters; those that are for objects in memory only are ignored there.

#![allow(
    clippy::panic,
    reason = "without a policy and scenarios there is nothing to test"
)]

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use libtest_mimic::{Arguments, Trial};
use pilothouse_e2e::runner::trial;
use pilothouse_e2e::scenarios::{Compared, files, on_the_component, simulated};
use pilothouse_policy_test::Scenario;

fn main() -> ExitCode {
    trials().map_or_else(
        |error| panic!("{error:#}"),
        |trials| libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
    )
}

fn trials() -> Result<Vec<Trial>> {
    let policy = Arc::new(Compared::built()?);
    let mut trials = Vec::new();
    for (name, path) in files()? {
        let scenario = Arc::new(Scenario::read(&path)?);
        let is_ignored = scenario.memory_only.is_some();
        let (policy, played) = (policy.clone(), scenario.clone());
        trials.push(trial(format!("component::{name}"), move || {
            on_the_component(&played, &policy)
        }));
        let simulated = trial(format!("simulated::{name}"), move || simulated(&scenario));
        trials.push(simulated.with_ignored_flag(is_ignored));
    }
    Ok(trials)
}
