//! Reading JSON into small typed structs, with errors that say where in the document something is wrong.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

/// Reads a text. The error names the field: `spec.datacenters[1]: invalid type: integer …, expected a string`.
///
/// It names no line and column: these move with whatever else changes in the object, its resourceVersion for one, and the
/// same fault must have the same words.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).or_else(|_| {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        from_value("", &value)
    })
}

/// Reads a part of a document; `at` is where in it the part stands, for the error.
pub fn from_value<T: DeserializeOwned>(at: &str, value: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| located(at, &error))
}

/// Reads a field that may be null as one that is not there.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    field: D,
) -> Result<T, D::Error> {
    Option::deserialize(field).map(Option::unwrap_or_default)
}

fn located(at: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let inner = error.inner();
    let path = match (at, error.path().to_string().as_str()) {
        ("", ".") => return inner.to_string(),
        ("", path) => path.to_owned(),
        (at, ".") => at.to_owned(),
        (at, path) if path.starts_with('[') => format!("{at}{path}"),
        (at, path) => format!("{at}.{path}"),
    };
    format!("{path}: {inner}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn errors_say_where() {
        let error = from_text::<BTreeMap<String, Vec<String>>>(r#"{"a": ["b", 3]}"#).unwrap_err();
        assert!(
            error.starts_with("a[1]: invalid type: integer `3`"),
            "{error}"
        );
        let error =
            from_value::<Vec<String>>("spec.datacenters", &serde_json::json!([1])).unwrap_err();
        assert!(
            error.starts_with("spec.datacenters[0]: invalid type"),
            "{error}"
        );
        assert!(from_text::<Value>("{} {}").is_err());
    }
}
