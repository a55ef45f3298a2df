//! Carrying requests out: what comes in is a request that got through, what goes out is the cluster's answer. This is
//! the table of what is served where; each verb's work is in a file of its own.

use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::{
    call::Call,
    delete_options::DeleteOptions,
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
    delete::gone,
    failure::Failure,
    kind::Kind,
    object::{Object, meta},
    patch::Patch,
    selector::Selector,
    state::{State, shown},
    tables::Place,
    time::seconds,
    write::Options,
};

impl Inner {
    /// Carries out one request, all of it at once.
    pub fn carry_out(self: &Arc<Self>, call: &Call) -> Reply {
        let reply = {
            let mut state = self.state();
            match &call.path {
                Path::Other(segments) if call.method_known => Ok(other(&state, segments)),
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
        check_parameters(call)?;
        let view = View {
            kind: kind.clone(),
            shape: call.shape.clone()?,
        };
        let (options, namespace) = (options(call), target.namespace.as_deref());
        let read =
            |state: &State| state.read(kind, namespace, target.name.as_deref().unwrap_or_default());
        match call.request.verb {
            Verb::Get => Ok(Reply::json(200, &view.one(&*read(state)?, call.at))),
            Verb::List => {
                let page = state.page(kind, namespace, &selector(kind, call)?, &call.query)?;
                let list = view.list(&page.objects, page.metadata, call.at);
                Ok(Reply::json(200, &list))
            }
            Verb::Watch => {
                let selector = selector(kind, call)?;
                Watch::open(self, state, view, namespace, selector, &call.query).map(Reply::watch)
            }
            Verb::Create => {
                let made = state.create(kind, namespace, body(call)?, &options)?;
                Ok(written(&view, 201, &made, call))
            }
            Verb::Update => update(state, &view, target, call, &options),
            Verb::Patch => patch(state, &view, target, call, &options),
            Verb::Delete if target.name.is_none() => {
                Err(Failure::not_simulated("deletions of whole collections"))
            }
            Verb::Delete => delete(state, &view, &read(state)?, call),
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

/// The parameters that are simulated, or change no answer.
const PARAMETERS: [&str; 11] = [
    "allowWatchBookmarks",
    "continue",
    "fieldManager",
    "fieldSelector",
    "fieldValidation",
    "limit",
    "pretty",
    "resourceVersion",
    "timeout",
    "timeoutSeconds",
    "watch",
];

fn check_parameters(call: &Call) -> Result<(), Failure> {
    let mut names = call.query.names();
    match names.find(|name| !PARAMETERS.contains(name)) {
        Some(name) => Err(Failure::not_simulated(format!("the parameter {name}"))),
        None => Ok(()),
    }
}

fn other(state: &State, segments: &[String]) -> Reply {
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let found = match segments.as_slice() {
        ["openapi", "v3", rest @ ..] => openapi::document(&state.kinds, rest),
        path => discovery::document(&state.kinds, path),
    };
    found.map_or_else(Reply::nothing_here, |value| Reply::json(200, &value))
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
    let old = state.read(kind, namespace, name)?;
    check_uid(kind, &old, &new)?;
    let written = state.replace(kind, &old, new, target.subresource.is_some(), options)?;
    Ok(self::written(view, 200, &written, call))
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
    let old = state.read(kind, namespace, name)?;
    let mut new = shown(kind, &old);
    patch.apply(&mut new)?;
    let written = state.replace(kind, &old, new, target.subresource.is_some(), options)?;
    Ok(self::written(view, 200, &written, call))
}

fn delete(
    state: &mut State,
    view: &View,
    object: &Arc<Object>,
    call: &Call,
) -> Result<Reply, Failure> {
    let uid = DeleteOptions::read(&call.body)?.uid()?;
    let held = state.delete(&view.kind, object, uid.as_deref(), &seconds(call.at))?;
    Ok(match held {
        None => Reply::json(200, &gone(&view.kind, &object.value)),
        Some(held) => Reply::json(200, &view.one(&held, call.at)),
    })
}

fn written(view: &View, code: u16, object: &Object, call: &Call) -> Reply {
    // Tables are for reading; whoever writes gets the object.
    let view = View {
        shape: Shape::Whole,
        ..view.clone()
    };
    Reply::json(code, &view.one(object, call.at))
}

fn options(call: &Call) -> Options {
    Options {
        strict: call.query.get("fieldValidation") == Some("Strict"),
        ..Options::at(&seconds(call.at))
    }
}

fn selector(kind: &Kind, call: &Call) -> Result<Selector, Failure> {
    Selector::parse(kind, call.query.get("fieldSelector").unwrap_or_default())
}

/// The object in the body of a request.
fn body(call: &Call) -> Result<Value, Failure> {
    match call.media_type.as_str() {
        "application/json" | "" => json(&call.body).map_err(|error| {
            Failure::bad_request(format!("the object provided is unrecognized: {error}"))
        }),
        other => Err(Failure::not_simulated(format!("objects as {other}"))),
    }
}

/// JSON that is nested as deep as it may be: API servers take 10,000 levels.
fn json(text: &[u8]) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    let value = Value::deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}
