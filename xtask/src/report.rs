//! Runs the parts of a long command and keeps their times, for a table at its end.

use std::fmt;
use std::time::{Duration, Instant};

/// The parts so far: their names, what came of them, how long they took.
#[derive(Default)]
pub struct Report(Vec<(String, &'static str, Duration)>);

/// What is said of something that ran within a part: its time does not count in the total.
const WITHIN: &str = "of that, added up";

impl Report {
    /// Announces a part, runs it, and notes how it went.
    pub fn part(
        &mut self,
        name: &str,
        run: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let result = run();
        let outcome = if result.is_ok() { "ok" } else { "FAILED" };
        self.note(name, outcome, started.elapsed());
        result.map_err(|error| error.context(format!("`{name}` failed")))
    }

    /// Notes how long something took within the last part.
    pub fn within(&mut self, name: &str, took: Duration) {
        self.note(&format!("  {name}"), WITHIN, took);
    }

    /// Notes what became of a part that ran elsewhere, or did not run.
    pub fn note(&mut self, name: &str, outcome: &'static str, took: Duration) {
        self.0.push((name.to_owned(), outcome, took));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().filter(|(_, outcome, _)| *outcome != WITHIN);
        let total = parts.map(|(_, _, took)| *took).sum();
        let total = ("total".to_owned(), "", total);
        for (name, outcome, took) in self.0.iter().chain([&total]) {
            let took = took.as_secs_f64();
            let line = format!("  {name:<36}{took:>8.1} s  {outcome}");
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_table_with_a_total() {
        let mut report = Report::default();
        report.note("format", "ok", Duration::from_millis(840));
        report.note("real API server", "skipped", Duration::ZERO);
        report.note("tests", "FAILED", Duration::from_millis(61_240));
        report.within("host", Duration::from_secs(90));
        let expected = "  format                                   0.8 s  ok\n\
                        \x20 real API server                          0.0 s  skipped\n\
                        \x20 tests                                   61.2 s  FAILED\n\
                        \x20   host                                  90.0 s  of that, added up\n\
                        \x20 total                                   62.1 s\n";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn a_part_that_fails_is_noted_and_named() {
        let mut report = Report::default();
        report.part("lints", || Ok(())).unwrap();
        let failed = report.part("tests", || anyhow::bail!("two failed"));
        assert_eq!(
            format!("{:#}", failed.unwrap_err()),
            "`tests` failed: two failed"
        );
        let outcomes: Vec<_> = report.0.iter().map(|(_, outcome, _)| *outcome).collect();
        assert_eq!(outcomes, ["ok", "FAILED"]);
    }
}
