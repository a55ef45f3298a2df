//! Validation: what comes in is a pruned and defaulted object, what goes out is everything in which it breaks its
//! schema, in kube-apiserver's words.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use jiff::Timestamp;
use regex_lite::Regex;
use serde_json::Value;

use super::{super::field_error::FieldError, additional, flag, join};

/// All errors of `object`. Metadata is checked elsewhere, as for every kind.
pub(crate) fn validate(schema: &Value, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(schema, object, "", &mut errors);
    errors
}

/// The errors of the status of `object` alone, since writing a status is not to fail for what is wrong elsewhere.
pub(crate) fn validate_status(schema: &Value, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(status) = object.get("status") {
        check(&schema["properties"]["status"], status, "", &mut errors);
    }
    errors
        .into_iter()
        .map(|error| error.within("status"))
        .collect()
}

/// The errors of `object` but for its status, which an update of the rest leaves as it is: what was taken by an earlier
/// definition may stay (kube-apiserver calls it ratcheting).
pub(crate) fn validate_rest(schema: &Value, object: &Value) -> Vec<FieldError> {
    let mut errors = validate(schema, object);
    errors.retain(|it| it.field() != "status" && !it.field().starts_with("status."));
    errors
}

fn check(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if value.is_null() && flag(schema, "nullable") {
        return;
    }
    if !type_fits(schema, value) {
        let wanted = if flag(schema, "x-kubernetes-int-or-string") {
            "integer,string"
        } else {
            wanted_type(schema)
        };
        errors.push(FieldError::wrong_type(path, value, wanted));
        return;
    }
    check_enum(schema, value, path, errors);
    match value {
        Value::String(text) => check_string(schema, text, path, errors),
        Value::Number(_) => check_number(schema, value, path, errors),
        Value::Array(items) => {
            check_size(schema, items.len(), "Items", path, value, errors);
            for (index, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{index}]"), errors);
            }
        }
        Value::Object(_) => check_object(schema, value, path, errors),
        _ => {}
    }
    check_combinations(schema, value, path, errors);
}

fn wanted_type(schema: &Value) -> &str {
    schema["type"].as_str().unwrap_or_default()
}

fn type_fits(schema: &Value, value: &Value) -> bool {
    if flag(schema, "x-kubernetes-int-or-string") {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match wanted_type(schema) {
        "string" => value.is_string(),
        // As JSON has it, 1.0 is an integer too.
        "integer" => {
            value.is_i64()
                || value.is_u64()
                || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn check_enum(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(supported) = schema["enum"].as_array()
        && !supported.contains(value)
    {
        errors.push(FieldError::unsupported(path, value, supported));
    }
}

fn check_string(schema: &Value, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let value = Value::from(text);
    let length = text.chars().count() as u64;
    if let Some(limit) = schema["maxLength"].as_u64().filter(|limit| length > *limit) {
        errors.push(FieldError::too_long(path, limit));
    }
    if let Some(limit) = schema["minLength"].as_u64().filter(|limit| length < *limit) {
        let why = format!("{path} in body should be at least {limit} chars long");
        errors.push(FieldError::invalid(path, &value, &why));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !matches(pattern, text)
    {
        errors.push(FieldError::invalid(
            path,
            &value,
            &format!("{path} in body should match '{pattern}'"),
        ));
    }
    let well_formed = match schema["format"].as_str() {
        Some("date-time") => text.parse::<Timestamp>().is_ok(),
        Some("date") => text.parse::<jiff::civil::Date>().is_ok(),
        _ => true,
    };
    if !well_formed {
        let format = schema["format"].as_str().unwrap_or_default();
        errors.push(FieldError::wrong_format(path, text, format));
    }
}

/// Whether `text` matches `pattern`, which is compiled once; one that cannot be compiled matches nothing.
fn matches(pattern: &str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<String, Option<Regex>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if !compiled.contains_key(pattern) {
        compiled.insert(pattern.to_owned(), Regex::new(pattern).ok());
    }
    compiled[pattern]
        .as_ref()
        .is_some_and(|regex| regex.is_match(text))
}

fn check_number(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let number = value.as_f64().unwrap_or_default();
    let mut complain = |why: String| {
        errors.push(FieldError::invalid(
            path,
            value,
            &format!("{path} in body {why}"),
        ))
    };
    let (minimum, maximum) = (&schema["minimum"], &schema["maximum"]);
    if let Some(limit) = minimum.as_f64() {
        if flag(schema, "exclusiveMinimum") && number <= limit {
            complain(format!("should be greater than {minimum}"));
        } else if number < limit {
            complain(format!("should be greater than or equal to {minimum}"));
        }
    }
    if let Some(limit) = maximum.as_f64() {
        if flag(schema, "exclusiveMaximum") && number >= limit {
            complain(format!("should be less than {maximum}"));
        } else if number > limit {
            complain(format!("should be less than or equal to {maximum}"));
        }
    }
}

/// `what` is `Items` or `Properties`.
fn check_size(
    schema: &Value,
    size: usize,
    what: &str,
    path: &str,
    value: &Value,
    errors: &mut Vec<FieldError>,
) {
    let (size, noun) = (size as u64, what.to_lowercase());
    if let Some(limit) = schema[format!("max{what}")]
        .as_u64()
        .filter(|limit| size > *limit)
    {
        errors.push(FieldError::too_many(path, size, limit));
    }
    if let Some(limit) = schema[format!("min{what}")]
        .as_u64()
        .filter(|limit| size < *limit)
    {
        let why = format!("{path} in body should have at least {limit} {noun}");
        errors.push(FieldError::invalid(path, value, &why));
    }
}

fn check_object(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Value::Object(map) = value else { return };
    check_size(schema, map.len(), "Properties", path, value, errors);
    for (key, value) in map {
        // Metadata of the object itself has a type of its own; its schema may only restrict its name.
        if path.is_empty() && key == "metadata" {
            continue;
        }
        if let Some(known) = schema["properties"].get(key).or_else(|| additional(schema)) {
            check(known, value, &join(path, key), errors);
        }
    }
    for required in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !map.contains_key(required) {
            errors.push(FieldError::required(&join(path, required)));
        }
    }
}

fn check_combinations(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let fits = |schema: &Value| {
        let mut found = Vec::new();
        check(schema, value, path, &mut found);
        found.is_empty()
    };
    let fitting = |name: &str| {
        schema[name]
            .as_array()
            .map(|all| (all.len(), all.iter().filter(|s| fits(s)).count()))
    };
    let mut complain = |why: &str| {
        errors.push(FieldError::invalid(
            path,
            value,
            &format!("{path} in body must validate {why}"),
        ));
    };
    if fitting("allOf").is_some_and(|(all, fit)| fit < all) {
        complain("all the schemas (allOf)");
    }
    if fitting("anyOf").is_some_and(|(_, fit)| fit == 0) {
        complain("at least one schema (anyOf)");
    }
    if fitting("oneOf").is_some_and(|(_, fit)| fit != 1) {
        complain("one and only one schema (oneOf)");
    }
    if schema.get("not").is_some_and(fits) {
        complain("not the schema (not)");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Rules that the comparison with a real API server (`tests/parity`) does not try.
    #[test]
    fn combinations_and_edges() {
        let one_of = json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
        let short = json!({"type": "string", "maxLength": 2});
        let one = json!({"type": "array", "minItems": 1});
        let open = json!({"type": "number", "maximum": 1, "exclusiveMaximum": true});
        for (field, good, bad, wrong) in [
            (one_of, json!({"a": 1}), json!({"a": 1, "b": 1}), "(oneOf)"),
            (short, json!("äö"), json!("abc"), "not be more than 2"),
            (one, json!([1]), json!([]), "should have at least 1 items"),
            (open, json!(0.9), json!(1), "should be less than 1"),
        ] {
            let schema = json!({"type": "object", "properties": {"f": field}});
            assert_eq!(validate(&schema, &json!({"f": good})), [], "{schema}");
            let errors = validate(&schema, &json!({"f": bad}));
            assert!(errors.len() == 1, "{schema}: {errors:?}");
            assert!(errors[0].message().contains(wrong), "{errors:?}");
        }
    }

    #[test]
    fn an_update_of_the_rest_leaves_the_status_as_it_is() {
        let field = json!({"type": "object", "properties": {"f": {"type": "integer"}}});
        let schema = json!({"properties": {"spec": field, "status": field}});
        let object = json!({"spec": {"f": "x"}, "status": {"f": "x"}});
        let fields = |errors: Vec<FieldError>| -> Vec<String> {
            errors.iter().map(|it| it.field().to_owned()).collect()
        };
        assert_eq!(fields(validate(&schema, &object)), ["spec.f", "status.f"]);
        assert_eq!(fields(validate_rest(&schema, &object)), ["spec.f"]);
        assert_eq!(fields(validate_status(&schema, &object)), ["status.f"]);
    }
}
