//! The mutants part: small changes of the policy's code, one at a time, of each of which some test must notice. In comes
//! what cargo-mutants writes of its run, out go the numbers, the changes that nobody noticed, and those that need not be
//! noticed, with the reasons.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::paths::Paths;
use crate::process::{output, run_to_code};
use crate::verify::exclusions::{self, Exclusion};
use crate::verify::results::Measured;
use crate::verify::{Effort, PACKAGE, stamp, tools};

/// Exit codes of cargo-mutants that tell of a run to its end: all caught, some missed, some timed out.
const TO_THE_END: [i32; 3] = [0, 2, 3];

/// Random worlds for each property: enough to notice, few enough to do so hundreds of times.
const CASES: &str = "32";

/// The most copies of the checkout that are tested at once: each compiles the dependencies for itself.
const MOST_JOBS: usize = 8;

/// What came of the changes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutants {
    /// How many a test noticed.
    pub caught: usize,
    /// How many would not compile.
    pub unviable: usize,
    /// How many of all were not tried in this run, but in one before.
    #[serde(default)]
    pub known: usize,
    /// Those that made a test run for ever, which is noticed too.
    pub timeouts: Vec<String>,
    /// Those that nobody noticed.
    pub missed: Vec<String>,
    /// Those that need not be noticed.
    pub explained: Vec<Explained>,
}

/// Changes that no test can notice, or need to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Why.
    pub reason: String,
    /// The changes.
    pub mutants: Vec<String>,
}

impl Measured for Mutants {
    const NAME: &'static str = "mutants";
    const TAKES: &'static str =
        "some 20 minutes on two idle cores; cargo-mutants is installed where it is missing";

    fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Self> {
        let explained = explained(paths)?;
        let directory = paths.verification();
        fs::create_dir_all(&directory)
            .with_context(|| format!("{} could not be made", directory.display()))?;
        // The tool's own file has the last run alone, and that may have gone on from another one.
        let file = directory.join("mutants.json");
        let before = if effort.again {
            remembered(&file).context("there is no last run here to go on from")?
        } else {
            Outcomes::new()
        };
        try_out(paths, &directory, effort)?;
        let now = outcomes(&directory.join("mutants.out").join("outcomes.json"))?;
        let known = if effort.again {
            still_known(&now, &before, &listed(paths, &[])?)
        } else {
            Outcomes::new()
        };
        let count = known.len();
        let all = known.into_iter().chain(now).collect();
        remember(&file, &all)?;
        Ok(Self {
            explained,
            known: count,
            ..tally(&all)
        })
    }

    fn judge(&self) -> anyhow::Result<()> {
        ensure!(
            self.missed.is_empty(),
            "no test notices these; write one, or say in {} why none is needed:\n  {}",
            exclusions::FILE,
            self.missed.join("\n  ")
        );
        Ok(())
    }
}

/// What became of each mutant, in the tool's words, by the mutant's name, which has its place in the code in it.
type Outcomes = BTreeMap<String, String>;

/// Runs cargo-mutants to the end.
fn try_out(paths: &Paths, directory: &Path, effort: Effort) -> anyhow::Result<()> {
    let mut command = tools::MUTANTS.command(paths)?;
    let jobs = stamp::cores().clamp(1, MOST_JOBS).to_string();
    command.args(["--package", PACKAGE, "--jobs", &jobs, "--output"]);
    command.arg(directory);
    if effort.again {
        command.arg("--iterate");
    }
    command
        // Copies that share a target directory would wait for each other, and each would undo the other's work.
        .env_remove("CARGO_TARGET_DIR")
        // With it, what a mutant does would become the golden text.
        .env_remove("PILOTHOUSE_ACCEPT")
        .env("PROPTEST_CASES", CASES)
        // The same worlds each time, and no time spent on small ones: that a test fails is all that counts.
        .env("PROPTEST_RNG_SEED", "1")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
    run_to_code(&mut command, &TO_THE_END)
        .context("the mutants were not all tried; without any change, do the tests pass?")
        .map(drop)
}

/// What became of all mutants so far.
fn remembered(file: &Path) -> anyhow::Result<Outcomes> {
    let text = fs::read(file).with_context(|| format!("{} is not readable", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not ours", file.display()))
}

fn remember(file: &Path, outcomes: &Outcomes) -> anyhow::Result<()> {
    fs::write(file, serde_json::to_vec(outcomes)?)
        .with_context(|| format!("{} could not be written", file.display()))
}

/// Reads the file that cargo-mutants writes.
fn outcomes(file: &Path) -> anyhow::Result<Outcomes> {
    let text = fs::read(file).with_context(|| format!("{} is not readable", file.display()))?;
    let written: Written = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not what cargo-mutants writes", file.display()))?;
    Ok(written.by_name())
}

#[derive(Deserialize)]
struct Written {
    outcomes: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    /// A mutant, or the run without any.
    scenario: Value,
    summary: String,
}

impl Written {
    fn by_name(self) -> Outcomes {
        let named = self.outcomes.into_iter().filter_map(|outcome| {
            let name = outcome.scenario["Mutant"]["name"].as_str()?;
            Some((name.to_owned(), outcome.summary))
        });
        named.collect()
    }
}

/// What is known from before of the mutants that there are and that were not tried now.
fn still_known(now: &Outcomes, before: &Outcomes, all: &str) -> Outcomes {
    let untried = all.lines().filter(|name| !now.contains_key(*name));
    untried
        .map(|name| {
            // One that was never tried counts as missed.
            let outcome = before.get(name).cloned().unwrap_or_default();
            (name.to_owned(), outcome)
        })
        .collect()
}

fn tally(outcomes: &Outcomes) -> Mutants {
    let mut mutants = Mutants::default();
    for (name, outcome) in outcomes {
        match outcome.as_str() {
            "CaughtMutant" => mutants.caught += 1,
            "Unviable" => mutants.unviable += 1,
            "Timeout" => mutants.timeouts.push(name.clone()),
            // An outcome that this version of the tool does not have would have to be looked at.
            _ => mutants.missed.push(name.clone()),
        }
    }
    mutants
}

/// The mutants that there are, a line each.
fn listed(paths: &Paths, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = tools::MUTANTS.command(paths)?;
    command
        .args(["--list", "--package", PACKAGE])
        .args(arguments);
    output(&mut command)
}

/// The excluded mutants by the reasons why they are. An exclusion that excludes nothing is out of date.
fn explained(paths: &Paths) -> anyhow::Result<Vec<Explained>> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Exclusion { pattern, reason } in exclusions::read(paths)? {
        let listed = listed(
            paths,
            &["--no-config", "--line-col=false", "--re", &pattern],
        )?;
        ensure!(
            !listed.is_empty(),
            "{} excludes {pattern:?}, and there is no such mutant any more",
            exclusions::FILE
        );
        let mutants = by_reason.entry(reason).or_default();
        mutants.extend(listed.lines().map(str::to_owned));
    }
    let explained = by_reason
        .into_iter()
        .map(|(reason, mutants)| Explained { reason, mutants });
    Ok(explained.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(summaries: &[&str]) -> Outcomes {
        let mut all = vec![json!({"scenario": "Baseline", "summary": "Success"})];
        all.extend((1..).zip(summaries).map(|(number, summary)| {
            json!({"scenario": {"Mutant": {"name": format!("m{number}"), "genre": "FnValue"}}, "summary": summary})
        }));
        let written: Written =
            serde_json::from_value(json!({"outcomes": all, "total_mutants": summaries.len()}))
                .unwrap();
        written.by_name()
    }

    #[test]
    fn each_outcome_is_counted_and_the_run_without_a_mutant_is_not() {
        let summaries = [
            "CaughtMutant",
            "MissedMutant",
            "Unviable",
            "CaughtMutant",
            "Timeout",
            "Failure",
        ];
        let expected = Mutants {
            caught: 2,
            unviable: 1,
            known: 0,
            timeouts: vec!["m5".into()],
            missed: vec!["m2".into(), "m6".into()],
            explained: vec![],
        };
        assert_eq!(tally(&written(&summaries)), expected);
    }

    #[test]
    fn what_is_remembered_is_all_that_went_before() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mutants.json");
        assert!(remembered(&file).is_err());
        let all = written(&["CaughtMutant", "Unviable"]);
        remember(&file, &all).unwrap();
        assert_eq!(remembered(&file).unwrap(), all);
    }

    #[test]
    fn what_was_not_tried_again_is_as_before_and_what_is_gone_does_not_count() {
        let before = written(&["CaughtMutant", "MissedMutant", "Unviable", "CaughtMutant"]);
        let now = Outcomes::from([("m2".to_owned(), "CaughtMutant".to_owned())]);
        let known = still_known(&now, &before, "m1\nm2\nm3\nm9");
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        assert_eq!(names, ["m1", "m3", "m9"]);
        let all = tally(&known.into_iter().chain(now).collect());
        assert_eq!(
            (all.caught, all.unviable, all.missed),
            (2, 1, vec!["m9".to_owned()])
        );
    }

    #[test]
    fn what_nobody_noticed_is_named() {
        tally(&written(&["CaughtMutant", "Timeout"]))
            .judge()
            .unwrap();
        let error = tally(&written(&["MissedMutant"])).judge().unwrap_err();
        assert!(error.to_string().ends_with("\n  m1"), "{error}");
    }
}
