//! What answers look like: what comes in are objects as they are kept, what goes out is JSON in the shape that the
//! client asked for: whole objects, their metadata alone, or a table for people. Nothing here selects or changes.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::table::{self, Include};
use crate::store::{
    kind::Kind,
    object::{Object, map_mut},
    state::{shown, shown_as_kept},
};

/// The shape of an answer, from the `Accept` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    Metadata,
    Table(Include),
}

impl Shape {
    /// The first that can be served; where nothing is said, whole objects.
    pub fn parse(accept: &str, include: Option<&str>) -> Self {
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let json = matches!(parts.next(), Some("application/json" | "*/*"));
            match parts.find_map(|part| part.strip_prefix("as=")) {
                _ if !json => {}
                Some("Table") => return Self::Table(Include::parse(include)),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    return Self::Metadata;
                }
                Some(_) => {}
                None => return Self::Whole,
            }
        }
        Self::Whole
    }
}

/// A way of showing objects of one kind at one moment.
#[derive(Clone)]
pub(crate) struct View {
    pub kind: Arc<Kind>,
    pub shape: Shape,
}

impl View {
    /// One object.
    pub fn one(&self, object: &Object, now: Timestamp) -> Bytes {
        match self.shape {
            Shape::Whole if shown_as_kept(&self.kind, object) => Bytes::from_owner(object.text()),
            Shape::Whole => shown(&self.kind, object).to_string().into(),
            Shape::Metadata => partial(&object.value).to_string().into(),
            Shape::Table(include) => {
                let object = shown(&self.kind, object);
                let version = object["metadata"]["resourceVersion"].clone();
                table::table(
                    &self.kind,
                    [&object],
                    json!({"resourceVersion": version}),
                    include,
                    now,
                )
                .to_string()
                .into()
            }
        }
    }

    /// A collection; `metadata` is that of the list.
    pub fn list(&self, objects: &[Arc<Object>], metadata: Value, now: Timestamp) -> Bytes {
        if let Shape::Table(include) = self.shape {
            let objects: Vec<_> = objects
                .iter()
                .map(|object| shown(&self.kind, object))
                .collect();
            return table::table(&self.kind, &objects, metadata, include, now)
                .to_string()
                .into();
        }
        let (api_version, kind) = match self.shape {
            Shape::Metadata => ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadataList"),
            _ => (self.kind.api_version(), self.kind.list_kind.as_str()),
        };
        // By hand, so that the text of each object is made once and not with each list.
        let head = format!(
            r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{metadata},"items":["#
        );
        let mut text = head.into_bytes();
        for (index, object) in objects.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(&self.item(object, now));
        }
        text.extend_from_slice(b"]}");
        text.into()
    }

    /// One object in a list: those of built-in kinds do not say again what the list says, since Go's types do not.
    fn item(&self, object: &Object, now: Timestamp) -> Bytes {
        if self.kind.custom || self.shape != Shape::Whole {
            return self.one(object, now);
        }
        let mut object = shown(&self.kind, object);
        let fields = map_mut(&mut object);
        fields.remove("apiVersion");
        fields.remove("kind");
        object.to_string().into()
    }

    /// One line of a watch.
    pub fn event(&self, type_: &str, object: &Object, now: Timestamp) -> Vec<u8> {
        line(type_, &self.one(object, now))
    }

    /// A line of a watch that says how far it has come.
    pub fn bookmark(&self, rv: u64, initial_end: bool) -> Vec<u8> {
        let mut metadata = json!({"resourceVersion": rv.to_string()});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let (api_version, kind) = match self.shape {
            Shape::Whole => (self.kind.api_version(), self.kind.kind.as_str()),
            Shape::Metadata => ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadata"),
            Shape::Table(_) => ("meta.k8s.io/v1".to_owned(), "Table"),
        };
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
        if matches!(self.shape, Shape::Table(_)) {
            object["columnDefinitions"] = json!([]);
            object["rows"] = json!([]);
        }
        line("BOOKMARK", object.to_string().as_bytes())
    }
}

/// A line of a watch.
pub(crate) fn line(type_: &str, object: &[u8]) -> Vec<u8> {
    let mut line = format!(r#"{{"type":"{type_}","object":"#).into_bytes();
    line.extend_from_slice(object);
    line.extend_from_slice(b"}\n");
    line
}

/// The metadata of an object alone.
pub(crate) fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_acceptable_shape() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        for (accept, include, expected) in [
            ("application/json", None, Shape::Whole),
            ("", None, Shape::Whole),
            (
                "application/vnd.kubernetes.protobuf, application/json",
                None,
                Shape::Whole,
            ),
            (table, None, Shape::Table(Include::Metadata)),
            (table, Some("Object"), Shape::Table(Include::Object)),
            (
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                None,
                Shape::Metadata,
            ),
            (
                "application/json;as=Unheard;v=v1, application/json",
                None,
                Shape::Whole,
            ),
        ] {
            assert_eq!(Shape::parse(accept, include), expected, "{accept}");
        }
    }
}
