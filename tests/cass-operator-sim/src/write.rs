//! One write: what is there in, the merge patch that it amounts to out.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Request {
    /// The whole object; its status is not changed by it.
    #[serde(rename = "PUT object")]
    PutObject,
    /// The whole status.
    #[serde(rename = "PUT status")]
    PutStatus,
    /// A merge patch of the status.
    #[serde(rename = "PATCH status")]
    PatchStatus,
}

/// How much of a pod's time, from its start, has passed before a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// It comes right after the one before.
    #[default]
    Nothing,
    /// Half of it.
    Half,
    /// All of it.
    Whole,
}

/// A condition that a write sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
    #[serde(default)]
    message: String,
}

/// The times that a write has in it.
#[derive(Clone, Copy, Debug)]
pub struct Times<'a> {
    /// When it is written.
    pub now: &'a str,
    /// When the reconcile that writes it began.
    pub reconcile: &'a str,
}

/// A write of cass-operator into a CassandraTask of a certain datacenter.
#[derive(Clone, Debug)]
pub struct Write {
    pub(crate) name: &'static str,
    pub(crate) request: Request,
    /// How long after the pod's start it comes.
    pub after: After,
    pub(crate) set: Value,
    pub(crate) defaults: Value,
    pub(crate) conditions: Vec<Condition>,
}

impl Write {
    /// Its name in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is one of the status, and not of the object.
    #[must_use]
    pub fn is_of_status(&self) -> bool {
        self.request != Request::PutObject
    }

    /// The merge patch for the status, or for the object if it is a write of the object.
    #[must_use]
    pub fn patch(&self, before: &Value, times: Times<'_>) -> Value {
        let mut patch = with_texts(self.set.clone(), &|text| match text {
            "$now" => json!(times.now),
            "$reconcile" => json!(times.reconcile),
            text => json!(text),
        });
        add_defaults(&mut patch, before, &self.defaults);
        if !self.conditions.is_empty() {
            let mut conditions = before["conditions"].as_array().cloned().unwrap_or_default();
            for condition in &self.conditions {
                condition.set_in(&mut conditions, times.now);
            }
            patch["conditions"] = conditions.into();
        }
        patch
    }

    /// Applies it to a status, or to an object if it is a write of the object.
    pub fn apply(&self, to: &mut Value, times: Times<'_>) {
        let patch = self.patch(to, times);
        json_patch::merge(to, &patch);
    }
}

impl Condition {
    pub(crate) fn with_text(mut self, fill: &dyn Fn(&str) -> Value) -> Self {
        if let Value::String(message) = fill(&self.message) {
            self.message = message;
        }
        self
    }

    /// In the place of the one of its type, or at the end; its time moves with its status only.
    fn set_in(&self, conditions: &mut Vec<Value>, now: &str) {
        let mut new = json!({
            "type": self.kind,
            "status": self.status,
            "reason": self.reason.as_ref().unwrap_or(&self.kind),
            "message": self.message,
            "lastTransitionTime": now,
        });
        match conditions
            .iter_mut()
            .find(|old| old["type"] == self.kind.as_str())
        {
            None => conditions.push(new),
            Some(old) => {
                if old["status"] == self.status.as_str() {
                    new["lastTransitionTime"] = old["lastTransitionTime"].clone();
                }
                *old = new;
            }
        }
    }
}

/// A value with each text in it replaced.
pub(crate) fn with_texts(value: Value, fill: &dyn Fn(&str) -> Value) -> Value {
    match value {
        Value::String(text) => fill(&text),
        Value::Array(items) => items
            .into_iter()
            .map(|item| with_texts(item, fill))
            .collect(),
        Value::Object(fields) => {
            let text = |key: String| match fill(&key) {
                Value::String(key) => key,
                _ => key,
            };
            let fields = fields.into_iter();
            let fields: Map<_, _> = fields
                .map(|(key, value)| (text(key), with_texts(value, fill)))
                .collect();
            Value::Object(fields)
        }
        other => other,
    }
}

/// Adds to a patch what the object lacks of the defaults. The one default of a list is that of each of its items.
fn add_defaults(patch: &mut Value, before: &Value, defaults: &Value) {
    for (name, default) in defaults.as_object().into_iter().flatten() {
        let old = &before[name];
        match default {
            Value::Object(_) => {
                add_defaults(&mut patch[name], old, default);
            }
            Value::Array(defaults) => {
                if let (Some(items), [default]) = (old.as_array(), &defaults[..]) {
                    patch[name] = items.iter().map(|item| filled(item, default)).collect();
                }
            }
            default if old.is_null() => patch[name] = default.clone(),
            _ => {}
        }
    }
}

fn filled(item: &Value, defaults: &Value) -> Value {
    let mut filled = defaults.clone();
    json_patch::merge(&mut filled, item);
    filled
}
