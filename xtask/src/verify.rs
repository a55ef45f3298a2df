//! `cargo xtask verify`: the checks of the policy that take longer than a test run may. In come the parts to run; out go a
//! report on standard output, a line a part with what its tools print below, and everything else on standard error.
//! Nothing is kept: whoever wants the report later redirects it to a file.

mod llvm;
mod parts;
mod tools;

use std::time::Instant;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::paths::Paths;
use crate::report::{Outcome, Report};
use crate::verify::parts::Found;

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

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Properties => "properties",
            Self::Coverage => "coverage",
            Self::Mutants => "mutants",
        }
    }

    fn run(self, paths: &Paths, cases: u32) -> anyhow::Result<Found> {
        match self {
            Self::Model => parts::model(paths),
            Self::Properties => parts::properties(paths, cases),
            Self::Coverage => parts::coverage(paths),
            Self::Mutants => parts::mutants(paths),
        }
    }
}

impl Verify {
    /// Runs the parts one after the other. A part that fails does not keep the others from running.
    pub fn run(&self, paths: &Paths) -> anyhow::Result<()> {
        let mut report = Report::default();
        let mut details = String::new();
        for part in self.parts() {
            let name = part.name();
            eprintln!("\n== {name}");
            let started = Instant::now();
            let found = part.run(paths, self.cases).unwrap_or_else(Found::error);
            let outcome = if found.holds {
                Outcome::Passed
            } else {
                Outcome::Failed
            };
            report.explain(name, outcome, started.elapsed(), found.summary);
            details += &format!("\n\n== {name}\n\n{}", found.details.trim());
        }
        println!("{report}{details}");
        ensure!(
            report.is_well(),
            "not verified; the report says what failed"
        );
        Ok(())
    }

    fn parts(&self) -> Vec<Part> {
        let is_wanted = |part: &Part| self.only.is_empty() || self.only.contains(part);
        let all = Part::value_variants().iter().copied();
        all.filter(is_wanted).collect()
    }
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
    fn all_parts_run_in_order_unless_some_are_named() {
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
    fn a_part_is_reported_by_the_name_that_selects_it() {
        for part in Part::value_variants() {
            let value = part.to_possible_value().unwrap();
            assert_eq!(value.get_name(), part.name());
        }
    }
}
