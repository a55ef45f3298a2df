//! Tables, as `kubectl get` asks for them: what comes in are objects and the columns of their kind, what goes out is a
//! `Table` of `meta.k8s.io/v1` with the cells that kube-apiserver would show.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{duration, view::partial};
use crate::store::{
    builtin,
    json_path::plain,
    kind::{Column, Kind},
    object::meta,
};

/// How much of each object goes with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

impl Include {
    /// The parameter `includeObject`.
    pub fn parse(parameter: Option<&str>) -> Self {
        match parameter {
            Some("None") => Self::None,
            Some("Object") => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// A table of `objects`, which are as clients of `kind` see them.
pub(crate) fn table<'a>(
    kind: &Kind,
    objects: impl IntoIterator<Item = &'a Value>,
    metadata: Value,
    include: Include,
    now: Timestamp,
) -> Value {
    let row = |object: &Value| {
        let cells = if &*kind.table == builtin::EVENTS {
            event_cells(object, now)
        } else {
            cells(kind, object, now)
        };
        let shown = match include {
            Include::None => Value::Null,
            Include::Metadata => partial(object),
            Include::Object => object.clone(),
        };
        json!({"cells": cells, "object": shown})
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns(kind),
        "rows": objects.into_iter().map(row).collect::<Vec<_>>(),
    })
}

fn columns(kind: &Kind) -> Vec<Value> {
    let column = |name: &str, type_: &str, format: &str, description: &str, priority: i64| {
        json!({
            "name": name, "type": type_, "format": format, "description": description, "priority": priority,
        })
    };
    if &*kind.table == builtin::EVENTS {
        let names = [
            ("Last Seen", 0),
            ("Type", 0),
            ("Reason", 0),
            ("Object", 0),
            ("Message", 0),
            ("Count", 1),
            ("Name", 1),
        ];
        return names
            .map(|(name, priority)| column(name, "string", "", name, priority))
            .into();
    }
    let declared = kind.columns.iter().map(|declared| {
        column(
            &declared.name,
            &declared.type_,
            &declared.format,
            &declared.description,
            declared.priority,
        )
    });
    let name = column(
        "Name",
        "string",
        "name",
        "The name of the object, unique in its namespace",
        0,
    );
    [name].into_iter().chain(declared).collect()
}

fn cells(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let declared = kind.columns.iter().map(|column| cell(column, object, now));
    [Value::from(meta(object, "name"))]
        .into_iter()
        .chain(declared)
        .collect()
}

/// One cell; null where there is no value, or one of another type than the column's.
fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let Some(value) = column.path.first(object).filter(|value| !value.is_null()) else {
        return Value::Null;
    };
    match column.type_.as_str() {
        "string" => plain(value).into(),
        "integer" if value.is_number() => value.as_i64().map_or(Value::Null, Value::from),
        "number" if value.is_number() => value.clone(),
        "boolean" if value.is_boolean() => value.clone(),
        "date" => duration::cell(value, now),
        _ => Value::Null,
    }
}

/// The row of an event in either shape, as kubectl's own columns for events have it.
fn event_cells(event: &Value, now: Timestamp) -> Vec<Value> {
    let either = |core: &str, new: &str| {
        if event[core].is_null() {
            &event[new]
        } else {
            &event[core]
        }
    };
    let seen = [
        &event["series"]["lastObservedTime"],
        either("lastTimestamp", "deprecatedLastTimestamp"),
        &event["eventTime"],
    ];
    let seen = seen
        .into_iter()
        .find(|time| !time.is_null())
        .unwrap_or(&Value::Null);
    let object = either("involvedObject", "regarding");
    let count = [
        &event["series"]["count"],
        either("count", "deprecatedCount"),
    ];
    let count = count.into_iter().find_map(Value::as_i64).unwrap_or(1);
    vec![
        duration::cell(seen, now),
        event["type"].clone(),
        event["reason"].clone(),
        format!(
            "{}/{}",
            plain(&object["kind"]).to_lowercase(),
            plain(&object["name"])
        )
        .into(),
        plain(either("message", "note")).trim().into(),
        count.into(),
        meta(event, "name").into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::json_path::JsonPath;

    #[test]
    fn cells_by_type() {
        let object = json!({"a": "text", "n": 3, "t": "2022-12-15T19:43:35Z", "l": ["x"], "b": true, "bad": "soon"});
        let now = "2022-12-15T19:44:22Z".parse().unwrap();
        for (type_, path, expected) in [
            ("string", ".a", json!("text")),
            ("string", ".n", json!("3")),
            ("string", ".l", json!("[\"x\"]")),
            ("string", ".none", json!(null)),
            ("integer", ".n", json!(3)),
            ("integer", ".a", json!(null)),
            ("boolean", ".b", json!(true)),
            ("date", ".t", json!("47s")),
            ("date", ".none", json!(null)),
            ("date", ".bad", json!("<invalid>")),
        ] {
            let column = Column {
                type_: type_.to_owned(),
                path: JsonPath::parse(path).unwrap(),
                ..Column::age()
            };
            assert_eq!(cell(&column, &object, now), expected, "{type_} {path}");
        }
    }

    #[test]
    fn the_name_comes_first_and_age_is_added() {
        let kind = Kind::built_in("g", "v1", "Thing", "things");
        let object = json!({"metadata": {"name": "a", "creationTimestamp": "2022-12-15T19:43:35Z"}, "spec": {}});
        let now = "2022-12-15T19:48:35Z".parse().unwrap();
        let table = table(&kind, [&object], json!({}), Include::Metadata, now);
        assert_eq!(table["rows"][0]["cells"], json!(["a", "5m"]));
        assert_eq!(table["columnDefinitions"][1]["name"], "Age");
        assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
        assert!(table["rows"][0]["object"].get("spec").is_none());
    }
}
