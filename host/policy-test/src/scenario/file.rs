//! The files that a scenario names: a path in, a value out. A word that is none of `{file: …, with: …}` is refused.
//!
//! `$now` in a text is the moment of the step: so one file serves for a status that another controller writes again and
//! again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{FIXTURES, yaml};
use crate::near::nearest;

/// Where they are.
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// Beside a scenario.
    pub fn beside(scenario: &Path) -> Self {
        Self {
            directory: scenario.parent().unwrap_or(Path::new("")).to_owned(),
        }
    }

    /// Beside the scenario, or in the nearest folder `fixtures` there or above that has it.
    fn find(&self, name: &str) -> PathBuf {
        let beside = self.directory.join(name);
        if beside.is_file() {
            return beside;
        }
        let directory = std::path::absolute(&self.directory).unwrap_or_default();
        let mut fixtures = directory
            .ancestors()
            .map(|above| above.join(FIXTURES).join(name));
        fixtures.find(|it| it.is_file()).unwrap_or(beside)
    }

    /// What a file has, if there is one.
    pub fn optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.find(name);
        path.is_file().then(|| parse(&path)).transpose()
    }

    /// What a file has, with this merged into it.
    pub fn read(&self, name: &str, with: Option<&Value>, now: Timestamp) -> Result<Value> {
        let mut value: Value = parse(&self.find(name))?;
        if let Some(with) = with {
            json_patch::merge(&mut value, with);
        }
        fill_in(&mut value, now);
        Ok(value)
    }

    /// A value as it is written, or from `{file: …}` or `{file: …, with: …}`.
    pub fn resolve(&self, mut written: Value, now: Timestamp) -> Result<Value> {
        if let Some(fields) = written.as_object() {
            if let Some(name) = fields.get("file").and_then(Value::as_str) {
                odd(fields, |key| key != "file" && key != "with")?;
                return self.read(name, fields.get("with"), now);
            }
            odd(fields, |key| is_misspelt(key, &fields[key]))?;
        }
        fill_in(&mut written, now);
        Ok(written)
    }
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    yaml::parse(path, &text)
}

fn odd(fields: &Map<String, Value>, is_odd: impl Fn(&str) -> bool) -> Result<()> {
    match fields.keys().find(|key| is_odd(key)) {
        Some(odd) => bail!("what is `{odd}`? It may be {{file: F}} or {{file: F, with: PATCH}}"),
        None => Ok(()),
    }
}

/// Whether this was meant to be `file`: nearly that word, and what stands behind it is a file's name.
fn is_misspelt(key: &str, value: &Value) -> bool {
    let name = value.as_str().map(Path::new).and_then(Path::extension);
    let is_name = name.is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
    is_name && nearest(key, ["file"]).is_some()
}

fn fill_in(value: &mut Value, now: Timestamp) {
    match value {
        Value::String(text) if text == "$now" => *text = seconds(now),
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(item, now)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill_in(field, now)),
        _ => {}
    }
}

/// A moment as Kubernetes writes it: UTC, to the second.
pub fn seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
