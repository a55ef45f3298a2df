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

/// What both need beforehand.
pub fn preparation() -> Vec<Step> {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 10},
            "sails": {"type": "integer", "minimum": 0, "maximum": 9, "default": 2},
            "rig": {"type": "string", "enum": ["sloop", "ketch"]},
            "sign": {"type": "string", "pattern": "^[A-Z]+$"},
            "built": {"type": "string", "format": "date-time"},
            "weight": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "crew": {"type": "array", "maxItems": 2, "items": {"type": "object", "required": ["rank"],
                "properties": {"rank": {"type": "string"}, "paid": {"type": "boolean", "default": true}}}},
            "flags": {"type": "object", "additionalProperties": {"type": "string"}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "maybe": {"type": "string", "nullable": true},
            "small": {"type": "integer", "format": "int32"},
        }},
        "status": {"type": "object", "properties": {
            "left": {"type": "string", "format": "date-time"}, "crew": {"type": "integer"},
        }},
    }});
    let columns = json!([
        {"name": "Title", "type": "string", "jsonPath": ".spec.name"},
        {"name": "First", "type": "string", "jsonPath": ".spec.crew[0].rank"},
        {"name": "Sails", "type": "integer", "jsonPath": ".spec.sails", "priority": 1},
        {"name": "Left", "type": "date", "jsonPath": ".status.left"},
    ]);
    let definition = |plural: &str, kind: &str, scope: &str, version: Value| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.harbour.test")},
            "spec": {"group": "harbour.test", "names": {"kind": kind, "plural": plural}, "scope": scope, "versions": [version]},
        })
    };
    let boats = json!({"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": columns,
        "selectableFields": [{"jsonPath": ".spec.name"}]});
    let plain = json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true}}});
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    vec![
        post(
            definitions,
            definition("boats", "Boat", "Namespaced", boats),
        ),
        post(
            definitions,
            definition("harbours", "Harbour", "Cluster", plain),
        ),
        post("/api/v1/namespaces", json!({"metadata": {"name": "ns"}})),
    ]
}

/// All that is compared.
pub fn steps() -> Vec<Step> {
    [
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
