//! The requests that both servers are asked, in this order.

mod built_in;
mod endings;
mod reads;
mod writes;

use std::fmt;

use serde_json::{Value, json};

/// One request; its path and body may name what was seen before, `<version of a>`.
pub struct Step {
    pub method: &'static str,
    pub path: String,
    pub media_type: &'static str,
    pub accept: &'static str,
    pub body: String,
    /// Whether code and reason are all that must be alike: where the words are Go's own.
    pub loosely: bool,
    /// The code for which to ask again and again.
    pub until: Option<&'static str>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.path, self.body)
    }
}

impl Step {
    fn new(method: &'static str, path: &str, media_type: &'static str, body: &Value) -> Self {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        Self {
            method,
            path: path.to_owned(),
            media_type,
            accept: "application/json",
            body,
            loosely: false,
            until: None,
        }
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path, "application/json", &Value::Null)
    }

    pub fn until(code: &'static str, step: Self) -> Self {
        Self {
            until: Some(code),
            ..step
        }
    }

    fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }
}

fn loosely(step: Step) -> Step {
    Step {
        loosely: true,
        ..step
    }
}

fn post(path: &str, body: Value) -> Step {
    Step::new("POST", path, "application/json", &body)
}

fn put(path: &str, body: Value) -> Step {
    Step::new("PUT", path, "application/json", &body)
}

fn merge(path: &str, body: Value) -> Step {
    Step::new("PATCH", path, "application/merge-patch+json", &body)
}

fn patch(path: &str, body: Value) -> Step {
    Step::new("PATCH", path, "application/json-patch+json", &body)
}

fn delete(path: &str, body: Value) -> Step {
    Step::new("DELETE", path, "application/json", &body)
}

const BOATS: &str = "/apis/harbour.test/v1/namespaces/ns/boats";

fn at(name: &str) -> String {
    format!("{BOATS}/{name}")
}

fn boat(name: &str) -> Value {
    json!({"apiVersion": "harbour.test/v1", "kind": "Boat", "metadata": {"name": name}, "spec": {"name": name}})
}

/// `object` with the value at a pointer put in.
fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let mut place = &mut object;
    for key in pointer.split('/').skip(1) {
        place = &mut place[key];
    }
    *place = value;
    object
}

/// All that is compared.
pub fn steps() -> Vec<Step> {
    [
        built_in::namespaces(),
        writes::creations(),
        writes::refusals(),
        writes::updates(),
        writes::patches(),
        writes::statuses(),
        endings::deletions(),
        reads::lists(),
        reads::watches(),
        endings::garbage(),
        built_in::events(),
        built_in::others(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
