//! `policy-model`: explores the configurations and prints what came of it.
//!
//! Comes in: which configurations, how many threads. Goes out: the counts of each, and every counterexample as a numbered list of
//! moves. The exit code says whether all held.
#![allow(
    clippy::print_stdout,
    reason = "a command line prints what it was asked for"
)]

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use policy_model::config::Configs;
use policy_model::run::explore;

/// Explores what the K8ssandraTask policy does in every state that an adversarial world can get into.
#[derive(Parser)]
struct Arguments {
    /// Only the configurations whose name contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Only the small configurations, as the tests do.
    #[arg(long)]
    small: bool,
    /// How many threads explore.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let Configs { small, large } = Configs::read();
    let large = if arguments.small { Vec::new() } else { large };
    let configs = small.iter().chain(&large);
    let (started, mut states, mut is_well) = (Instant::now(), 0, true);
    for config in configs.filter(|it| it.name.contains(&arguments.only)) {
        let report = explore(config, arguments.threads).map_err(anyhow::Error::msg)?;
        print!("{report}");
        states += report.states;
        is_well &= report.is_well();
    }
    println!("{states} states, {:.0} s", started.elapsed().as_secs_f64());
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
