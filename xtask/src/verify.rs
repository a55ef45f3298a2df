//! `cargo xtask verify`: what takes longer than a test run may. In comes which parts; out go a JSON file for each in
//! docs/verification, and docs/verification.md, the page that is made of them. What a part does is in the file it is
//! named by; nothing here knows the tools.

mod coverage;
mod exclusions;
mod llvm;
mod model;
mod mutants;
mod page;
mod properties;
mod results;
mod stamp;
mod test_code;
mod tools;
mod words;

use std::process::Command;
use std::time::Instant;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::paths::Paths;
use crate::process::cargo;
use crate::report::{Outcome, Report};
use crate::verify::coverage::Coverage;
use crate::verify::model::Model;
use crate::verify::mutants::Mutants;
use crate::verify::properties::Properties;
use crate::verify::results::{Measured, Record};
use crate::verify::stamp::Stamp;

/// The package that is verified.
const PACKAGE: &str = "k8ssandra-task-policy";
/// Cargo's profile for what runs long: fast to run, and fast to build.
const PROFILE: &str = "verify";

/// Which parts to run, and how.
#[derive(Args)]
pub struct Verify {
    /// Run this part only (may be given again); what the others found stays as it was
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Run nothing; only make the page anew from the results that are there, after a merge for example
    #[arg(long, conflicts_with = "only")]
    page: bool,
    #[command(flatten)]
    effort: Effort,
}

/// How hard to look.
#[derive(Args, Clone, Copy)]
pub struct Effort {
    /// Random worlds for each property
    #[arg(long, value_name = "NUMBER", default_value_t = 20_000)]
    cases: u32,
    /// Of the mutants, only those that no test has noticed yet, or whose place in the code is another than the last time.
    /// What became of the others is taken from the last run here: for after a test was added
    #[arg(long)]
    again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Every state that a model of the world can get into
    Model,
    /// Random worlds, many of them
    Properties,
    /// Which lines scenarios and properties run
    Coverage,
    /// Which changes of the code no test notices
    Mutants,
}

impl Part {
    /// Measures, and keeps what came of it.
    fn carry_out(self, paths: &Paths, stamp: &Stamp, effort: Effort) -> anyhow::Result<()> {
        match self {
            Self::Model => measure::<Model>(paths, stamp, effort),
            Self::Properties => measure::<Properties>(paths, stamp, effort),
            Self::Coverage => measure::<Coverage>(paths, stamp, effort),
            Self::Mutants => measure::<Mutants>(paths, stamp, effort),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Model => Model::NAME,
            Self::Properties => Properties::NAME,
            Self::Coverage => Coverage::NAME,
            Self::Mutants => Mutants::NAME,
        }
    }

    fn takes(self) -> &'static str {
        match self {
            Self::Model => Model::TAKES,
            Self::Properties => Properties::TAKES,
            Self::Coverage => Coverage::TAKES,
            Self::Mutants => Mutants::TAKES,
        }
    }
}

impl Verify {
    /// Runs the parts one after the other, also after one that failed: what one of them finds says nothing about the
    /// others.
    pub fn run(&self, paths: &Paths) -> anyhow::Result<()> {
        if self.page {
            return page::write(paths);
        }
        let stamp = Stamp::of(paths)?;
        let parts = self.parts();
        let mut report = Report::default();
        let mut failures = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let (number, count) = (index + 1, parts.len());
            eprintln!(
                "\n== {} ({number} of {count}): {}",
                part.name(),
                part.takes()
            );
            let begun = Instant::now();
            let outcome = match part.carry_out(paths, &stamp, self.effort) {
                Ok(()) => Outcome::Passed,
                Err(error) => {
                    let name = part.name();
                    eprintln!("{name}: {error:#}");
                    failures.push(format!(
                        "{name}: {error:#}\n  to run it alone: cargo xtask verify --only {name}"
                    ));
                    Outcome::Failed
                }
            };
            report.note(part.name(), outcome, begun.elapsed());
        }
        page::write(paths)?;
        eprintln!("\n{report}\n\n{}", paths.page().display());
        if !failures.is_empty() {
            bail!("not verified\n{}", failures.join("\n"));
        }
        Ok(())
    }

    fn parts(&self) -> Vec<Part> {
        let is_wanted = |part: &Part| self.only.is_empty() || self.only.contains(part);
        Part::value_variants()
            .iter()
            .copied()
            .filter(is_wanted)
            .collect()
    }
}

/// What was measured is kept also where it is not good enough: the page says how things are.
fn measure<T: Measured>(paths: &Paths, stamp: &Stamp, effort: Effort) -> anyhow::Result<()> {
    let begun = Instant::now();
    let result = T::measure(paths, effort)?;
    let record = Record {
        stamp: stamp.clone(),
        seconds: begun.elapsed().as_secs(),
        result,
    };
    record.keep(paths)?;
    record.result.judge()
}

/// Cargo, told to run or test a package that runs long.
fn optimized(paths: &Paths, verb: &str, package: &str) -> Command {
    let mut cargo = cargo(paths);
    cargo.args([verb, "--profile", PROFILE, "--package", package]);
    cargo
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        verify: Verify,
    }

    #[test]
    fn all_parts_run_in_their_order_unless_some_are_named() {
        use Part::*;
        for (typed, expected) in [
            (&[][..], &[Model, Properties, Coverage, Mutants][..]),
            (&["--only", "coverage"], &[Coverage]),
            (&["--only", "mutants", "--only", "model"], &[Model, Mutants]),
        ] {
            let line = Line::parse_from(std::iter::once("verify").chain(typed.iter().copied()));
            assert_eq!(line.verify.parts(), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_part_is_asked_for_by_the_name_it_is_reported_by() {
        for part in Part::value_variants() {
            let asked = part.to_possible_value().unwrap();
            assert_eq!(asked.get_name(), part.name());
        }
    }
}
