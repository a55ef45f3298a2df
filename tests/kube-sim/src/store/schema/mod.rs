//! Structural schemas of CustomResourceDefinitions: pruning, defaults and validation, each in its own file. What comes
//! in are a schema and an object; CEL rules (`x-kubernetes-validations`) are not evaluated.

mod defaults;
mod prune;
mod validate;

pub(crate) use defaults::fill;
pub(crate) use prune::prune;
pub(crate) use validate::{validate, validate_rest, validate_status};

use serde_json::Value;

/// A flag of a schema, such as `nullable`.
fn flag(schema: &Value, name: &str) -> bool {
    schema[name] == true
}

/// The schema of a map's values, where any key is allowed.
fn additional(schema: &Value) -> Option<&Value> {
    schema
        .get("additionalProperties")
        .filter(|additional| **additional != false)
}

/// The path of a field of `parent`.
fn join(parent: &str, field: &str) -> String {
    if parent.is_empty() {
        field.to_owned()
    } else {
        format!("{parent}.{field}")
    }
}
