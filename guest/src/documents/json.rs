//! Reading JSON into small typed structs, with errors that say where in the document something is wrong.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// Reads a text. The error names the field: `spec.datacenters[1]: invalid type: integer …, expected a string`.
///
/// It names no line and column: these move with whatever else changes in the object, its resourceVersion for one, and the
/// same fault must have the same words.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).or_else(|first| {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        from_value("", &value).and_then(|_: T| Err(unplaced(&first)))
    })
}

/// What is wrong with a text and not with its value: a field that is there twice.
fn unplaced(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..place).unwrap_or(&text).to_owned()
}

/// What can be read from an object only: serde would take a list for a struct, too, item by item for its fields.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
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
    let inner = in_json(&error.inner().to_string());
    let path = match (at, error.path().to_string().as_str()) {
        ("", ".") => return inner,
        ("", path) => path.to_owned(),
        (at, ".") => at.to_owned(),
        (at, path) if path.starts_with('[') => format!("{at}{path}"),
        (at, path) => format!("{at}.{path}"),
    };
    format!("{path}: {inner}")
}

/// An error in the words of JSON, not of Rust.
fn in_json(error: &str) -> String {
    let words = [
        ("invalid type: sequence", "invalid type: list"),
        ("invalid type: map", "invalid type: object"),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected an object"),
        ("expected u32", "expected a whole number, 0 or more"),
    ];
    words
        .into_iter()
        .fold(error.to_owned(), |error, (theirs, ours)| {
            error.replace(theirs, ours)
        })
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
        let list =
            from_value::<Vec<String>>("spec.datacenters", &serde_json::json!({})).unwrap_err();
        assert_eq!(
            list,
            "spec.datacenters: invalid type: object, expected a list"
        );
        let object = from_text::<BTreeMap<String, u32>>("[]").unwrap_err();
        assert_eq!(object, "invalid type: list, expected an object");
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        a: u32,
        b: Option<Object<BTreeMap<String, u32>>>,
    }

    #[test]
    fn an_object_is_not_a_list() {
        let read = |text: &str| from_text::<Object<Pair>>(text).map(|Object(pair)| pair);
        let pair = read(r#"{"a": 1, "b": {"c": 2}}"#).unwrap();
        assert_eq!((pair.a, pair.b.unwrap().0["c"]), (1, 2));
        for (text, expected) in [
            ("[1, null]", "invalid type: list, expected an object"),
            (
                r#"{"a": 1, "b": [2]}"#,
                "b: invalid type: list, expected an object",
            ),
            (
                r#"{"a": -1}"#,
                "a: invalid value: integer `-1`, expected a whole number, 0 or more",
            ),
            (r#"{"a": 1, "a": 2}"#, "duplicate field `a`"),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }
}
