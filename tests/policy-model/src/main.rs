//! `policy-model`: explores the configurations and says what came of it.
//!
//! Comes in: which configurations, how many threads. Goes out: a line each, every counterexample as a numbered list of moves,
//! and the same as JSON where that is asked for. The exit code says whether all held.
#![allow(
    clippy::print_stdout,
    reason = "a command line prints what it was asked for"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use policy_model::configs;
use policy_model::run::{self, Report};

/// Explores what the K8ssandraTask policy does in every state that an adversarial world can get into.
#[derive(Parser)]
struct Arguments {
    /// Write what came of it to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
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
    let mut configs = configs::small();
    if !arguments.small {
        configs.extend(configs::large());
    }
    let mut reports = Vec::new();
    for config in configs
        .iter()
        .filter(|it| it.name.contains(&arguments.only))
    {
        let report = run::explore(config, arguments.threads).map_err(anyhow::Error::msg)?;
        print(&report);
        reports.push(report);
    }
    let states: usize = reports.iter().map(|report| report.states).sum();
    let seconds: f64 = reports.iter().map(|report| report.seconds).sum();
    println!(
        "{} configurations, {states} states, {seconds:.0} s",
        reports.len()
    );
    if let Some(file) = arguments.json {
        let text = serde_json::to_string_pretty(&reports)?;
        std::fs::write(&file, text + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(if reports.iter().all(Report::is_well) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(report: &Report) {
    println!("{}: {}", report.name, report.about);
    println!("  at most {}", report.budget);
    println!(
        "  {} states, {} generated, depth {}, {:.1} s; {} properties; policy: {} calls, {} decisions, {} statuses",
        report.states,
        report.generated,
        report.depth,
        report.seconds,
        report.always.len() + report.found.len() + report.reachable.len(),
        report.policy_calls,
        report.decisions,
        report.statuses,
    );
    for name in &report.missing {
        println!("  NOT REACHABLE: {name}");
    }
    for found in &report.found {
        println!("  VIOLATED: {}", found.property);
        for (number, text) in (1..).zip(&found.moves) {
            println!("    {number:2}. {text}");
        }
        for line in &found.end {
            println!("        {line}");
        }
    }
}
