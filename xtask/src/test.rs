//! `cargo xtask test`: every check and test in one go, the cheap ones first. In comes what may be left out, out go the
//! tools' own output, unchanged, and a table of steps and times. What is tested is written elsewhere.
//!
//! One step runs at a time: cargo and go each use every core there is.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};

use crate::paths::{Paths, Profile};
use crate::process::{cargo, run as run_command, shown};
use crate::report::{Outcome, Report};
use crate::{apiserver, build};

/// How many random worlds each property looks at: more than while one works on the policy (`.cargo/config.toml`), and far
/// fewer than `cargo xtask verify` does.
const CASES: &str = "256";

/// What becomes of the tests on real API servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Real {
    /// They run on servers that are built here.
    Built,
    /// They run on the servers that KUBEBUILDER_ASSETS points to.
    Given,
    /// They are left out.
    Skipped(&'static str),
}

/// One thing to do.
struct Step<'a> {
    name: &'static str,
    /// What to type to do only this.
    alone: String,
    run: Box<dyn FnOnce() -> anyhow::Result<()> + 'a>,
}

/// Runs all steps up to the first that fails.
pub fn run(paths: &Paths, skip_real: bool) -> anyhow::Result<()> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let given = is_set("KUBEBUILDER_ASSETS");
    let real = real(skip_real, given, given || apiserver::go_is_installed());
    let ci = env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    may_be_left_out(real, ci)?;
    if let Real::Skipped(reason) = real {
        eprintln!("real API server tests skipped: {reason}");
    }
    carry_out(steps(paths, real), real)
}

fn real(skip_real: bool, given: bool, possible: bool) -> Real {
    if skip_real {
        Real::Skipped("--skip-real")
    } else if given {
        Real::Given
    } else if possible {
        Real::Built
    } else {
        Real::Skipped("`go` was not found, and KUBEBUILDER_ASSETS is not set")
    }
}

/// Said before anything else is done: a run that cannot count need not take minutes.
fn may_be_left_out(real: Real, ci: bool) -> anyhow::Result<()> {
    match real {
        Real::Skipped(reason) if ci => {
            bail!("with CI=true, the real API server tests may not be skipped: {reason}")
        }
        _ => Ok(()),
    }
}

fn steps(paths: &Paths, real: Real) -> Vec<Step<'_>> {
    let mut steps = vec![
        cargo_step("format", paths, &["fmt", "--all", "--check"]),
        Step {
            name: "build",
            alone: "cargo xtask build".to_owned(),
            run: Box::new(|| build::build(paths, Profile::Debug)),
        },
        cargo_step(
            "lints",
            paths,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ),
    ];
    if real == Real::Built {
        steps.push(Step {
            name: "real API server",
            alone: "cargo xtask apiserver".to_owned(),
            run: Box::new(|| apiserver::build(paths)),
        });
    }
    let mut tests = cargo(paths);
    tests.args(["test", "--workspace"]);
    tests.env("PROPTEST_CASES", CASES);
    build::hand_over(paths, &mut tests);
    hand_over_servers(paths, real, &mut tests);
    steps.push(command_step("tests", tests));
    steps
}

fn cargo_step(name: &'static str, paths: &Paths, arguments: &[&str]) -> Step<'static> {
    let mut command = cargo(paths);
    command.args(arguments);
    command_step(name, command)
}

fn command_step(name: &'static str, mut command: Command) -> Step<'static> {
    Step {
        name,
        alone: typed(&command),
        run: Box::new(move || run_command(&mut command)),
    }
}

/// Tells the tests whether to run on real API servers, and where these are.
fn hand_over_servers(paths: &Paths, real: Real, tests: &mut Command) {
    let wanted = !matches!(real, Real::Skipped(_));
    tests.env("PILOTHOUSE_REAL", if wanted { "1" } else { "0" });
    if real == Real::Built {
        tests.env("PILOTHOUSE_TEST_SERVER", paths.test_server());
    }
}

/// A command with the variables that we gave it: what a person types to run it alone.
fn typed(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let name = name
            .to_str()
            .filter(|name| name.starts_with("PILOTHOUSE_") || name.starts_with("PROPTEST_"))?;
        Some(format!("{name}={} ", value?.to_string_lossy()))
    });
    variables.chain([shown(command)]).collect()
}

fn carry_out(steps: Vec<Step<'_>>, real: Real) -> anyhow::Result<()> {
    let mut report = Report::default();
    let mut failure = None;
    let count = steps.len();
    for (index, step) in steps.into_iter().enumerate() {
        eprintln!(
            "\n== {} ({} of {count}): {}",
            step.name,
            index + 1,
            step.alone
        );
        let begun = Instant::now();
        let result = (step.run)();
        let outcome = if result.is_ok() {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        report.note(step.name, outcome, begun.elapsed());
        if let Err(error) = result {
            failure = Some(anyhow!(
                "step `{}` failed: {error:#}\nto run it alone: {}",
                step.name,
                step.alone
            ));
            break;
        }
    }
    if matches!(real, Real::Skipped(_)) {
        report.note("real API server", Outcome::Skipped, Duration::ZERO);
    }
    eprintln!("\n{report}\n");
    failure.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;

    use super::*;

    #[test]
    fn real_servers_are_used_where_they_can_be() {
        for (skip, given, go, expected) in [
            (false, false, true, Some(Real::Built)),
            (false, true, true, Some(Real::Given)),
            (false, false, false, None),
            (true, true, true, None),
        ] {
            let found = real(skip, given, go);
            match expected {
                Some(expected) => assert_eq!(found, expected),
                None => assert!(matches!(found, Real::Skipped(_)), "{found:?}"),
            }
        }
    }

    #[test]
    fn a_skipped_part_fails_a_run_that_must_be_whole() {
        let skipped = Real::Skipped("no go");
        may_be_left_out(skipped, false).unwrap();
        may_be_left_out(Real::Built, true).unwrap();
        let error = may_be_left_out(skipped, true).unwrap_err().to_string();
        assert!(error.ends_with("may not be skipped: no go"), "{error}");
    }

    #[test]
    fn the_servers_are_built_only_where_they_are_used() {
        let paths = Paths::below(Path::new("/checkout"));
        let names = |real| {
            steps(&paths, real)
                .into_iter()
                .map(|step| step.name)
                .collect::<Vec<_>>()
        };
        let all = ["format", "build", "lints", "real API server", "tests"];
        assert_eq!(names(Real::Built), all);
        let others = ["format", "build", "lints", "tests"];
        assert_eq!(names(Real::Given), others);
        assert_eq!(names(Real::Skipped("no go")), others);
    }

    #[test]
    fn the_tests_are_told_what_to_run_on() {
        let paths = Paths::below(Path::new("/checkout"));
        let alone = |real| steps(&paths, real).pop().unwrap().alone;
        let built = alone(Real::Built);
        for part in [
            "PROPTEST_CASES=256 ",
            "PILOTHOUSE_BIN=/checkout/target/debug/pilothouse ",
            "PILOTHOUSE_POLICY=/checkout/target/policies/k8ssandra-task.wasm ",
            "PILOTHOUSE_REAL=1 ",
            "PILOTHOUSE_TEST_SERVER=/checkout/target/kube-test-server ",
            " cargo test --workspace",
        ] {
            assert!(built.contains(part), "{part} in {built}");
        }
        assert!(alone(Real::Skipped("no go")).contains("PILOTHOUSE_REAL=0 "));
    }

    #[test]
    fn the_first_failure_is_the_end_and_is_named() {
        let later = Cell::new(false);
        let steps = vec![
            Step {
                name: "lints",
                alone: "cargo clippy".to_owned(),
                run: Box::new(|| bail!("two warnings")),
            },
            Step {
                name: "tests",
                alone: "cargo test".to_owned(),
                run: Box::new(|| {
                    later.set(true);
                    Ok(())
                }),
            },
        ];
        let error = carry_out(steps, Real::Given).unwrap_err().to_string();
        let expected = "step `lints` failed: two warnings\nto run it alone: cargo clippy";
        assert_eq!(error, expected);
        assert!(!later.get());
    }
}
