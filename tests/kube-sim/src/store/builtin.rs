//! The kinds that every cluster has, and what is particular about them. They are served without a schema: all fields
//! are kept as they come, and only events are checked, because clients get those wrong.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    crd, event,
    field_error::FieldError,
    json_path::JsonPath,
    kind::{Column, Field, Form, Kind},
    object::{deleting, map_mut, meta},
};

/// The table of the definitions themselves.
pub(crate) const CRDS: &str = "customresourcedefinitions.apiextensions.k8s.io";
/// The table of namespaces.
pub(crate) const NAMESPACES: &str = "namespaces";
/// The table of leases.
const LEASES: &str = "leases.coordination.k8s.io";
/// The table of both kinds of events.
pub(crate) const EVENTS: &str = "events";

/// All of them.
pub(crate) fn kinds() -> Vec<Kind> {
    let namespace = Kind {
        namespaced: false,
        status: true,
        short_names: vec!["ns".to_owned()],
        selectable: vec![Field::named("status.phase")],
        columns: vec![Column::text("Status", "status.phase"), Column::age()],
        ..Kind::built_in("", "v1", "Namespace", "namespaces")
    };
    let secret = Kind {
        selectable: vec![Field::named("type")],
        columns: vec![Column::text("Type", "type"), Column::age()],
        ..Kind::built_in("", "v1", "Secret", "secrets")
    };
    let config_map = Kind {
        short_names: vec!["cm".to_owned()],
        ..Kind::built_in("", "v1", "ConfigMap", "configmaps")
    };
    let lease = Kind {
        create_on_update: true,
        unconditional: false,
        columns: vec![Column::text("Holder", "spec.holderIdentity"), Column::age()],
        ..Kind::built_in("coordination.k8s.io", "v1", "Lease", "leases")
    };
    let [event, new_event] = events();
    vec![
        namespace,
        event,
        secret,
        config_map,
        lease,
        new_event,
        definition(),
    ]
}

/// The kind of definitions.
fn definition() -> Kind {
    Kind {
        namespaced: false,
        status: true,
        short_names: vec!["crd".to_owned(), "crds".to_owned()],
        unconditional: false,
        columns: vec![Column::created()],
        ..Kind::built_in(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        )
    }
}

/// Both views of events.
fn events() -> [Kind; 2] {
    let named = |names: &[&str]| names.iter().copied().map(Field::named).collect::<Vec<_>>();
    let common = ["reason", "type", "reportingComponent"];
    let object = [
        "kind",
        "namespace",
        "name",
        "uid",
        "apiVersion",
        "resourceVersion",
        "fieldPath",
    ];
    let of = |prefix: &str| {
        object
            .iter()
            .map(|field| Field::named(&format!("{prefix}.{field}")))
            .collect::<Vec<_>>()
    };
    let short_names = vec!["ev".to_owned()];
    let core = Kind {
        selectable: [named(&common), of("involvedObject"), named(&["source"])].concat(),
        create_on_update: true,
        short_names: short_names.clone(),
        ..Kind::built_in("", "v1", "Event", "events")
    };
    let new = Kind {
        selectable: [
            named(&["reason", "type", "reportingController"]),
            of("regarding"),
        ]
        .concat(),
        create_on_update: true,
        form: Form::NewEvent,
        short_names,
        table: EVENTS.into(),
        ..Kind::built_in("events.k8s.io", "v1", "Event", "events")
    };
    [core, new]
}

impl Column {
    fn text(name: &str, path: &str) -> Self {
        let (type_, description) = ("string".to_owned(), format!("The field {path}"));
        Self {
            name: name.to_owned(),
            type_,
            description,
            path: JsonPath::fields(path),
            ..Self::age()
        }
    }

    fn created() -> Self {
        Self {
            name: "Created At".to_owned(),
            type_: "string".to_owned(),
            ..Self::age()
        }
    }
}

/// Fills in what the API server itself writes into an object of a built-in kind, new or changed.
pub(crate) fn complete(kind: &Kind, object: &mut Value, now: &str) {
    match &*kind.table {
        NAMESPACES => {
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
        "secrets" => {
            map_mut(object).entry("type").or_insert("Opaque".into());
        }
        CRDS => crd::establish(object, now),
        _ => {}
    }
}

/// The fields of a built-in kind whose times are to the microsecond: RFC 3339 with exactly six decimals, nothing else
/// can be read by programs in Go. The first that is not so.
pub(crate) fn unreadable_time<'a>(kind: &Kind, object: &'a Value) -> Option<&'a str> {
    let pointers: &[&str] = match &*kind.table {
        EVENTS => &["/eventTime", "/series/lastObservedTime"],
        LEASES => &["/spec/acquireTime", "/spec/renewTime"],
        _ => &[],
    };
    let times = pointers
        .iter()
        .filter_map(|pointer| object.pointer(pointer)?.as_str());
    let six_decimals = |time: &str| {
        let (_, fraction) = time.split_once('.')?;
        let zone = fraction.get(6..)?;
        let digits = fraction[..6].bytes().all(|digit| digit.is_ascii_digit());
        (digits && zone.starts_with(['Z', '+', '-']) && time.parse::<Timestamp>().is_ok())
            .then_some(())
    };
    times.into_iter().find(|time| six_decimals(time).is_none())
}

/// What is wrong with an object of a built-in kind; `old` is what it replaces.
pub(crate) fn check(kind: &Kind, old: Option<&Value>, object: &Value) -> Vec<FieldError> {
    match &*kind.table {
        EVENTS => event::check(kind, old, object),
        CRDS => crd::kinds(object).err().unwrap_or_default(),
        _ => Vec::new(),
    }
}
