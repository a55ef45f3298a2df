//! Golden texts: the transcript of a scenario beside the file, `quick-start.golden` beside `quick-start.yaml`.
//!
//! In: a scenario and its transcript. Out: how the two differ, as a diff. Written only when somebody says so.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use similar::TextDiff;

/// How many lines are shown around a difference.
const AROUND: usize = 3;

/// Where the golden text of a scenario is.
pub fn path(scenario: &Path) -> PathBuf {
    scenario.with_extension("golden")
}

/// How a transcript differs from the golden text; none where it does not, or where there is no golden text.
pub fn difference(scenario: &Path, transcript: &str) -> Result<Option<String>> {
    let path = path(scenario);
    if !path.exists() {
        return Ok(None);
    }
    let golden = std::fs::read_to_string(&path)
        .with_context(|| format!("reading golden text {}", path.display()))?;
    if golden == transcript {
        return Ok(None);
    }
    let diff = TextDiff::from_lines(golden.as_str(), transcript);
    let mut lines = diff.unified_diff();
    lines.context_radius(AROUND).header("golden", "decided now");
    Ok(Some(lines.to_string()))
}

/// Makes the transcript the golden text. True if it was another.
pub fn accept(scenario: &Path, transcript: &str) -> Result<bool> {
    let path = path(scenario);
    let is_same = std::fs::read_to_string(&path).is_ok_and(|golden| golden == transcript);
    if !is_same {
        std::fs::write(&path, transcript)
            .with_context(|| format!("writing golden text {}", path.display()))?;
    }
    Ok(!is_same)
}
