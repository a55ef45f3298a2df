//! What a policy decided, as a text that people read: plans and failures in, lines out.
//!
//! Everything of a plan is in it, so that a change of the policy shows as a change of a text. A plan that does nothing and is
//! as the one before says nothing new, and is left out.

use std::fmt::Write as _;

use pilothouse_contract::{Action, Failure, Plan, Selector, Severity};
use serde_json::Value;

use crate::clusters::named;
use crate::expect::{condition, friendly};
use crate::reference::{Reference, context_name};
use crate::scenario::{Step, seconds};

/// What a line of a status is about, and what it says.
type Line = (String, String);

/// The text so far.
#[derive(Default)]
pub struct Transcript {
    text: String,
    /// What was looked at for the last plan.
    looks: String,
    /// The lines of the last status.
    status: Vec<Line>,
}

impl Transcript {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A story begins.
    pub fn story(&mut self, story: &str) {
        for line in story.lines() {
            self.line(0, &format!("# {line}"));
        }
    }

    /// A step begins.
    pub fn step(&mut self, number: usize, step: &Step) {
        self.line(0, "");
        self.line(
            0,
            &format!("== {number}. {} ({})", step.title, seconds(step.at)),
        );
        if let Some(note) = &step.note {
            self.line(0, &format!("   {}", note.trim()));
        }
    }

    /// The host was called when it had asked to be.
    pub fn moment(&mut self, now: jiff::Timestamp) {
        self.line(0, &format!("-- called again at {}", seconds(now)));
    }

    /// A plan, and what became of it.
    pub fn plan(
        &mut self,
        kind: &str,
        asked: &[Selector],
        plan: &Plan,
        failure: Option<&Failure>,
        acted: bool,
    ) {
        self.line(0, if acted { "plan" } else { "rest" });
        let looks = asked.iter().map(look).collect::<Vec<_>>().join("; ");
        if looks != self.looks && !looks.is_empty() {
            self.line(1, &format!("looks at {looks}"));
        }
        self.looks = looks;
        for action in &plan.actions {
            self.action(kind, action);
        }
        for reason in &plan.reasons {
            self.line(1, &format!("because {reason}"));
        }
        if let Some(span) = plan.requeue_after {
            let span = friendly(std::time::Duration::from_millis(span));
            self.line(1, &format!("again in {span}"));
        }
        if let Some(failure) = failure {
            let Failure {
                action,
                reason,
                message,
            } = failure;
            self.line(
                1,
                &format!("failed at action {action}: {reason}: {message}"),
            );
        }
    }

    fn action(&mut self, kind: &str, action: &Action) {
        match action {
            Action::Create(creation) => {
                let object = parsed(&creation.object);
                let name = named(creation.context.as_deref(), &object);
                self.line(1, &format!("create {name}"));
                self.line(3, &format!("labels {}", object["metadata"]["labels"]));
                self.line(3, &format!("spec {}", object["spec"]));
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
            Action::PatchMetadata(patch) => {
                self.line(
                    1,
                    &format!("patch metadata of the {kind} {}", parsed(patch)),
                );
            }
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

    /// A status: what of it is another than in the one before.
    fn status(&mut self, kind: &str, status: &Value) {
        self.line(1, &format!("set status of the {kind}"));
        let lines = status_lines(status);
        let before = std::mem::take(&mut self.status);
        for (about, line) in &lines {
            if !before.iter().any(|it| it.0 == *about && it.1 == *line) {
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
        lines.push((kind.to_owned(), format!("{shown} [since {since}]")));
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

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn look(selector: &Selector) -> String {
    match selector {
        Selector::Object(object) => Reference {
            kind: object.gvk.kind.clone(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            context: object.context.clone(),
        }
        .to_string(),
        Selector::Labelled(query) => {
            let labels: Vec<String> = query
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let scope = match &query.scope {
                pilothouse_contract::Scope::ControlPlane => context_name(None).to_owned(),
                pilothouse_contract::Scope::One(name) => name.clone(),
                pilothouse_contract::Scope::Everywhere => "every context".to_owned(),
            };
            format!("{} {} in {scope}", query.gvk.kind, labels.join(","))
        }
    }
}
