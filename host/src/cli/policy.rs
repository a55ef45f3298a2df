//! `pilothouse policy`: what can be done with a policy without a cluster.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use pilothouse_policy_test::{Definitions, Report, Scenario, definitions, files, golden, run};

use crate::one_line;
use crate::policy::wasm::{Limits, Runtime};
use crate::scenario::Component;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play scenarios on a policy, without a cluster.
    ///
    /// A scenario is a YAML file: objects, what happens to them, and what must hold after each step. Every plan is checked
    /// as the host checks it. Where a scenario says `golden: true`, all that the policy decides is compared with the text
    /// beside it (NAME.golden).
    #[command(
        after_help = "Exit codes: 0 all passed, 1 a scenario failed, 2 wrong arguments or files. A file that cannot be read \
                      does not keep the others from being played."
    )]
    Test(Test),
}

#[derive(Debug, clap::Args)]
pub struct Test {
    /// The policy, a WebAssembly component.
    component: PathBuf,
    /// Scenarios; of a directory, all *.yaml in it and below it, except in folders `fixtures`.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// CustomResourceDefinitions that objects are held to; of a directory, all *.yaml in and below it that are
    /// such. Without its
    /// definition, a kind is taken as it is.
    #[arg(long, value_name = "PATH")]
    crds: Vec<PathBuf>,
    /// Make what is decided now the golden texts.
    #[arg(long)]
    accept: bool,
    /// Print what the policy decides, step by step.
    #[arg(long)]
    show: bool,
}

impl Command {
    /// Does what was asked for.
    pub fn execute(self) -> Result<ExitCode> {
        match self {
            Self::Test(test) => test.execute(),
        }
    }
}

impl Test {
    fn execute(self) -> Result<ExitCode> {
        let component = self.component()?;
        let definitions = definitions::read(&self.crds)?;
        let paths = all(&self.scenarios)?;
        let begun = Instant::now();
        let (mut passed, mut failed, mut unread) = (0, 0, 0);
        for path in &paths {
            match self.play(path, &component, &definitions) {
                Ok(report) => {
                    let count = if report.passed() {
                        &mut passed
                    } else {
                        &mut failed
                    };
                    *count += 1;
                    self.print(path, &report);
                }
                Err(error) => {
                    unread += 1;
                    complain(&error);
                }
            }
        }
        sum_up(passed, failed, unread, begun);
        Ok(ExitCode::from(match (failed, unread) {
            (0, 0) => 0,
            (_, 0) => 1,
            _ => 2,
        }))
    }

    /// The policy. Whether it is one at all is said before the first scenario is.
    fn component(&self) -> Result<Component> {
        let bytes = std::fs::read(&self.component)
            .with_context(|| format!("reading policy {}", self.component.display()))?;
        let component = Component::new(Runtime::new(1, Limits::default())?, bytes);
        component
            .compile()
            .with_context(|| format!("policy {} cannot be used", self.component.display()))?;
        Ok(component)
    }

    /// Plays a scenario. An error where a file cannot be read, or written.
    fn play(
        &self,
        path: &Path,
        component: &Component,
        definitions: &Definitions,
    ) -> Result<Report> {
        let scenario = Scenario::read(path)?;
        let mut report = run::in_memory(&scenario, component, definitions);
        golden::check(&scenario, &mut report, self.accept)?;
        Ok(report)
    }

    #[expect(
        clippy::print_stdout,
        reason = "the results are for whoever typed the command"
    )]
    fn print(&self, path: &Path, report: &Report) {
        let word = if report.passed() { "ok    " } else { "FAILED" };
        println!("{word} {} ({} steps)", path.display(), report.steps);
        if self.show {
            println!("{}", report.transcript.as_deref().unwrap_or_default());
        }
        print!("{report}");
    }
}

/// Says what is wrong with a file, as `main` says what is wrong with all. The other files are played all the same.
#[expect(
    clippy::print_stderr,
    reason = "the line that says what is wrong is for whoever typed the command"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("pilothouse: {}", one_line(error));
}

#[expect(
    clippy::print_stdout,
    reason = "the results are for whoever typed the command"
)]
fn sum_up(passed: usize, failed: usize, unread: usize, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let unread = match unread {
        0 => String::new(),
        count => format!(", {count} not played"),
    };
    println!("\n{passed} passed, {failed} failed{unread}");
    println!("({seconds:.1} s)");
}

/// The scenarios that paths stand for.
fn all(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        all.extend(files(path)?);
    }
    Ok(all)
}
