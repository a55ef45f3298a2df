//! Clusters with a history, on real API servers: a control plane that does not serve CassandraTasks, and two contexts that do.

use std::process::ExitCode;

use anyhow::Result;
use pilothouse_e2e::behaviours::HISTORY;
use pilothouse_e2e::real::Clusters;
use pilothouse_e2e::runner;

fn main() -> Result<ExitCode> {
    runner::on_real_servers("history", HISTORY, Clusters::start_with_hub(), |_| {
        Ok(Vec::new())
    })
}
