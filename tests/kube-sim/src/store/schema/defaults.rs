//! Defaults: what comes in is a pruned object, what goes out is the same with the defaults of its schema filled in where
//! the object around them exists, and without the nulls that its schema does not allow.

use serde_json::Value;

use super::{additional, flag};

/// Fills in defaults. A null where null is not allowed gives way to the default or, where there is none, to nothing.
pub(crate) fn fill(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| {
                let known = schema["properties"].get(key).or_else(|| additional(schema));
                !value.is_null() || known.is_none_or(|known| flag(known, "nullable"))
            });
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                let Some(default) = property.get("default") else {
                    continue;
                };
                map.entry(key).or_insert_with(|| default.clone());
            }
            for (key, value) in map {
                if let Some(known) = schema["properties"].get(key).or_else(|| additional(schema)) {
                    fill(known, value);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| fill(&schema["items"], item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fills_in_where_there_is_something_around_it() {
        let inner = json!({"type": "object", "properties": {"a": {"default": 1}, "n": {"default": 2, "nullable": true}}});
        let schema = json!({"properties": {
            "list": {"items": inner}, "map": {"additionalProperties": inner}, "absent": inner,
            "made": {"default": {}, "properties": {"deep": {"default": "x"}}},
        }});
        let mut object = json!({"list": [{}, {"a": 5}], "map": {"k": {"a": null, "n": null}, "gone": null}, "unknown": null});
        fill(&schema, &mut object);
        assert_eq!(
            object,
            json!({
                "list": [{"a": 1, "n": 2}, {"a": 5, "n": 2}],
                "map": {"k": {"a": 1, "n": null}},
                "made": {"deep": "x"}, "unknown": null,
            })
        );
    }
}
