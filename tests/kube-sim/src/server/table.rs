//! Tables, as `kubectl get` asks for them: what comes in are objects and the columns of their kind, what goes out is a
//! `Table` of `meta.k8s.io/v1` with the cells that kube-apiserver would show.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::duration;
use crate::store::{
    json_path::plain,
    kind::{Column, Kind},
    object::meta,
};

/// A table of `objects`, which are as clients of `kind` see them. With each row goes the metadata of its object.
pub(crate) fn table(kind: &Kind, objects: &[Value], metadata: Value, now: Timestamp) -> Value {
    let row = |object: &Value| {
        let declared = kind.columns.iter().map(|column| cell(column, object, now));
        let name = Value::from(meta(object, "name"));
        let cells: Vec<_> = [name].into_iter().chain(declared).collect();
        let partial = json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
        });
        json!({"cells": cells, "object": partial})
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns(kind),
        "rows": objects.iter().map(row).collect::<Vec<_>>(),
    })
}

fn columns(kind: &Kind) -> Vec<Value> {
    let name = json!({
        "name": "Name", "type": "string", "format": "name", "priority": 0,
        "description": "The name of the object, unique in its namespace",
    });
    let declared = kind.columns.iter().map(|column| {
        json!({
            "name": column.name, "type": column.type_, "format": column.format,
            "description": column.description, "priority": column.priority,
        })
    });
    [name].into_iter().chain(declared).collect()
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
}
