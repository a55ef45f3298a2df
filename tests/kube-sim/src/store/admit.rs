//! Admission: what comes in is an object as a client sent it, what goes out is the same in the shape of its kind (type,
//! namespace, metadata, known fields, defaults), or why it cannot be read. Whether it may be kept is decided where it is
//! written.

use serde_json::Value;

use super::{
    builtin, event,
    failure::Failure,
    field_error::FieldError,
    json_path::plain,
    kind::{Form, Kind},
    metadata,
    object::{map_mut, meta, metadata_mut},
    schema,
    write::Options,
};

/// Brings what a client sent into the shape of its kind: type, namespace, metadata, known fields, defaults.
pub(crate) fn admit(
    kind: &Kind,
    namespace: Option<&str>,
    object: &mut Value,
    options: &Options,
) -> Result<(), Failure> {
    if !object.is_object() {
        return Err(Failure::bad_request(
            "the object provided is unrecognized: it must be a JSON object",
        ));
    }
    shape(kind, object)?;
    place_in(namespace, object)?;
    let Some(schema) = &kind.schema else {
        return Ok(());
    };
    let unknown: Vec<_> = schema::prune(schema, object)
        .iter()
        .map(|path| format!("unknown field \"{path}\""))
        .collect();
    schema::fill(schema, object);
    if options.strict && !unknown.is_empty() {
        let why = format!("strict decoding error: {}", unknown.join(", "));
        return Err(Failure::unreadable(kind, &why));
    }
    Ok(())
}

/// Type, metadata, and what built-in kinds have of their own.
fn shape(kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    check_type(kind, object)?;
    if &*kind.table != builtin::EVENTS {
        return metadata::normalize(kind, object);
    }
    if kind.form != Form::NewEvent {
        return Err(Failure::not_simulated("writes of events in core v1"));
    }
    event::inward(object);
    metadata::normalize(kind, object)?;
    event::complete(map_mut(object));
    if let Some(time) = event::unreadable_time(object) {
        let layout = "2006-01-02T15:04:05.000000Z07:00";
        return Err(Failure::unreadable(
            kind,
            &format!("parsing time {time:?} as {layout:?}: cannot parse"),
        ));
    }
    Ok(())
}

fn check_type(kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    let expected = kind.api_version();
    let sent = plain(&object["apiVersion"]);
    if sent.is_empty() {
        object["apiVersion"] = expected.into();
    } else if sent != expected {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({sent}) does not match the expected API version ({expected})"
        )));
    }
    let sent = plain(&object["kind"]);
    if sent.is_empty() {
        object["kind"] = kind.kind.as_str().into();
    } else if sent != kind.kind {
        let why = format!("must be {}", kind.kind);
        let error = FieldError::invalid("kind", &object["kind"], &why);
        let stranger = Kind {
            kind: sent,
            ..kind.clone()
        };
        return Err(Failure::invalid(&stranger, meta(object, "name"), &[error]));
    }
    Ok(())
}

fn place_in(namespace: Option<&str>, object: &mut Value) -> Result<(), Failure> {
    let sent = meta(object, "namespace").to_owned();
    match namespace {
        Some(namespace) if sent.is_empty() => {
            metadata_mut(object).insert("namespace".to_owned(), namespace.into());
        }
        Some(namespace) if sent != namespace => {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        Some(_) => {}
        None => {
            metadata_mut(object).remove("namespace");
        }
    }
    Ok(())
}
