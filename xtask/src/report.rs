//! Announces steps and keeps their times: in go names and durations, out goes text for a person. It runs nothing.

use std::fmt;
use std::time::Duration;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Passed,
    /// Not well; it is the last one then.
    Failed,
    /// It was left out.
    Skipped,
}

/// The steps so far.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(&'static str, Outcome, Duration, String)>,
}

impl Report {
    /// Notes how a step ended.
    pub fn note(&mut self, name: &'static str, outcome: Outcome, took: Duration) {
        self.explain(name, outcome, took, String::new());
    }

    /// Notes how a step ended, and in a few words what came of it.
    pub fn explain(&mut self, name: &'static str, outcome: Outcome, took: Duration, what: String) {
        self.lines.push((name, outcome, took, what));
    }

    /// Whether no step failed.
    pub fn is_well(&self) -> bool {
        self.lines
            .iter()
            .all(|(_, outcome, ..)| *outcome != Outcome::Failed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|(name, ..)| name.len()).max();
        let width = width.unwrap_or_default().max("total".len());
        for (name, outcome, took, what) in &self.lines {
            let outcome = match outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            let colon = if what.is_empty() { "" } else { ": " };
            let took = seconds(*took);
            writeln!(out, "  {name:width$}  {took:>8}  {outcome}{colon}{what}")?;
        }
        let total = self.lines.iter().map(|(_, _, took, _)| *took).sum();
        write!(out, "  {:width$}  {:>8}", "total", seconds(total))
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_table_with_a_total() {
        let mut report = Report::default();
        report.note("format", Outcome::Passed, Duration::from_millis(840));
        report.note("real API server", Outcome::Skipped, Duration::ZERO);
        report.note("tests", Outcome::Failed, Duration::from_millis(61_240));
        let expected = "  format              0.8 s  ok\n\
                        \x20 real API server     0.0 s  skipped\n\
                        \x20 tests              61.2 s  FAILED\n\
                        \x20 total              62.1 s";
        assert_eq!(report.to_string(), expected);
        assert!(!report.is_well());
    }

    #[test]
    fn what_came_of_a_step_stands_behind_it() {
        let mut report = Report::default();
        let what = "9 configurations".to_owned();
        report.explain("model", Outcome::Passed, Duration::from_secs(2), what);
        assert!(
            report
                .to_string()
                .starts_with("  model     2.0 s  ok: 9 configurations\n")
        );
        assert!(report.is_well());
    }
}
