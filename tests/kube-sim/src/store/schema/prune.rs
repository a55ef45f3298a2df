//! Pruning: what comes in is an object with whatever fields a client sent, what goes out is the object with the fields
//! that its schema knows, and the paths of those that were dropped.

use serde_json::Value;

use super::{additional, flag, join};

/// Drops from `object` what `schema` does not know and returns the paths of it. `apiVersion`, `kind` and `metadata` of
/// the object, and of embedded resources, are always known.
pub(crate) fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune_value(schema, object, "", true, &mut dropped);
    dropped
}

fn prune_value(
    schema: &Value,
    value: &mut Value,
    path: &str,
    resource: bool,
    dropped: &mut Vec<String>,
) {
    match value {
        Value::Object(_) => prune_map(schema, value, path, resource, dropped),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                prune_value(
                    &schema["items"],
                    item,
                    &format!("{path}[{index}]"),
                    embedded(&schema["items"]),
                    dropped,
                );
            }
        }
        _ => {}
    }
}

fn prune_map(
    schema: &Value,
    value: &mut Value,
    path: &str,
    resource: bool,
    dropped: &mut Vec<String>,
) {
    let Value::Object(map) = value else { return };
    let keeps = flag(schema, "x-kubernetes-preserve-unknown-fields");
    map.retain(|key, value| {
        let path = join(path, key);
        if resource && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            return true;
        }
        if let Some(known) = schema["properties"].get(key).or_else(|| additional(schema)) {
            // `additionalProperties: true` knows everything below it.
            if !known.is_boolean() {
                prune_value(known, value, &path, embedded(known), dropped);
            }
            return true;
        }
        if !keeps {
            dropped.push(path);
        }
        keeps
    });
}

fn embedded(schema: &Value) -> bool {
    flag(schema, "x-kubernetes-embedded-resource")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_what_the_schema_knows() {
        let schema = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {
                "size": {"type": "integer"},
                "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
                "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"b": {}}}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {"strict": {"type": "object", "properties": {"c": {}}}}},
            }},
        }});
        let mut object = json!({
            "apiVersion": "g/v1", "kind": "Thing", "metadata": {"name": "x"}, "extra": 1,
            "spec": {
                "size": 1, "typo": 1,
                "list": [{"a": "x", "z": 1}],
                "map": {"any": {"b": 1, "z": 1}},
                "free": {"anything": {"deep": 1}, "strict": {"c": 1, "z": 1}},
            },
        });
        let mut dropped = prune(&schema, &mut object);
        dropped.sort();
        assert_eq!(
            dropped,
            [
                "extra",
                "spec.free.strict.z",
                "spec.list[0].z",
                "spec.map.any.z",
                "spec.typo"
            ]
        );
        assert_eq!(
            object,
            json!({
                "apiVersion": "g/v1", "kind": "Thing", "metadata": {"name": "x"},
                "spec": {
                    "size": 1, "list": [{"a": "x"}], "map": {"any": {"b": 1}},
                    "free": {"anything": {"deep": 1}, "strict": {"c": 1}},
                },
            })
        );
    }
}
