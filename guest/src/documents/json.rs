//! Reading JSON into small typed structs, and what is invalid about a field, in the words that Kubernetes itself uses.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::time::Time;

/// Reads a text. The error names the field: `spec.datacenters[1]: invalid type: integer …, expected a string`.
///
/// It names no line and column: these move with whatever else changes in the object, its resourceVersion for one, and the
/// same fault must have the same words.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).or_else(|first| {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        // What is wrong with the text and not with its value: a field that is there twice.
        let first = first.to_string();
        let (unplaced, _) = first.rsplit_once(" at line ").unwrap_or((&first, ""));
        from_value("", &value).and_then(|_: T| Err(unplaced.to_owned()))
    })
}

/// Reads a part of a document; `at` is where in it the part stands, for the error.
pub fn from_value<T: DeserializeOwned>(at: &str, value: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error: serde_path_to_error::Error<_>| {
        let inner = in_json(error.inner());
        match (at, error.path().to_string().as_str()) {
            ("", ".") => inner,
            ("", path) => format!("{path}: {inner}"),
            (at, ".") => format!("{at}: {inner}"),
            (at, path) if path.starts_with('[') => format!("{at}{path}: {inner}"),
            (at, path) => format!("{at}.{path}: {inner}"),
        }
    })
}

/// An error in the words of JSON, not of Rust.
fn in_json(error: &serde_json::Error) -> String {
    let words = [
        ("invalid type: sequence", "invalid type: list"),
        ("invalid type: map", "invalid type: object"),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected an object"),
        ("expected u32", "expected a whole number, 0 or more"),
    ];
    let translate = |error: String, (theirs, ours)| error.replace(theirs, ours);
    words.into_iter().fold(error.to_string(), translate)
}

/// Reads a field that may be null as one that is not there.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    field: D,
) -> Result<T, D::Error> {
    Option::deserialize(field).map(Option::unwrap_or_default)
}

/// The items of a list; none if it is something else.
pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The fields of an object; none if it is something else.
pub fn fields(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

/// Whether a field says nothing: null, or a list or an object with nothing in it.
pub fn is_empty(field: &Value) -> bool {
    match field {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// The condition of that type in a status, whatever else the status is.
pub fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&status["conditions"]).find(|condition| condition["type"] == kind)
}

pub fn true_condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    condition(status, kind).filter(|it| is_true(it))
}

pub fn is_true(condition: &Value) -> bool {
    condition["status"] == "True"
}

pub fn transition(condition: &Value) -> Option<Time> {
    Time::read(&condition["lastTransitionTime"])
}

/// What can be read from an object only: serde would take a list for a struct, too, item by item for its fields.
#[derive(Debug, Default)]
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
    let supported: Vec<String> = supported.into_iter().map(|it| format!("{it:?}")).collect();
    let supported = supported.join(", ");
    format!("{path}: Unsupported value: {value:?}: supported values: {supported}")
}

/// A field that has changed, and may not.
pub fn immutable(path: &str, was: &Value, is: &Value) -> String {
    invalid(path, is, &format!("immutable once started (was {was})"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        a: u32,
        b: Option<Object<BTreeMap<String, u32>>>,
    }

    #[test]
    fn errors_say_where() {
        let Object(pair) = from_text::<Object<Pair>>(r#"{"a": 1, "b": {"c": 2}}"#).unwrap();
        assert_eq!((pair.a, pair.b.unwrap().0["c"]), (1, 2));
        let natural = "expected a whole number, 0 or more";
        for (text, expected) in [
            ("[1, null]", "invalid type: list, expected an object"),
            (
                r#"{"a": 1, "b": [2]}"#,
                "b: invalid type: list, expected an object",
            ),
            (
                r#"{"a": -1}"#,
                &format!("a: invalid value: integer `-1`, {natural}"),
            ),
            (r#"{"a": 1, "a": 2}"#, "duplicate field `a`"),
        ] {
            assert_eq!(from_text::<Object<Pair>>(text).unwrap_err(), expected);
        }
        assert!(from_text::<Value>("{} {}").is_err());
    }

    #[test]
    fn errors_in_a_part_say_where_it_stands() {
        let list = "invalid type: object, expected a list";
        let item = "invalid type: integer `1`, expected a string";
        for (value, expected) in [
            (json!({}), format!("at: {list}")),
            (json!([["a"], {}]), format!("at[1]: {list}")),
            (json!([["a", 1]]), format!("at[0][1]: {item}")),
        ] {
            let wrong = from_value::<Vec<Vec<String>>>("at", &value).unwrap_err();
            assert_eq!(wrong, expected);
        }
        let wrong = from_value::<BTreeMap<String, String>>("at", &json!({"a": 1}));
        assert_eq!(wrong.unwrap_err(), format!("at.a: {item}"));
    }
}
