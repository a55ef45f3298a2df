//! Chaos on real API servers: `cargo xtask chaos`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command says what came of it"
)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use pilothouse_e2e::chaos::{self, Options};

/// Kills, stops and freezes hosts and API servers at random while tasks run, and checks that nothing was lost or done twice.
#[derive(Debug, Parser)]
struct Arguments {
    /// For how many minutes.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Which faults and tasks; by default other ones each time.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter("warn,kube_client=off,pilothouse_e2e=info")
        .with_writer(std::io::stderr)
        .init();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chaos: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let minutes = arguments.minutes;
    println!("cargo xtask chaos -- --minutes {minutes} --seed {seed}");
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let options = Options {
        seed,
        time: Duration::from_secs_f64(minutes * 60.0),
    };
    println!("{}", threads.block_on(chaos::run(options))?);
    Ok(())
}
