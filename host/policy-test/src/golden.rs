//! Golden texts: the transcript of a scenario that says `golden: true`, beside its file: `quick-start.golden` beside
//! `quick-start.yaml`.
//!
//! In: a scenario and what a run of it showed. Out: how its transcript differs, as a diff. Written only when somebody says so.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use similar::TextDiff;

use crate::{Report, Scenario};

/// How a golden text's name ends.
pub(crate) const EXTENSION: &str = "golden";

/// How many lines are shown around a difference.
const AROUND: usize = 3;

/// Adds to what is wrong how the transcript differs from the golden text; or makes it the golden text, if that `accepts` what is
/// decided now. Of a scenario that was cut short, all the rest would differ, and hide why.
pub fn check(scenario: &Scenario, report: &mut Report, accepts: bool) -> Result<()> {
    if report.is_cut_short {
        return Ok(());
    }
    let path = scenario.path.with_extension(EXTENSION);
    let transcript = report.transcript.as_deref().unwrap_or_default();
    let wanted = scenario.has_golden.then_some(transcript);
    if accepts {
        accept(&path, wanted)?;
    }
    let found = read(&path)?;
    let name = path.display();
    report.failures.extend(match (wanted, found) {
        (None, None) => None,
        (None, Some(_)) => Some(format!("{name}: the scenario does not say `golden: true`")),
        (Some(_), None) => Some(format!("{name}: the golden text is missing")),
        (Some(now), Some(golden)) => difference(&golden, now)
            .map(|diff| format!("it decides otherwise than the golden text\n{diff}")),
    });
    Ok(())
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read
            .map(Some)
            .with_context(|| format!("reading golden text {}", path.display())),
    }
}

fn accept(path: &Path, text: Option<&str>) -> Result<()> {
    let done = match text {
        Some(text) => fs::write(path, text),
        None if path.exists() => fs::remove_file(path),
        None => Ok(()),
    };
    done.with_context(|| format!("writing golden text {}", path.display()))
}

fn difference(golden: &str, now: &str) -> Option<String> {
    let diff = TextDiff::from_lines(golden, now);
    let mut lines = diff.unified_diff();
    lines.context_radius(AROUND).header("golden", "decided now");
    (golden != now).then(|| lines.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(path: &Path, says: &str, transcript: &str, accepts: bool) -> String {
        let text = format!("story: s\n{says}start: 2022-12-15T19:42:00Z\nsteps: [wait: 5m]");
        let scenario = Scenario::parse(path, &text).unwrap();
        let mut report = Report {
            transcript: Some(transcript.to_owned()),
            ..Report::default()
        };
        check(&scenario, &mut report, accepts).unwrap();
        report.to_string()
    }

    #[test]
    fn a_golden_text_is_there_where_it_is_wanted_and_nowhere_else() {
        let path = std::env::temp_dir().join(format!("golden-{}.yaml", std::process::id()));
        let with = |text: &str, accepts| checked(&path, "golden: true\n", text, accepts);
        let without = |accepts| checked(&path, "", "one\n", accepts);
        assert_eq!(without(false), "");
        assert!(with("one\n", false).contains("the golden text is missing"));
        assert_eq!(with("one\n", true), "");
        assert_eq!(with("one\n", false), "");
        let differs = with("two\n", false);
        assert!(
            differs.contains("-one\n") && differs.contains("+two\n"),
            "{differs}"
        );
        assert!(without(false).contains("does not say `golden: true`"));
        assert_eq!(without(true), "");
        assert!(!path.with_extension(EXTENSION).exists());
    }
}
