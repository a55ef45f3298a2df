//! The kinds that every cluster has, namespaces and events, and what is particular about them. They are served without a
//! schema: all fields are kept as they come, and only events are checked, because clients get those wrong.

use serde_json::{Value, json};

use super::{
    event,
    field_error::FieldError,
    kind::{Form, Kind},
    object::{deleting, map_mut, meta},
};

/// The table of namespaces.
pub(crate) const NAMESPACES: &str = "namespaces";
/// The table of both kinds of events.
pub(crate) const EVENTS: &str = "events";

/// All of them.
pub(crate) fn kinds() -> [Kind; 3] {
    let namespace = Kind {
        namespaced: false,
        status: true,
        short_names: vec!["ns".to_owned()],
        ..Kind::built_in("", "v1", "Namespace", NAMESPACES)
    };
    let event = Kind {
        short_names: vec!["ev".to_owned()],
        ..Kind::built_in("", "v1", "Event", EVENTS)
    };
    let new_event = Kind {
        short_names: event.short_names.clone(),
        form: Form::NewEvent,
        table: EVENTS.into(),
        ..Kind::built_in("events.k8s.io", "v1", "Event", EVENTS)
    };
    [namespace, event, new_event]
}

/// Fills in what the API server itself writes into an object of a built-in kind, new or changed.
pub(crate) fn complete(kind: &Kind, object: &mut Value) {
    if &*kind.table == NAMESPACES {
        let name = meta(object, "name").to_owned();
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
        let phase = if deleting(object) {
            "Terminating"
        } else {
            "Active"
        };
        object["status"] = json!({"phase": phase});
        map_mut(object)
            .entry("spec")
            .or_insert_with(|| json!({"finalizers": ["kubernetes"]}));
    }
}

/// What is wrong with an object of a built-in kind; `old` is what it replaces.
pub(crate) fn check(kind: &Kind, old: Option<&Value>, object: &Value) -> Vec<FieldError> {
    if &*kind.table == EVENTS {
        event::check(old, object)
    } else {
        Vec::new()
    }
}
