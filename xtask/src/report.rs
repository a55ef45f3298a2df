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
    lines: Vec<(&'static str, Outcome, Duration)>,
}

impl Report {
    /// Notes how a step ended.
    pub fn note(&mut self, name: &'static str, outcome: Outcome, took: Duration) {
        self.lines.push((name, outcome, took));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|(name, ..)| name.len()).max();
        let width = width.unwrap_or_default().max("total".len());
        for (name, outcome, took) in &self.lines {
            let outcome = match outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            writeln!(out, "  {name:width$}  {:>8}  {outcome}", seconds(*took))?;
        }
        let total = self.lines.iter().map(|(.., took)| *took).sum();
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
    }
}
