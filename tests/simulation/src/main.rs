//! `cargo xtask simulate`: runs histories, and prints what does not hold.
#![allow(clippy::print_stdout, reason = "a command says what came of it")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;
use simulation::{Counts, policy, run};

/// After how many histories it says how far it is.
const PROGRESS: u64 = 500;

/// Runs random histories of the engine under faults. Each has a seed, which decides everything.
#[derive(Parser)]
struct Arguments {
    /// How many histories.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    from: u64,
    /// This history alone.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds = match arguments.seed {
        Some(seed) => seed..seed + 1,
        None => arguments.from..arguments.from + arguments.seeds,
    };
    let (start, count) = (Instant::now(), seeds.end - seeds.start);
    let (next, sum) = (AtomicU64::new(seeds.start), Mutex::new(Sum::default()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| explore(&next, seeds.end, &sum));
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Counts { faults, requests } = sum.counts;
    let (violations, time) = (sum.violations, start.elapsed().as_secs_f64());
    println!(
        "{count} histories, {faults} faults, {requests} requests, {violations} violations, {time:.1} s"
    );
    match violations {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// What has come of the histories so far.
#[derive(Default)]
struct Sum {
    counts: Counts,
    histories: u64,
    violations: usize,
}

/// Runs one seed after the other, as many as there are.
fn explore(next: &AtomicU64, end: u64, sum: &Mutex<Sum>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        let outcome = run(seed, policy);
        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.histories += 1;
        match outcome {
            Ok(counts) => {
                sum.counts.faults += counts.faults;
                sum.counts.requests += counts.requests;
            }
            Err(why) => {
                sum.violations += 1;
                println!("seed {seed}: {why}\n");
            }
        }
        if sum.histories.is_multiple_of(PROGRESS) {
            println!("{} histories", sum.histories);
        }
    }
}
