//! Every scenario on the component, where each decision is compared with the native policy's and the golden text is the same,
//! and under the host on simulated clusters.

#![allow(
    clippy::panic,
    reason = "without a policy and scenarios there is nothing to test"
)]

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use pilothouse_tests::scenarios::{Compared, files, on_the_component, simulated};

fn main() -> ExitCode {
    let policy = match Compared::built() {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("{error:#}"),
    };
    let files = files().unwrap_or_else(|error| panic!("{error:#}"));
    let mut trials = Vec::new();
    for (name, path) in files {
        let (policy, file) = (policy.clone(), path.clone());
        trials.push(Trial::test(format!("component::{name}"), move || {
            on_the_component(&file, &policy).map_err(|error| Failed::from(format!("{error:?}")))
        }));
        trials.push(Trial::test(format!("simulated::{name}"), move || {
            simulated(&path).map_err(|error| Failed::from(format!("{error:?}")))
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
