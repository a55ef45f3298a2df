//! Carrying requests out: what comes in is a request that got through, what goes out is the cluster's answer. This is
//! the table of what is served where; each verb's work is in a file of its own.

use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::{
    call::Call,
    discovery,
    inner::Inner,
    log::Verb,
    openapi,
    path::{Path, Target},
    reply::Reply,
    view::{Shape, View},
    watch::Watch,
};
use crate::store::{
    delete::{DeleteOptions, Deleted, gone},
    failure::Failure,
    field_error::FieldError,
    kind::Kind,
    object::{Object, meta},
    patch::Patch,
    selector::Selector,
    state::{State, shown},
    tables::Place,
    time::seconds,
    write::{Options, Strictness, Written, check_name},
};

impl Inner {
    /// Carries out one request, all of it at once.
    pub fn carry_out(self: &Arc<Self>, call: &Call) -> Reply {
        let reply = {
            let mut state = self.state();
            match &call.path {
                Path::Other(segments) if call.method_known => other(&state, segments, &self.name),
                Path::Other(_) => Err(Failure::method_not_allowed()),
                Path::Resource(target) => match served(&state, target) {
                    Some(kind) if call.method_known => {
                        self.resource(&mut state, &kind, target, call)
                    }
                    Some(_) => Err(Failure::method_not_allowed()),
                    None => Ok(Reply::nothing_here()),
                },
            }
        };
        self.announce();
        reply.unwrap_or_else(|failure| Reply::failure(&failure))
    }

    fn resource(
        self: &Arc<Self>,
        state: &mut State,
        kind: &Arc<Kind>,
        target: &Target,
        call: &Call,
    ) -> Result<Reply, Failure> {
        check_subresource(kind, target)?;
        let view = View {
            kind: kind.clone(),
            shape: call.shape,
        };
        let (options, namespace) = (options(call), target.namespace.as_deref());
        let read =
            |state: &State| state.read(kind, namespace, target.name.as_deref().unwrap_or_default());
        match call.request.verb {
            Verb::Get => Ok(Reply::json(200, view.one(&*read(state)?, call.at))),
            Verb::List => {
                let page = state.page(kind, namespace, &selector(kind, call)?, &call.query)?;
                Ok(Reply::json(
                    200,
                    view.list(&page.objects, page.metadata, call.at),
                ))
            }
            Verb::Watch => {
                let selector = selector(kind, call)?;
                Watch::open(self, state, view, namespace, selector, &call.query).map(Reply::watch)
            }
            Verb::Create => {
                let made = state.create(kind, namespace, body(call)?, &options)?;
                Ok(written(&view, made, call))
            }
            Verb::Update => update(state, &view, target, call, &options),
            Verb::Patch => patch(state, &view, target, call, &options),
            Verb::Delete => delete(state, &view, &read(state)?, call),
            Verb::DeleteCollection => delete_all(state, &view, namespace, call),
            Verb::Discover => Ok(Reply::nothing_here()),
        }
    }
}

/// The kind at `target`; none where nothing is served.
fn served(state: &State, target: &Target) -> Option<Arc<Kind>> {
    let kind = state
        .kinds
        .by_url(&target.group, &target.version, &target.plural)?;
    let scope = kind.namespaced || target.namespace.is_none();
    // An object of a namespaced kind is in a namespace; only its collections can be asked for in all of them.
    let object = !kind.namespaced || target.namespace.is_some() || target.name.is_none();
    // A custom kind without this subresource answers for itself, see `check_subresource`.
    let subresource = match target.subresource.as_deref() {
        None => true,
        Some("status") => kind.status || kind.custom,
        Some(_) => false,
    };
    (scope && object && subresource).then_some(kind)
}

/// Refuses the status of kinds that have none apart, in the words for an object that is not there.
fn check_subresource(kind: &Kind, target: &Target) -> Result<(), Failure> {
    if target.subresource.is_some() && !kind.status {
        return Err(Failure::not_found(
            kind,
            target.name.as_deref().unwrap_or_default(),
        ));
    }
    Ok(())
}

fn other(state: &State, segments: &[String], name: &str) -> Result<Reply, Failure> {
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let found = match segments.as_slice() {
        ["healthz" | "readyz" | "livez", ..] => return Ok(Reply::text(200, "ok")),
        ["openapi", "v2"] => return Ok(Reply::other(openapi::V2_TYPE, openapi::V2)),
        ["openapi", "v3", rest @ ..] => openapi::document(&state.kinds, rest, name),
        path => discovery::document(&state.kinds, path),
    };
    Ok(found.map_or_else(Reply::nothing_here, |value| Reply::value(&value)))
}

fn update(
    state: &mut State,
    view: &View,
    target: &Target,
    call: &Call,
    options: &Options,
) -> Result<Reply, Failure> {
    let (kind, namespace) = (&view.kind, target.namespace.as_deref());
    let (new, name) = (body(call)?, target.name.as_deref().unwrap_or_default());
    let written = match state.read(kind, namespace, name) {
        Err(_) if kind.create_on_update => state.create(kind, namespace, new, options)?,
        found => {
            let old = found?;
            check_uid(kind, &old, &new)?;
            state.replace(kind, &old, new, target.subresource.is_some(), options)?
        }
    };
    Ok(self::written(view, written, call))
}

/// Whether `new` is meant for the very object that is there.
fn check_uid(kind: &Kind, old: &Object, new: &Value) -> Result<(), Failure> {
    let (uid, is) = (meta(new, "uid"), old.meta("uid"));
    if uid.is_empty() || uid == is {
        return Ok(());
    }
    let (namespace, name) = (old.meta("namespace"), old.meta("name"));
    let key = Place::new(&kind.table, namespace, name).key;
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{}/{key}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {is}",
        kind.group, kind.plural
    );
    Err(Failure::conflict(kind, name, &why))
}

fn patch(
    state: &mut State,
    view: &View,
    target: &Target,
    call: &Call,
    options: &Options,
) -> Result<Reply, Failure> {
    let (kind, namespace) = (&view.kind, target.namespace.as_deref());
    let name = target.name.as_deref().unwrap_or_default();
    let patch = Patch::parse(kind, &call.media_type, &call.body)?;
    if matches!(patch, Patch::Apply(_)) && call.query.get("fieldManager").is_none() {
        let error = FieldError::required_because("fieldManager", "is required for apply patch");
        return Err(Failure::invalid_options("PatchOptions", error));
    }
    let written = match (state.read(kind, namespace, name), &patch) {
        (Err(_), Patch::Apply(object)) if target.subresource.is_none() => {
            check_name(object, name)?;
            state.create(kind, namespace, object.clone(), options)?
        }
        (found, _) => {
            let old = found?;
            let mut new = shown(kind, &old);
            patch.apply(&mut new)?;
            state.replace(kind, &old, new, target.subresource.is_some(), options)?
        }
    };
    Ok(self::written(view, written, call))
}

fn delete(
    state: &mut State,
    view: &View,
    object: &Arc<Object>,
    call: &Call,
) -> Result<Reply, Failure> {
    let conditions = delete_options(call)?;
    match state.delete(&view.kind, object, &conditions, &seconds(call.at))? {
        Deleted::Gone(object) => Ok(Reply::value(&gone(&view.kind, &object.value))),
        Deleted::Held(object) => Ok(Reply::json(200, view.one(&object, call.at))),
    }
}

fn delete_all(
    state: &mut State,
    view: &View,
    namespace: Option<&str>,
    call: &Call,
) -> Result<Reply, Failure> {
    let conditions = delete_options(call)?;
    let page = state.page(
        &view.kind,
        namespace,
        &selector(&view.kind, call)?,
        &call.query,
    )?;
    for object in &page.objects {
        state.delete(&view.kind, object, &conditions, &seconds(call.at))?;
    }
    Ok(Reply::json(
        200,
        view.list(&page.objects, page.metadata, call.at),
    ))
}

fn written(view: &View, written: Written, call: &Call) -> Reply {
    // Tables are for reading; whoever writes gets the object.
    let shape = if let Shape::Table(_) = view.shape {
        Shape::Whole
    } else {
        view.shape
    };
    let text = View {
        shape,
        ..view.clone()
    }
    .one(&written.object, call.at);
    Reply::json(if written.created { 201 } else { 200 }, text).with_warnings(written.warnings)
}

fn options(call: &Call) -> Options {
    let strictness = match call.query.get("fieldValidation") {
        Some("Strict") => Strictness::Strict,
        Some("Ignore") => Strictness::Ignore,
        _ => Strictness::Warn,
    };
    Options {
        dry_run: call.query.get("dryRun").is_some(),
        strictness,
        ..Options::at(&seconds(call.at))
    }
}

fn selector(kind: &Kind, call: &Call) -> Result<Selector, Failure> {
    Selector::parse(
        kind,
        call.query.get("labelSelector"),
        call.query.get("fieldSelector"),
    )
}

/// The object in the body of a request.
fn body(call: &Call) -> Result<Value, Failure> {
    match call.media_type.as_str() {
        "application/json" | "" => json(&call.body).map_err(|error| {
            Failure::bad_request(format!("the object provided is unrecognized: {error}"))
        }),
        "application/yaml" => serde_saphyr::from_slice(&call.body).map_err(|error| {
            Failure::bad_request(format!("the object provided is unrecognized: {error}"))
        }),
        _ => Err(Failure::unsupported_media_type(
            "application/json, application/yaml",
        )),
    }
}

/// JSON that is nested as deep as it may be: API servers take 10,000 levels.
fn json(text: &[u8]) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    let value = Value::deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// From the body of a request or else its parameters.
fn delete_options(call: &Call) -> Result<DeleteOptions, Failure> {
    let mut options = if call.body.is_empty() {
        DeleteOptions::default()
    } else {
        serde_json::from_slice(&call.body).map_err(|error| {
            Failure::bad_request(format!("error decoding delete options: {error}"))
        })?
    };
    if let Some(policy) = call.query.get("propagationPolicy") {
        options.propagation_policy = Some(policy.to_owned());
    }
    if call.query.get("dryRun").is_some() {
        options.dry_run.push("All".to_owned());
    }
    Ok(options)
}
