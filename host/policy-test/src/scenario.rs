//! The format: a YAML file in, a [`Scenario`] out, with every file that it names read, every time worked out and every
//! word checked. An error says in which step and which field something is wrong.

mod course;
mod file;
mod shape;
mod step;
mod yaml;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::clusters::Change;
use crate::expect::Expect;
use crate::golden;
use crate::reference::{self, Context};
use file::Files;
pub use file::seconds;
use step::Written;

/// How long after the one before a step happens that does not say when: time enough for a context to be missed, and too
/// little for anybody to lose patience.
const TICK: SignedDuration = SignedDuration::from_secs(60);

/// What happens to some objects.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where it was read from.
    pub path: PathBuf,
    /// What it tells.
    pub story: String,
    /// What it is about, in words that the tests of the policy know.
    pub covers: Vec<String>,
    /// Whether it has a golden text.
    pub has_golden: bool,
    /// Why it cannot be played on API servers: they would never have such an object, for example.
    pub memory_only: Option<String>,
    /// Whether API servers hold objects to the definitions of their kinds.
    pub has_definitions: bool,
    /// The policy's settings, as JSON.
    pub settings: String,
    /// The remote contexts that are registered at the start.
    pub contexts: Vec<String>,
    /// The namespace of what does not say its own.
    pub namespace: String,
    /// The time at the start.
    pub start: Timestamp,
    /// The objects that are there at the start.
    pub given: Vec<Change>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One thing that happens, and what must hold after it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happens, as it is written.
    pub title: String,
    /// What it is there for, for people.
    pub note: Option<String>,
    /// When it happens.
    pub at: Timestamp,
    /// What happens.
    pub change: Change,
    /// What must hold once all is at rest again.
    pub expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    story: String,
    #[serde(default)]
    covers: Vec<String>,
    #[serde(default)]
    golden: bool,
    memory_only: Option<String>,
    definitions: Option<String>,
    settings: Option<Value>,
    contexts: Option<Vec<String>>,
    namespace: Option<String>,
    start: Option<String>,
    #[serde(default)]
    given: Vec<Given>,
    steps: Vec<Written>,
}

/// What the scenarios of a directory have in common. What a scenario says itself counts.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    contexts: Option<Vec<String>>,
    namespace: Option<String>,
    start: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    context: Option<String>,
    object: Option<Value>,
    file: Option<String>,
    with: Option<Value>,
}

/// The file of [`Defaults`], in the nearest folder `fixtures`.
const DEFAULTS: &str = "defaults.yaml";

/// The folder whose files are what scenarios read, and no scenarios.
pub const FIXTURES: &str = "fixtures";

/// The scenarios of a directory, by name: all *.yaml in it and below it, except in folders `fixtures`. An error where there is none,
/// or a golden text without one.
pub fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    if files.is_empty() {
        bail!(
            "directory {} has no scenarios (*.yaml)",
            directory.display()
        );
    }
    files.sort();
    Ok(files)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("reading directory {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != FIXTURES) {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|it| it == "yaml") {
            files.push(path);
        } else if path.extension().is_some_and(|it| it == golden::EXTENSION) {
            let has_scenario = path.with_extension("yaml").exists();
            ensure!(
                has_scenario,
                "golden text {} has no scenario",
                path.display()
            );
        }
    }
    Ok(())
}

/// What a scenario of a directory is called: where it is below that, `deletion/refused`.
pub fn name(directory: &Path, path: &Path) -> String {
    let below = path.strip_prefix(directory).unwrap_or(path);
    below.with_extension("").display().to_string()
}

impl Scenario {
    /// Reads a scenario. What it names by file is looked for beside it, and in the folders `fixtures` there and above.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("reading scenario {}", path.display()))?;
        Self::parse(path, &text)
    }

    /// All remote contexts that there ever are: those at the start, and those that a step registers.
    pub fn all_contexts(&self) -> impl Iterator<Item = &str> {
        let later = self.steps.iter().filter_map(|step| match &step.change {
            Change::Register(name) => Some(name),
            _ => None,
        });
        self.contexts.iter().chain(later).map(String::as_str)
    }

    /// The namespaces that there are in every context: the scenario's own, and all that it names.
    pub fn namespaces(&self) -> BTreeSet<String> {
        let changes = self
            .given
            .iter()
            .chain(self.steps.iter().map(|step| &step.change));
        let changed = changes.filter_map(Change::namespace);
        let expected = self.steps.iter().flat_map(|step| step.expect.references());
        let expected = expected.filter_map(|object| object.namespace.as_deref());
        let named = changed.chain(expected).chain([self.namespace.as_str()]);
        named.map(str::to_owned).collect()
    }

    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self> {
        let scenario = || format!("scenario {}", path.display());
        shape::check(&yaml::parse(path, text)?).with_context(scenario)?;
        Self::of(path, yaml::parse(path, text)?).with_context(scenario)
    }

    fn of(path: &Path, document: Document) -> Result<Self> {
        let files = Files::beside(path);
        let defaults: Defaults = files.optional(DEFAULTS)?.unwrap_or_default();
        let start = document.start.or(defaults.start);
        let start = start.context("start: say the time at the start, here or in defaults.yaml")?;
        let start: Timestamp = start.parse().context("start: not an RFC 3339 time")?;
        let has_definitions = match document.definitions.as_deref() {
            None => true,
            Some("none") if document.memory_only.is_some() => false,
            Some("none") => bail!("definitions: none goes with `memoryOnly`"),
            Some(other) => bail!("definitions: say none, or leave it out: {other}"),
        };
        let contexts = document.contexts.or(defaults.contexts);
        let namespace = document.namespace.or(defaults.namespace);
        let mut scenario = Self {
            path: path.to_owned(),
            story: document.story.trim().to_owned(),
            covers: document.covers,
            has_golden: document.golden,
            memory_only: document.memory_only,
            has_definitions,
            settings: document
                .settings
                .map_or_else(|| "{}".to_owned(), |settings| settings.to_string()),
            contexts: contexts.unwrap_or_default(),
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            start,
            given: Vec::new(),
            steps: Vec::new(),
        };
        for (number, given) in (1..).zip(document.given) {
            let given = scenario.given(&files, given);
            scenario
                .given
                .push(given.with_context(|| format!("given {number}"))?);
        }
        let mut now = start;
        for (number, written) in (1..).zip(document.steps) {
            let step = written.step(&scenario, &files, now);
            let step = step.with_context(|| format!("step {number}"))?;
            now = step.at;
            scenario.steps.push(step);
        }
        course::check(&scenario)?;
        Ok(scenario)
    }

    fn given(&self, files: &Files, given: Given) -> Result<Change> {
        let object = match (given.object, given.file) {
            (Some(_), None) if given.with.is_some() => bail!("`with` goes with `file` alone"),
            (Some(object), None) => files.resolve(object, self.start)?,
            (None, Some(file)) => files.read(&file, given.with.as_ref(), self.start)?,
            _ => bail!("say either `object` or `file`"),
        };
        self.apply(
            given.context.as_deref().and_then(reference::context),
            object,
        )
    }

    /// The object with the scenario's namespace, where it does not say its own.
    fn apply(&self, context: Context, mut object: Value) -> Result<Change> {
        for field in ["apiVersion", "kind"] {
            if !object[field].is_string() {
                bail!("the object has no {field}");
            }
        }
        let metadata = object["metadata"]
            .as_object_mut()
            .context("the object has no metadata")?;
        if !metadata.get("name").is_some_and(Value::is_string) {
            bail!("the object has no metadata.name");
        }
        metadata
            .entry("namespace")
            .or_insert_with(|| Value::String(self.namespace.clone()));
        Ok(Change::Apply { context, object })
    }
}

#[cfg(test)]
mod tests;
