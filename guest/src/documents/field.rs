//! What is invalid about a field, in the words that Kubernetes itself uses.

use serde_json::Value;

/// A field that must be set.
pub fn required(path: &str) -> String {
    format!("{path}: Required value")
}

/// A field that has a value which it may not have.
pub fn invalid(path: &str, value: &Value, why: &str) -> String {
    format!("{path}: Invalid value: {value}: {why}")
}

/// A field that may have certain values only.
pub fn unsupported<'v>(
    path: &str,
    value: &str,
    supported: impl IntoIterator<Item = &'v str>,
) -> String {
    let supported: Vec<String> = supported
        .into_iter()
        .map(|value| format!("{value:?}"))
        .collect();
    format!(
        "{path}: Unsupported value: {value:?}: supported values: {}",
        supported.join(", ")
    )
}

/// A field that has changed, and may not.
pub fn immutable(path: &str, was: &Value, is: &Value) -> String {
    invalid(path, is, &format!("immutable once started (was {was})"))
}
