//! Events, which Kubernetes shows in two shapes: core `v1` and `events.k8s.io/v1`. They are kept in the first, and
//! written in the second alone. What comes in and goes out here is an event in either shape, and what is wrong with one.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    field_error::FieldError,
    json_path::plain,
    object::{map_mut, meta},
};

/// The names of the same field: in core `v1`, in `events.k8s.io/v1`.
const RENAMED: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// A new event into the shape in which it is kept.
pub(crate) fn inward(event: &mut Value) {
    let fields = map_mut(event);
    for (core, new) in RENAMED {
        if let Some(value) = fields.remove(new) {
            fields.insert(core.to_owned(), value);
        }
    }
    fields.insert("apiVersion".to_owned(), "v1".into());
}

/// A kept event into the new shape.
pub(crate) fn outward(event: &mut Value) {
    let fields = map_mut(event);
    for (core, new) in RENAMED {
        if let Some(value) = fields.remove(core) {
            fields.insert(new.to_owned(), value);
        }
    }
    fields.insert("apiVersion".to_owned(), "events.k8s.io/v1".into());
}

/// Fills in the fields that Go's encoding of core events never leaves out, which clients rely on.
pub(crate) fn complete(event: &mut Map<String, Value>) {
    for (field, empty) in [
        ("involvedObject", json!({})),
        ("source", json!({})),
        ("firstTimestamp", Value::Null),
        ("lastTimestamp", Value::Null),
        ("eventTime", Value::Null),
        ("reportingComponent", json!("")),
        ("reportingInstance", json!("")),
    ] {
        event.entry(field).or_insert(empty);
    }
}

/// The first of the times of a kept event that is not to the microsecond: RFC 3339 with exactly six decimals, nothing
/// else can be read by programs in Go.
pub(crate) fn unreadable_time(event: &Value) -> Option<&str> {
    let times = [&event["eventTime"], &event["series"]["lastObservedTime"]];
    let six_decimals = |time: &str| {
        let (_, fraction) = time.split_once('.')?;
        let zone = fraction.get(6..)?;
        let digits = fraction[..6].bytes().all(|digit| digit.is_ascii_digit());
        (digits && zone.starts_with(['Z', '+', '-']) && time.parse::<Timestamp>().is_ok())
            .then_some(())
    };
    let mut times = times.into_iter().filter_map(Value::as_str);
    times.find(|time| six_decimals(time).is_none())
}

/// What is wrong with a kept event; the rules and words are those of Kubernetes' `ValidateEventCreate` and
/// `ValidateEventUpdate`.
pub(crate) fn check(old: Option<&Value>, event: &Value) -> Vec<FieldError> {
    let mut errors = check_always(event);
    match old {
        None => check_new(event, &mut errors),
        Some(old) => check_changes(old, event, &mut errors),
    }
    errors
}

fn check_always(event: &Value) -> Vec<FieldError> {
    let modern = event["eventTime"].is_string();
    let mut errors: Vec<_> = check_namespace(event, modern).into_iter().collect();
    if !modern {
        return errors;
    }
    for (field, name, limit) in [
        ("reportingComponent", "reportingController", 63),
        ("reportingInstance", "reportingInstance", 128),
        ("action", "action", 128),
        ("reason", "reason", 128),
    ] {
        match plain(&event[field]).len() {
            0 => errors.push(FieldError::required(name)),
            length if length > limit => {
                errors.push(concealed(
                    name,
                    &format!("can have at most {limit} characters"),
                ));
            }
            _ => {}
        }
    }
    if plain(&event["message"]).len() > 1024 {
        errors.push(concealed("message", "can have at most 1024 characters"));
    }
    errors
}

/// Where an event has a time of the new kind, only events about cluster-scoped objects are held to a namespace.
fn check_namespace(event: &Value, modern: bool) -> Option<FieldError> {
    let (involved, namespace) = (
        &event["involvedObject"]["namespace"],
        meta(event, "namespace"),
    );
    let fits = match plain(involved).as_str() {
        "" => namespace == "default" || (modern && namespace == "kube-system"),
        involved => modern || involved == namespace,
    };
    let why = "does not match event.namespace";
    (!fits).then(|| FieldError::invalid("involvedObject.namespace", involved, why))
}

/// Kubernetes does not show the values of events that it refuses.
fn concealed(field: &str, why: &str) -> FieldError {
    FieldError::invalid(field, &json!(""), why)
}

fn check_new(event: &Value, errors: &mut Vec<FieldError>) {
    if !event["eventTime"].is_string() {
        errors.push(FieldError::required("eventTime"));
    }
    let type_ = plain(&event["type"]);
    if !["Normal", "Warning"].contains(&type_.as_str()) {
        errors.push(concealed("type", &format!("has invalid value: {type_}")));
    }
    check_series(event, errors);
    for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
        let value = &event[field];
        let unset = value.is_null() || *value == json!({}) || *value == json!(0);
        if !unset {
            errors.push(concealed(field, "needs to be unset"));
        }
    }
}

fn check_series(event: &Value, errors: &mut Vec<FieldError>) {
    let series = &event["series"];
    if series.is_null() {
        return;
    }
    if series["count"].as_i64().unwrap_or_default() <= 1 {
        errors.push(concealed("series.count", "should be at least 2"));
    }
    if !series["lastObservedTime"].is_string() {
        errors.push(FieldError::required("series.lastObservedTime"));
    }
}

/// Only the series of an event may change.
fn check_changes(old: &Value, event: &Value, errors: &mut Vec<FieldError>) {
    for field in [
        "involvedObject",
        "reason",
        "message",
        "source",
        "firstTimestamp",
        "lastTimestamp",
        "count",
        "type",
        "eventTime",
        "action",
        "related",
        "reportingComponent",
        "reportingInstance",
    ] {
        if old[field] != event[field] {
            let name = if field == "reportingComponent" {
                "reportingController"
            } else {
                field
            };
            errors.push(FieldError::invalid(
                name,
                &event[field],
                "field is immutable",
            ));
        }
    }
    check_series(event, errors);
}
