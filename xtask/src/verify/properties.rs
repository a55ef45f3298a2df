//! The properties part: what must hold whatever happens, in many more random worlds than the tests look at. In come the
//! tests of guest/tests/properties.rs, out goes how long each took. Each run looks at other worlds. Proptest is told how
//! many by a variable, which a property that sets its own number of cases would not hear.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::paths::Paths;
use crate::process::{output, run};
use crate::verify::results::Measured;
use crate::verify::{Effort, PACKAGE, optimized};

/// What was looked at.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// How many random worlds for each.
    pub cases: u32,
    /// Each, in the order of their names.
    pub properties: Vec<Property>,
}

/// A property that held.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// The name of its test.
    pub name: String,
    /// How long it took.
    pub seconds: u64,
}

impl Measured for Properties {
    const NAME: &'static str = "properties";
    const TAKES: &'static str = "some 5 minutes on two cores; --cases changes it";

    fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Self> {
        let listed = output(tests(paths).args(["--", "--list", "--format", "terse"]))
            .context("guest/tests/properties.rs did not compile")?;
        let names = names(&listed);
        ensure!(!names.is_empty(), "guest/tests/properties.rs has no test");
        let mut properties = Vec::new();
        // One by one: together, none of the times would be its own.
        for name in names {
            eprintln!("{name}: {} random worlds", effort.cases);
            let begun = Instant::now();
            let mut test = tests(paths);
            test.env("PROPTEST_CASES", effort.cases.to_string());
            run(test.args(["--quiet", "--", "--exact", name])).with_context(|| {
                format!(
                    "{name} does not hold; guest/tests/ has the world in its proptest-regressions"
                )
            })?;
            properties.push(Property {
                name: name.to_owned(),
                seconds: begun.elapsed().as_secs(),
            });
        }
        Ok(Self {
            cases: effort.cases,
            properties,
        })
    }
}

fn tests(paths: &Paths) -> Command {
    let mut tests = optimized(paths, "test", PACKAGE);
    tests.args(["--test", "properties"]);
    tests
}

/// The tests in the answer to `--list --format terse`, which names one a line.
fn names(listed: &str) -> Vec<&str> {
    let mut names: Vec<_> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_listed_and_benchmarks_are_not() {
        let listed = "rest_is_rest: test\nforbid_never_has_two: test\nspeed: bench\n";
        assert_eq!(names(listed), ["forbid_never_has_two", "rest_is_rest"]);
        assert_eq!(names(""), [""; 0]);
    }
}
