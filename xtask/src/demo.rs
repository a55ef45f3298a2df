//! `cargo xtask demo`: builds what the demo needs, then becomes the demo. What there is to see is written elsewhere.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::paths::{Paths, Profile};
use crate::{apiserver, build};

/// What to show, and on what.
#[derive(Args)]
pub struct Demo {
    /// Run on real API servers (needs Go; the first time takes minutes) in place of simulated ones
    #[arg(long)]
    real: bool,
    /// Keep the clusters when it is over, to look around with kubectl; ends with Ctrl-C
    #[arg(long)]
    keep: bool,
    /// More arguments for the demo itself; `cargo xtask demo -- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Demo {
    /// Builds, and runs the demo in place of this process: a Ctrl-C is then the demo's own to clean up after. Comes
    /// back only with an error.
    pub fn run(&self, paths: &Paths) -> anyhow::Result<()> {
        build::build(paths, Profile::Debug)?;
        let mut demo = Command::new(paths.host(Profile::Debug).with_file_name("demo"));
        demo.current_dir(paths.root());
        demo.args(self.passed_on());
        build::hand_over(paths, &mut demo);
        if self.is_real() {
            apiserver::build(paths)?;
            demo.env("PILOTHOUSE_TEST_SERVER", paths.test_server());
        }
        Err(demo.exec()).context("the demo could not be started")
    }

    /// Whether real API servers are wanted, also where that was said after another argument of the demo's.
    fn is_real(&self) -> bool {
        self.real || self.arguments.iter().any(|argument| argument == "--real")
    }

    fn passed_on(&self) -> impl Iterator<Item = &str> {
        let real = self.real.then_some("--real");
        let keep = self.keep.then_some("--keep");
        real.into_iter()
            .chain(keep)
            .chain(self.arguments.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        demo: Demo,
    }

    fn parsed(arguments: &[&str]) -> Demo {
        Line::parse_from(std::iter::once("demo").chain(arguments.iter().copied())).demo
    }

    #[test]
    fn arguments_reach_the_demo() {
        for (typed, passed_on, real) in [
            (&[][..], &[][..], false),
            (&["--keep"], &["--keep"], false),
            (&["--keep", "--real"], &["--real", "--keep"], true),
            (
                &["--tasks", "5", "--real"],
                &["--tasks", "5", "--real"],
                true,
            ),
            (&["--", "--help"], &["--help"], false),
        ] {
            let demo = parsed(typed);
            assert_eq!(demo.passed_on().collect::<Vec<_>>(), passed_on, "{typed:?}");
            assert_eq!(demo.is_real(), real, "{typed:?}");
        }
    }
}
