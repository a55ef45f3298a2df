//! `cargo xtask test`: every check and test in one go, the cheap ones first. In comes what may be left out, out go the
//! tools' own output, unchanged, and a table of parts and times. What is tested is written elsewhere.
//!
//! One part runs at a time: cargo and go each use every core there is.

use std::time::Duration;

use anyhow::bail;
use xshell::Shell;

use crate::checkout::{Checkout, Profile};
use crate::report::Report;
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

/// Runs all parts up to the first that fails.
pub fn run(checkout: &Checkout, skip_real: bool) -> anyhow::Result<()> {
    let real = real(&checkout.sh, skip_real)?;
    let mut report = Report::default();
    let result = parts(checkout, real, &mut report);
    eprintln!("\n{report}");
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
    report.part("build", || build::build(checkout, Profile::Debug))?;
    let lints = "clippy --workspace --all-targets -- -D warnings";
    report.part("lints", || Ok(cargo(lints).run()?))?;
    match real {
        Real::Built => report.part("real API server", || apiserver::build(checkout))?,
        Real::Given => {}
        Real::Skipped(_) => report.note("real API server", "skipped", Duration::ZERO),
    }
    let wanted = !matches!(real, Real::Skipped(_));
    let mut tests = build::with_built(checkout, cargo("test --workspace"))
        .env("PROPTEST_CASES", CASES)
        .env("PILOTHOUSE_REAL", if wanted { "1" } else { "0" });
    if real == Real::Built {
        tests = tests.env("PILOTHOUSE_TEST_SERVER", checkout.test_server());
    }
    report.part("tests", || Ok(tests.run()?))
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
}
