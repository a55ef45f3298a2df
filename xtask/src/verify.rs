//! `cargo xtask verify`: the checks of the policy that take longer than a test run may. What the tools print on standard
//! output goes there, with a table of parts and times behind it, and nothing is kept: whoever wants it later redirects it.

use std::num::NonZero;
use std::process::Command;
use std::thread;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::checkout::Checkout;
use crate::install;
use crate::report::Report;

/// The package that is verified.
const PACKAGE: &str = "k8ssandra-task-policy";

/// The lowest share of lines that scenarios and properties must run, in percent.
const MIN_LINES: &str = "98";

/// Each of cargo-mutants' jobs compiles the dependencies in a copy of the checkout.
const MAX_JOBS: usize = 8;

/// Which parts to run, and how.
#[derive(Args)]
pub struct Verify {
    /// Run this part only (may be repeated)
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Random cases for each property
    #[arg(long, value_name = "NUMBER", default_value_t = 20_000)]
    cases: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Model checking: every reachable state of small clusters
    Model,
    /// Property tests with many random cases
    Properties,
    /// The lines that scenarios and properties run
    Coverage,
    /// Mutation testing: changes of the code that no test notices
    Mutants,
}

impl Verify {
    /// Runs the parts one after the other. A part that fails does not keep the others from running.
    pub fn run(&self, checkout: &Checkout) -> anyhow::Result<()> {
        let mut report = Report::default();
        let mut holds = true;
        for part in Part::value_variants() {
            if !self.only.is_empty() && !self.only.contains(part) {
                continue;
            }
            let name = format!("{part:?}").to_lowercase();
            let result = report.part(&name, || match part {
                Part::Model => model(checkout),
                Part::Properties => properties(checkout, self.cases),
                Part::Coverage => coverage(checkout),
                Part::Mutants => mutants(checkout),
            });
            if let Err(error) = result {
                eprintln!("{error:#}");
                holds = false;
            }
        }
        println!("\n{report}");
        ensure!(holds, "not verified; the table says what failed");
        Ok(())
    }
}

/// Explores every state of the model, in all configurations.
fn model(checkout: &Checkout) -> anyhow::Result<()> {
    let run = "run --profile verify --package policy-model";
    Ok(checkout.cargo().args(run.split(' ')).run()?)
}

/// Runs the property tests with new random cases.
fn properties(checkout: &Checkout, cases: u32) -> anyhow::Result<()> {
    let test = "test --profile verify --test properties --package";
    let cargo = checkout.cargo().args(test.split(' ')).arg(PACKAGE);
    Ok(cargo.env("PROPTEST_CASES", cases.to_string()).run()?)
}

/// Measures which lines scenarios and properties run. Unit tests do not count: they may run a line that no task reaches.
fn coverage(checkout: &Checkout) -> anyhow::Result<()> {
    install::tool(checkout, "cargo-llvm-cov", "0.9.1")?;
    install::llvm_tools(&checkout.sh)?;
    // The policy is measured as it is shipped, without `cfg(coverage)`.
    let arguments =
        "llvm-cov --no-cfg-coverage --test scenarios --test properties --show-missing-lines";
    let cargo = checkout.cargo().args(arguments.split(' '));
    let cargo = cargo.args(["--fail-under-lines", MIN_LINES, "--package", PACKAGE]);
    // The same cases each time, so that the figure changes only with the code.
    Ok(cargo.env("PROPTEST_RNG_SEED", "1").run()?)
}

/// Changes the code in one place at a time; some test must fail each time.
fn mutants(checkout: &Checkout) -> anyhow::Result<()> {
    install::tool(checkout, "cargo-mutants", "27.1.0")?;
    let directory = checkout.target("verify");
    checkout.sh.create_dir(&directory)?;
    let jobs = thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = jobs.min(MAX_JOBS).to_string();
    let cargo =
        checkout
            .cargo()
            .args(["mutants", "--package", PACKAGE, "--jobs", &jobs, "--output"]);
    let run = cargo
        .arg(&directory)
        // Jobs that share a target directory would wait for each other, and each would undo the other's work.
        .env_remove("CARGO_TARGET_DIR")
        // With it, what a mutant does would become the golden text.
        .env_remove("PILOTHOUSE_ACCEPT")
        // Few cases, the same each time, not shrunk: it only matters that a test fails.
        .env("PROPTEST_CASES", "32")
        .env("PROPTEST_RNG_SEED", "1")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
    let status = Command::from(run).status()?;
    ensure!(
        // All noticed, some missed, some timed out.
        matches!(status.code(), Some(0 | 2 | 3)),
        "cargo-mutants did not finish ({status}); do the tests pass without mutants?"
    );
    // The exit code cannot tell: it is the same for a timeout, which is noticed, and one beside a mutant that is not.
    let missed = checkout
        .sh
        .read_file(directory.join("mutants.out/missed.txt"))?;
    ensure!(missed.is_empty(), "no test notices\n{missed}");
    Ok(())
}
