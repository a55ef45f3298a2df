//! Plays a scenario: step by step, each followed by rest and by its expectations. What is not as expected is collected, and
//! the scenario goes on: one run shows all that is wrong.

use std::fmt;

use anyhow::Result;

use crate::clusters::{Clusters, Policy, Seen};
use crate::conditions::Conditions;
use crate::definitions::Definitions;
use crate::memory::Memory;
use crate::scenario::{Scenario, Step, seconds};

/// What a run showed.
#[derive(Debug, Default)]
pub struct Report {
    /// How many steps were played.
    pub steps: usize,
    /// What was not as expected; empty if all was.
    pub failures: Vec<String>,
    /// The text of all plans, where plans can be seen.
    pub transcript: Option<String>,
    /// Whether the scenario ended before its last step, since that could not be played. What it tells is not the whole then.
    pub is_cut_short: bool,
}

impl Report {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            for line in failure.lines() {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

/// Plays a scenario on clusters. What cannot be done at all is a failure of its step, and ends the scenario.
pub fn run(scenario: &Scenario, clusters: &mut dyn Clusters) -> Report {
    let mut report = Report::default();
    let mut conditions = Conditions::default();
    for (number, step) in (1..).zip(&scenario.steps) {
        let title = format!("step {number}, {}", step.title);
        match play(number, step, clusters, &scenario.namespace) {
            Ok((seen, wrong)) => {
                conditions.note(&seen);
                let wrong = wrong.into_iter().map(|wrong| format!("{title}: {wrong}"));
                report.failures.extend(wrong);
            }
            Err(error) => {
                report.failures.push(format!("{title}: {error:#}"));
                report.is_cut_short = true;
                break;
            }
        }
        report.steps += 1;
    }
    if !report.is_cut_short {
        report.failures.extend(conditions.misspelt(scenario));
    }
    report.transcript = clusters.transcript().map(str::to_owned);
    report
}

fn play(
    number: usize,
    step: &Step,
    clusters: &mut dyn Clusters,
    namespace: &str,
) -> Result<(Seen, Vec<String>)> {
    clusters.advance(step.at)?;
    let heading = format!("{number}. {} ({})", step.title, seconds(step.at));
    clusters.begin(&heading, step.note.as_deref());
    clusters.happen(&step.change)?;
    let seen = clusters.rest()?;
    let wrong = step
        .expect
        .check(&step.change, &seen, clusters, namespace)?;
    Ok((seen, wrong))
}

/// Plays a scenario in memory, on API servers that hold objects to these definitions.
pub fn in_memory(scenario: &Scenario, policy: &dyn Policy, definitions: &Definitions) -> Report {
    match Memory::new(scenario, policy, definitions) {
        Ok(mut memory) => run(scenario, &mut memory),
        Err(error) => Report {
            failures: vec![format!("{error:#}")],
            is_cut_short: true,
            ..Report::default()
        },
    }
}
