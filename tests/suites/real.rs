//! Every behaviour on real API servers, with `deploy/`'s CRDs and rights, kubectl, and the `pilothouse` binary.

use std::process::ExitCode;

use anyhow::Result;
use pilothouse_tests::behaviours::ALL;
use pilothouse_tests::real::Clusters;
use pilothouse_tests::runner;

fn main() -> Result<ExitCode> {
    runner::on_real_servers("real", ALL, Clusters::start())
}
