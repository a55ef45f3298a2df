//! The parts of a verification. In comes the checkout; out goes whether the policy holds, and what the tool printed, as it
//! printed it. The tools count and judge: nothing here reads Rust or a tool's table.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::paths::Paths;
use crate::process::{cargo, echoed};
use crate::verify::{llvm, tools};

/// The package that is verified.
const PACKAGE: &str = "k8ssandra-task-policy";

/// The lowest share of lines that scenarios and properties must run, in percent.
const MIN_LINES: &str = "98";

/// Exit codes of cargo-mutants after a complete run: all noticed, some missed, some timed out.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// Each of cargo-mutants' jobs compiles the dependencies in a copy of the checkout.
const MAX_JOBS: usize = 8;

/// What came of a part.
#[derive(Debug)]
pub struct Found {
    /// Whether everything is as it must be.
    pub holds: bool,
    /// That in a few words.
    pub summary: String,
    /// What the tool printed.
    pub details: String,
}

impl Found {
    /// The part could not be run to its end.
    pub fn error(error: anyhow::Error) -> Self {
        Self {
            holds: false,
            summary: format!("{error:#}"),
            details: String::new(),
        }
    }

    /// Runs a command that prints its summary last and fails if something does not hold.
    fn by(command: &mut Command) -> anyhow::Result<Self> {
        let (status, details) = echoed(command)?;
        let last = details.lines().rfind(|line| !line.trim().is_empty());
        Ok(Self {
            holds: status.success(),
            summary: last.unwrap_or("nothing was printed").trim().to_owned(),
            details,
        })
    }
}

/// Explores every state of the model, in all configurations.
pub fn model(paths: &Paths) -> anyhow::Result<Found> {
    Found::by(&mut optimized(paths, "run", "policy-model"))
}

/// Runs the property tests with new random cases.
pub fn properties(paths: &Paths, cases: u32) -> anyhow::Result<Found> {
    let mut tests = optimized(paths, "test", PACKAGE);
    tests.args(["--test", "properties"]);
    tests.env("PROPTEST_CASES", cases.to_string());
    let mut found = Found::by(&mut tests)?;
    if found.holds {
        found.summary = format!("{cases} random cases for each");
    }
    Ok(found)
}

/// Measures which lines scenarios and properties run. Unit tests do not count: they may run a line that no task reaches.
pub fn coverage(paths: &Paths) -> anyhow::Result<Found> {
    let llvm_cov = |arguments: &[&str]| {
        let mut command = tools::LLVM_COV.command(paths)?;
        llvm::hand_over(&mut command)?;
        command.args(arguments).args(["--package", PACKAGE]);
        anyhow::Ok(command)
    };
    let totals = output_directory(paths)?.join("coverage.json");
    // The policy is measured as it is shipped, without `cfg(coverage)`.
    let mut tests = llvm_cov(&["--no-cfg-coverage", "--json", "--summary-only"])?;
    tests.args(["--test", "scenarios", "--test", "properties"]);
    tests.arg("--output-path").arg(&totals);
    // The same cases each time, so that the figure changes only with the code.
    let ran = Found::by(tests.env("PROPTEST_RNG_SEED", "1"))?;
    if !ran.holds {
        return Ok(ran);
    }
    let lines = lines_run(&read(&totals)?)?;
    let mut report = llvm_cov(&["report", "--show-missing-lines"])?;
    let found = Found::by(report.args(["--fail-under-lines", MIN_LINES]))?;
    Ok(Found {
        summary: format!("{lines}, at least {MIN_LINES} % must"),
        ..found
    })
}

/// How many lines run, from llvm-cov's JSON.
fn lines_run(totals: &str) -> anyhow::Result<String> {
    let totals: Value = serde_json::from_str(totals)?;
    let lines = &totals["data"][0]["totals"]["lines"];
    let number = |name: &str| lines[name].as_u64();
    let (covered, count) = number("covered")
        .zip(number("count"))
        .context("cargo-llvm-cov reported no lines")?;
    Ok(format!("{covered} of {count} lines run"))
}

/// Changes the code in one place at a time; some test must fail each time.
pub fn mutants(paths: &Paths) -> anyhow::Result<Found> {
    let directory = output_directory(paths)?;
    let jobs = thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = jobs.min(MAX_JOBS).to_string();
    let mut command = tools::MUTANTS.command(paths)?;
    command.args(["--package", PACKAGE, "--jobs", &jobs, "--output"]);
    command
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
    let (status, details) = echoed(&mut command)?;
    ensure!(
        status.code().is_some_and(|code| COMPLETE.contains(&code)),
        "cargo-mutants did not finish ({status}); do the tests pass without mutants?"
    );
    // The exit code cannot tell: it is the same for a timeout, which is noticed, and one beside a mutant that is not.
    let missed = read(&directory.join("mutants.out").join("missed.txt"))?;
    Ok(Found {
        holds: missed.is_empty(),
        summary: details.lines().last().unwrap_or_default().to_owned(),
        details,
    })
}

fn output_directory(paths: &Paths) -> anyhow::Result<PathBuf> {
    let directory = paths.verification();
    fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;
    Ok(directory)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

/// Cargo, told to run or test a package in the profile for what runs long.
fn optimized(paths: &Paths, verb: &str, package: &str) -> Command {
    let mut cargo = cargo(paths);
    cargo.args([verb, "--profile", "verify", "--package", package]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(script: &str) -> Found {
        Found::by(Command::new("/bin/sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn the_last_line_is_the_summary_and_the_exit_code_the_result() {
        let well = found("echo a; echo '2 states'; echo");
        assert!(well.holds);
        assert_eq!(well.summary, "2 states");
        assert_eq!(well.details, "a\n2 states\n\n");
        let violated = found("echo '1 failed'; exit 1");
        assert!(!violated.holds);
        assert_eq!(violated.summary, "1 failed");
    }

    #[test]
    fn a_tool_that_prints_nothing_or_does_not_start_is_a_failure() {
        let silent = found("exit 101");
        assert!(!silent.holds);
        assert_eq!(silent.summary, "nothing was printed");
        let error = Found::by(&mut Command::new("/nowhere/tool")).unwrap_err();
        let missing = Found::error(error.context("model"));
        assert!(!missing.holds);
        assert!(
            missing
                .summary
                .starts_with("model: `tool` could not be started")
        );
    }

    #[test]
    fn the_lines_are_those_of_the_total() {
        let totals =
            r#"{"data": [{"totals": {"lines": {"count": 100, "covered": 98, "percent": 98.0}}}]}"#;
        assert_eq!(lines_run(totals).unwrap(), "98 of 100 lines run");
        lines_run(r#"{"data": []}"#).unwrap_err();
    }
}
