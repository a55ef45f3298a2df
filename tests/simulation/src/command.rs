//! The command: runs histories, and prints what does not hold.
#![allow(clippy::print_stdout, reason = "a command says what came of it")]

use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;

use crate::single::{Case, cases, scenarios};
use crate::{Counts, Policy, run, shorten};

/// After how many histories it says how far it is.
const PROGRESS: u64 = 1_000;

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
    /// Instead: each request of a few scenarios, with each single fault. With `--seed`, this one alone.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    single_faults: bool,
}

/// Does what the command line says, with that policy.
pub fn main(policy: Policy) -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.single_faults {
        true => single_faults(policy, arguments.seed),
        false => {
            let seeds = arguments.from..arguments.from + arguments.seeds;
            let seeds = arguments.seed.map_or(seeds, |seed| seed..seed + 1);
            all(seeds, "histories", &|seed| {
                run(seed, policy).map_err(|why| shorten(seed, policy).unwrap_or(why))
            })
        }
    };
    match outcome {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// All of them, or the one with that number. How many do not hold comes back.
fn single_faults(policy: Policy, number: Option<u64>) -> u64 {
    let scenarios = scenarios();
    let cases: Vec<Case> = cases(&scenarios, policy);
    let count = u64::try_from(cases.len()).unwrap_or(u64::MAX);
    let range = number.map_or(0..count, |number| number..count.min(number + 1));
    let (first, scenarios) = (range.start, scenarios.len());
    println!("{scenarios} scenarios, {count} single faults");
    let cases = cases.into_iter().skip(usize::try_from(first).unwrap_or(0));
    let cases: Vec<Case> = cases.collect();
    all(range, "single faults", &|number| {
        let case = usize::try_from(number - first).unwrap_or(0);
        let repeat = format!("cargo xtask simulate --single-faults --seed {number}");
        let outcome = cases[case].run(policy);
        outcome.map_err(|why| format!("{why}\nto repeat it: {repeat}"))
    })
}

/// What has come of the runs so far.
#[derive(Default)]
struct Sum {
    counts: Counts,
    runs: u64,
    violations: u64,
}

/// Runs all with these numbers. How many do not hold comes back.
fn all(numbers: Range<u64>, what: &str, job: &Job) -> u64 {
    let (start, sum) = (Instant::now(), Mutex::new(Sum::default()));
    let next = AtomicU64::new(numbers.start);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| explore(&next, numbers.end, &sum, job));
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Counts { faults, requests } = sum.counts;
    let (runs, violations, time) = (sum.runs, sum.violations, start.elapsed().as_secs_f64());
    println!(
        "{runs} {what}, {faults} faults, {requests} requests, {violations} violations, {time:.1} s"
    );
    violations
}

/// Runs the one with that number.
type Job<'a> = dyn Fn(u64) -> Result<Counts, String> + Sync + 'a;

/// Runs one after the other, as many as there are.
fn explore(next: &AtomicU64, end: u64, sum: &Mutex<Sum>, job: &Job) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return;
        }
        let outcome = job(number);
        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.runs += 1;
        match outcome {
            Ok(counts) => sum.counts += counts,
            Err(why) => {
                sum.violations += 1;
                println!("{number}: {why}\n");
            }
        }
        if sum.runs.is_multiple_of(PROGRESS) {
            println!("{} done", sum.runs);
        }
    }
}
