//! When, of what and on what something was measured: in come git, the clock and the machine, out goes a few words each.

use std::num::NonZero;
use std::process::Command;
use std::thread;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::paths::Paths;
use crate::process::output;

/// What a reader must know of a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The day, UTC.
    pub date: String,
    /// The commit, and whether there was more in the checkout.
    pub commit: String,
    /// How many cores the machine has.
    pub cores: usize,
    /// The compiler.
    pub rustc: String,
}

impl Stamp {
    /// The stamp of what is measured now in this checkout.
    pub fn of(paths: &Paths) -> anyhow::Result<Self> {
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            output(git.arg("-C").arg(paths.root()).args(arguments))
        };
        // What a verification writes itself is no change of what it measures.
        let changes = git(&[
            "status",
            "--porcelain",
            "--",
            ".",
            ":(exclude)docs/verification*",
        ])?;
        let commit = git(&["rev-parse", "--short=10", "HEAD"])
            .context("a verification is of a commit, so it needs git")?;
        Ok(Self {
            date: output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?,
            commit: described(commit, !changes.is_empty()),
            cores: cores(),
            rustc: output(Command::new("rustc").arg("--version"))?,
        })
    }

    /// The machine, for people.
    pub fn machine(&self) -> String {
        let version = self.rustc.split(' ').nth(1).unwrap_or(&self.rustc);
        format!("{} cores, Rust {version}", self.cores)
    }
}

/// How many cores there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn described(commit: String, is_changed: bool) -> String {
    if is_changed {
        format!("{commit} with changes")
    } else {
        commit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_is_told() {
        assert_eq!(described("0a8a8ea".into(), false), "0a8a8ea");
        assert_eq!(described("0a8a8ea".into(), true), "0a8a8ea with changes");
    }

    #[test]
    fn the_machine_is_told_in_a_few_words() {
        let stamp = Stamp {
            date: "2026-11-24".into(),
            commit: "0a8a8ea".into(),
            cores: 2,
            rustc: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
        };
        assert_eq!(stamp.machine(), "2 cores, Rust 1.95.0");
    }
}
