//! Every behaviour on simulated clusters, where the component is held against the native policy at every call.

use pilothouse_e2e::behaviours::{ALL, HISTORY};
use pilothouse_e2e::{runner, simulated};

fn main() -> std::process::ExitCode {
    let behaviours: Vec<_> = ALL.iter().chain(HISTORY).copied().collect();
    runner::main("simulated", &behaviours, simulated::run, Vec::new())
}
