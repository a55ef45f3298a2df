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

pub fn required(path: &str) -> String {
    format!("{path}: Required value")
}

pub fn invalid(path: &str, value: &Value, why: &str) -> String {
    format!("{path}: Invalid value: {value}: {why}")
}

pub fn unsupported<'v>(
    path: &str,
    value: &str,
    supported: impl IntoIterator<Item = &'v str>,
) -> String {
    let supported: Vec<String> = supported.into_iter().map(|it| format!("{it:?}")).collect();
    let supported = supported.join(", ");
    format!("{path}: Unsupported value: {value:?}: supported values: {supported}")
}

pub fn immutable(path: &str, was: &Value, is: &Value) -> String {
    invalid(path, is, &format!("immutable once started (was {was})"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    type Pair = Object<BTreeMap<String, Vec<u32>>>;

    #[test]
    fn errors_say_where_in_the_words_of_json() {
        let table = r#"
            [1] => invalid type: list, expected an object
            {"a": {}} => at.a: invalid type: object, expected a list
            {"a": [1, "b"]} => at.a[1]: invalid type: string "b", expected a whole number, 0 or more"#;
        for (text, expected) in table.lines().filter_map(|row| row.split_once(" => ")) {
            let wrong = from_text::<Pair>(text).unwrap_err();
            assert_eq!(wrong, expected.replace("at.", ""));
            let value: Value = serde_json::from_str(text).unwrap();
            let wrong = from_value::<Pair>("at", &value).unwrap_err();
            assert_eq!(wrong.replace("at: ", ""), expected);
        }
        let wrong = from_value::<Vec<u32>>("at", &json!(["b"])).unwrap_err();
        assert!(wrong.starts_with("at[0]: "), "{wrong}");
    }

    #[test]
    fn what_is_wrong_with_a_text_has_no_line() {
        #[derive(Debug, serde::Deserialize)]
        struct One {
            #[serde(rename = "a")]
            _a: u32,
        }
        let wrong = from_text::<Object<One>>(r#"{"a": 1, "a": 2}"#).unwrap_err();
        assert_eq!(wrong, "duplicate field `a`");
        assert!(from_text::<Value>("{} {}").is_err());
    }

    /// Go leaves such fields out, or not: it is the same.
    #[test]
    fn null_and_what_has_nothing_in_it_says_nothing() {
        for (field, expected) in [
            (json!(null), true),
            (json!([]), true),
            (json!({}), true),
            (json!([null]), false),
            (json!({"a": null}), false),
            (json!(0), false),
        ] {
            assert_eq!(is_empty(&field), expected, "{field}");
        }
    }
}
