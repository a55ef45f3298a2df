//! What answers look like: what comes in are objects as they are kept, what goes out is JSON in the shape that the
//! client asked for: whole objects, or a table for people. Nothing here selects or changes.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::table;
use crate::store::{
    Failure,
    kind::Kind,
    object::{Object, map_mut},
    state::shown,
};

/// The shape of an answer, from the `Accept` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    Table,
}

impl Shape {
    /// The first that can be served; where nothing is said, whole objects.
    pub fn parse(accept: &str) -> Result<Self, Failure> {
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let json = matches!(parts.next(), Some("application/json" | "*/*"));
            match parts.find_map(|part| part.strip_prefix("as=")) {
                _ if !json => {}
                Some("Table") => return Ok(Self::Table),
                Some(other) => return Err(Failure::not_simulated(format!("answers as {other}"))),
                None => return Ok(Self::Whole),
            }
        }
        Ok(Self::Whole)
    }
}

/// A way of showing objects of one kind.
#[derive(Clone)]
pub(crate) struct View {
    pub kind: Arc<Kind>,
    pub shape: Shape,
}

impl View {
    /// One object.
    pub fn one(&self, object: &Object, now: Timestamp) -> Value {
        let object = shown(&self.kind, object);
        match self.shape {
            Shape::Whole => object,
            Shape::Table => {
                let version = &object["metadata"]["resourceVersion"];
                let metadata = json!({"resourceVersion": version});
                table::table(&self.kind, &[object], metadata, now)
            }
        }
    }

    /// A collection; `metadata` is that of the list.
    pub fn list(&self, objects: &[Arc<Object>], metadata: Value, now: Timestamp) -> Value {
        let shown = objects.iter().map(|object| shown(&self.kind, object));
        let mut objects: Vec<_> = shown.collect();
        if self.shape == Shape::Table {
            return table::table(&self.kind, &objects, metadata, now);
        }
        if !self.kind.custom {
            // These do not say again what the list says, since Go's types do not.
            for fields in objects.iter_mut().map(map_mut) {
                fields.remove("apiVersion");
                fields.remove("kind");
            }
        }
        json!({
            "kind": self.kind.list_kind, "apiVersion": self.kind.api_version(), "metadata": metadata,
            "items": objects,
        })
    }

    /// One line of a watch.
    pub fn event(&self, type_: &str, object: &Object, now: Timestamp) -> String {
        line(type_, &self.one(object, now))
    }

    /// A line of a watch that says how far it has come.
    pub fn bookmark(&self, rv: u64) -> String {
        let metadata = json!({"resourceVersion": rv.to_string()});
        let object = match self.shape {
            Shape::Whole => json!({
                "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata,
            }),
            Shape::Table => json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "columnDefinitions": [], "rows": [],
            }),
        };
        line("BOOKMARK", &object)
    }
}

/// A line of a watch.
pub(crate) fn line(type_: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": type_, "object": object}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_acceptable_shape() {
        for (accept, expected) in [
            ("application/json", Some(Shape::Whole)),
            ("", Some(Shape::Whole)),
            (
                "application/vnd.kubernetes.protobuf, application/json",
                Some(Shape::Whole),
            ),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
                Some(Shape::Table),
            ),
            ("application/json;as=PartialObjectMetadata;v=v1", None),
        ] {
            assert_eq!(Shape::parse(accept).ok(), expected, "{accept}");
        }
    }
}
