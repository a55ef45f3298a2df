//! What a policy decided, as a text that people read: plans and failures in, lines out.
//!
//! What a policy does is all in it, so that a change of the policy shows as a change of a text. What is as before is left out:
//! reasons of the plan before, fields of a status and of annotations that stay, what the last object had, too, and a plan that
//! says nothing new. So are reasons that the status has, too, and new fields of it that are zero or empty.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pilothouse_contract::{Action, Failure, Operation, Plan, Reason, Requeue, Severity};
use serde_json::{Value, json};

use crate::clusters::named;
use crate::expect::{condition, friendly};
use crate::reference::Reference;
use crate::scenario::seconds;

/// What stands before the time of a condition's last transition.
const SINCE: &str = " [since ";

/// What a line of a status is about, and what it says.
type Line = (String, String);

/// The text so far.
#[derive(Default)]
pub struct Transcript {
    text: String,
    /// Labels and spec of the last object that was created.
    created: Value,
    /// The last values of annotations that hold JSON.
    annotations: BTreeMap<String, Value>,
    /// The reasons of the last plan.
    reasons: Vec<String>,
    /// The lines of the last status.
    status: Vec<Line>,
    /// When the last plan asked to be called again.
    requeue: Option<Requeue>,
    /// That the host was called again, while nothing has come of it.
    moment: Option<jiff::Timestamp>,
}

impl Transcript {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A scenario begins.
    pub fn story(&mut self, story: &str) {
        for line in story.lines() {
            self.line(0, &format!("# {line}"));
        }
    }

    /// A step begins.
    pub fn step(&mut self, heading: &str, note: Option<&str>) {
        self.moment = None;
        self.line(0, "");
        self.line(0, &format!("== {heading}"));
        if let Some(note) = note {
            self.line(0, &format!("   {}", note.trim()));
        }
    }

    /// The host was called when it had asked to be, or tries again what has failed. If that fails as before, nothing is said.
    pub fn moment(&mut self, now: jiff::Timestamp) {
        self.moment = Some(now);
    }

    /// A plan, and what became of it.
    pub fn plan(&mut self, kind: &str, plan: &Plan, failure: Option<&Failure>, acted: bool) {
        let is_known = |it: &Reason| self.reasons.contains(&it.message);
        let is_news = acted
            || failure.is_some()
            || self.requeue != Some(plan.requeue)
            || !plan.reasons.iter().all(is_known);
        self.requeue = Some(plan.requeue);
        if !is_news && self.moment.is_none() {
            return;
        }
        if let Some(now) = self.moment {
            if !acted && failure.is_some() {
                return;
            }
            self.line(0, &format!("-- called again at {}", seconds(now)));
            self.moment = None;
        }
        self.line(0, if acted { "plan" } else { "rest" });
        for action in &plan.actions {
            self.action(kind, action);
        }
        let reasons = plan.reasons.iter().map(|it| it.message.clone()).collect();
        let before = std::mem::replace(&mut self.reasons, reasons);
        for reason in plan.reasons.iter().map(|it| &it.message) {
            let is_told = self.status.iter().any(|(_, line)| line.contains(reason));
            if !is_told && !before.contains(reason) {
                self.line(1, &format!("because {reason}"));
            }
        }
        match plan.requeue {
            Requeue::OnChange => {}
            Requeue::After(span) => {
                let span = friendly(std::time::Duration::from_millis(span));
                self.line(1, &format!("again in {span}"));
            }
            Requeue::AtOnce => self.line(1, "again at once"),
        }
        if let Some(failure) = failure {
            let Failure {
                reason, message, ..
            } = failure;
            let what = failed(failure);
            self.line(1, &format!("failed: {reason}: {what}: {message}"));
        }
    }

    fn action(&mut self, kind: &str, action: &Action) {
        match action {
            Action::Create(creation) => {
                let object = parsed(&creation.object);
                let name = named(creation.context.as_deref(), &object);
                self.line(1, &format!("create {name}"));
                let created =
                    json!({"labels": object["metadata"]["labels"], "spec": object["spec"]});
                let before = std::mem::replace(&mut self.created, created);
                let news = news(&before, &self.created);
                for (field, value) in news.as_object().into_iter().flatten() {
                    self.line(3, &format!("{field} {value}"));
                }
            }
            Action::Delete(deletion) => {
                let object = &deletion.object;
                let name = Reference {
                    kind: object.gvk.kind.clone(),
                    namespace: object.namespace.clone(),
                    name: object.name.clone(),
                    context: object.context.clone(),
                };
                self.line(1, &format!("delete {name}, uid {}", deletion.uid));
            }
            Action::PatchMetadata(patch) => self.metadata(kind, parsed(patch)),
            Action::SetStatus(status) => self.status(kind, &parsed(status)),
            Action::RecordEvent(event) => {
                let severity = match event.severity {
                    Severity::Normal => "Normal",
                    Severity::Warning => "Warning",
                };
                let line = format!("event {severity} {} {}", event.reason, event.message);
                self.line(1, &line);
            }
        }
    }

    /// A metadata patch: annotations that hold JSON on lines of their own.
    fn metadata(&mut self, kind: &str, mut patch: Value) {
        let mut lines = Vec::new();
        let annotations = patch.get_mut("annotations").and_then(Value::as_object_mut);
        if let Some(annotations) = annotations {
            annotations.retain(|name, value| {
                let json = value
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok());
                let Some(json) = json.filter(Value::is_object) else {
                    return true;
                };
                let before = self.annotations.insert(name.clone(), json.clone());
                let news = news(&before.unwrap_or_default(), &json);
                lines.push(format!("annotation {name} {news}"));
                false
            });
        }
        let is_empty = |value: &Value| value.as_object().is_some_and(|it| it.is_empty());
        if let Some(fields) = patch.as_object_mut() {
            fields.retain(|_, value| !is_empty(value));
        }
        match is_empty(&patch) {
            true => self.line(1, &format!("patch metadata of the {kind}")),
            false => self.line(1, &format!("patch metadata of the {kind} {patch}")),
        }
        for line in lines {
            self.line(3, &line);
        }
    }

    /// A status: what of it is another than in the one before.
    fn status(&mut self, kind: &str, status: &Value) {
        self.line(1, &format!("set status of the {kind}"));
        let lines = status_lines(status);
        let before = std::mem::take(&mut self.status);
        for (about, line) in &lines {
            let same = before.iter().find(|it| it.0 == *about).map(|it| &*it.1);
            if same.is_none() && (line == "0" || line == "{}") {
                continue;
            }
            if same != Some(line) {
                let since = same.and_then(|it| it.rfind(SINCE).and_then(|at| it.get(at..)));
                let line = since.and_then(|it| line.strip_suffix(it)).unwrap_or(line);
                self.line(3, &format!("{about} {line}"));
            }
        }
        for (about, _) in &before {
            if !lines.iter().any(|(kept, _)| kept == about) {
                self.line(3, &format!("{about} is gone"));
            }
        }
        self.status = lines;
    }

    fn line(&mut self, indent: usize, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:width$}{text}", "", width = indent * 2);
    }
}

/// A line for each condition in their order, and for each field, and for each item of a field that is a map.
fn status_lines(status: &Value) -> Vec<Line> {
    let mut lines = Vec::new();
    for it in status["conditions"].as_array().into_iter().flatten() {
        let kind = it["type"].as_str().unwrap_or("?");
        let since = it["lastTransitionTime"].as_str().unwrap_or("?");
        let shown = condition(status, kind).unwrap_or_default();
        lines.push((kind.to_owned(), format!("{shown}{SINCE}{since}]")));
    }
    for (name, value) in status.as_object().into_iter().flatten() {
        match value {
            Value::Object(items) => lines.extend(
                items
                    .iter()
                    .map(|(key, item)| (format!("{name}.{key}"), item.to_string())),
            ),
            _ if name == "conditions" => {}
            flat => lines.push((name.clone(), flat.to_string())),
        }
    }
    lines
}

/// What is other than before, as a merge patch.
fn news(before: &Value, now: &Value) -> Value {
    let (Some(was), Some(is)) = (before.as_object(), now.as_object()) else {
        return now.clone();
    };
    let gone = was.keys().filter(|name| !is.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), Value::Null));
    let changed = is
        .iter()
        .filter(|(name, value)| was.get(*name) != Some(value));
    let changed = changed.map(|(name, value)| (name.clone(), news(&before[name.as_str()], value)));
    gone.chain(changed).collect()
}

/// What failed.
fn failed(failure: &Failure) -> String {
    let object = &failure.object;
    let name = Reference {
        kind: object.gvk.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        context: object.context.clone(),
    };
    match failure.operation {
        Operation::Create => format!("create {name}"),
        Operation::Delete => format!("delete {name}"),
        Operation::PatchMetadata => "patch the metadata".to_owned(),
        Operation::SetStatus => "set the status".to_owned(),
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
