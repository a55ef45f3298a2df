//! `pilothouse policy`: what can be done with a policy without a cluster.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use pilothouse_scenario::{Report, Scenario, files, golden, run};

use crate::policy::wasm::{Limits, Runtime};
use crate::scenario::Component;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play scenarios on a policy, without a cluster.
    ///
    /// A scenario is a YAML file: objects, what happens to them, and what must hold after each step. Every plan is checked
    /// as the host checks it. Where a golden text lies beside a scenario (NAME.golden), what the policy decides is compared
    /// with it.
    #[command(
        after_help = "Exit codes: 0 all passed, 1 a scenario failed, 2 wrong arguments or files."
    )]
    Test(Test),
}

#[derive(Debug, clap::Args)]
pub struct Test {
    /// The policy, a WebAssembly component.
    component: PathBuf,
    /// Scenarios; of a directory, all *.yaml in it.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
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

#[expect(
    clippy::print_stdout,
    reason = "the results are for whoever typed the command"
)]
impl Test {
    fn execute(self) -> Result<ExitCode> {
        let bytes = std::fs::read(&self.component)
            .with_context(|| format!("reading policy {}", self.component.display()))?;
        let component = Component::new(Runtime::new(1, Limits::default())?, bytes);
        // Whether it is a policy at all is said before the first scenario is.
        component
            .compile()
            .with_context(|| format!("policy {} cannot be used", self.component.display()))?;
        let paths = all(&self.scenarios)?;
        let scenarios: Vec<Scenario> = paths
            .iter()
            .map(|path| Scenario::read(path))
            .collect::<Result<_>>()?;
        let begun = Instant::now();
        let mut failed = 0;
        for scenario in &scenarios {
            let report = self.play(scenario, &component)?;
            failed += usize::from(!report.passed());
            let word = if report.passed() { "ok    " } else { "FAILED" };
            println!(
                "{word} {} ({} steps)",
                scenario.path.display(),
                report.steps
            );
            if self.show {
                println!("{}", report.transcript.as_deref().unwrap_or_default());
            }
            print!("{report}");
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!("\n{} passed, {failed} failed", scenarios.len() - failed);
        println!("({seconds:.1} s)");
        Ok(ExitCode::from(u8::from(failed > 0)))
    }

    fn play(&self, scenario: &Scenario, component: &Component) -> Result<Report> {
        let mut report = run::in_memory(scenario, component);
        let transcript = report.transcript.as_deref().unwrap_or_default();
        if self.accept && report.passed() {
            golden::accept(&scenario.path, transcript)?;
        }
        let difference = golden::difference(&scenario.path, transcript)?;
        report.failures.extend(
            difference.map(|diff| format!("it decides otherwise than the golden text\n{diff}")),
        );
        Ok(report)
    }
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
