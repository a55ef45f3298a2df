//! One version of one object, and how to read Kubernetes metadata out of JSON. Objects never change: a write makes a
//! new one, so that lists, watches and the history share them.

use serde_json::{Map, Value};

/// An object as it was from one resource version to the next.
#[derive(Debug)]
pub(crate) struct Object {
    /// With `metadata.resourceVersion` as in `rv`.
    pub value: Value,
    pub rv: u64,
}

impl Object {
    /// Writes `rv` into the metadata.
    pub fn new(mut value: Value, rv: u64) -> Self {
        metadata_mut(&mut value).insert("resourceVersion".to_owned(), rv.to_string().into());
        Self { value, rv }
    }

    pub fn meta(&self, field: &str) -> &str {
        meta(&self.value, field)
    }
}

/// A string of the metadata, empty where there is none.
pub(crate) fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The metadata, made where there is none.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    let metadata = &mut object["metadata"];
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    map_mut(metadata)
}

/// The map in `value`, which is replaced by an empty one if it is none.
pub(crate) fn map_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made an object above"),
    }
}

/// Finalizers, in order.
pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Owner references, in order.
pub(crate) fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
}

/// Whether its deletion was asked for.
pub(crate) fn deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}
