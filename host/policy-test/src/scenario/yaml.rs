//! YAML files: a text in, a value out. What is wrong with a file is said in one line, with the place in it.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde::de::DeserializeOwned;

/// What a file has.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    serde_saphyr::from_str(text).map_err(|error| at(path, text, &error))
}

/// `FILE:LINE:COLUMN: what is wrong, in: the line`. The error's own report draws the place over several lines, which are
/// unreadable once they are squashed into one.
fn at(path: &Path, text: &str, error: &serde_saphyr::Error) -> anyhow::Error {
    let path = path.display();
    let said = error.without_snippet().to_string();
    let Some(place) = error.location() else {
        return anyhow!("{path}: {said}");
    };
    let (line, column) = (place.line(), place.column());
    let said = said.replace(&format!(" at line {line}, column {column}"), "");
    let index = usize::try_from(line).unwrap_or_default().saturating_sub(1);
    let written = text.lines().nth(index).unwrap_or_default().trim();
    anyhow!("{path}:{line}:{column}: {said}, in: {written}")
}
