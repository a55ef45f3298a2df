//! Creating and replacing objects. What comes in is an object as a client sent it, what goes out is the one that is
//! kept, or why there is none. All kinds and subresources come through here; deleting is elsewhere.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    admit::admit,
    builtin,
    failure::Failure,
    kind::Kind,
    metadata,
    object::{Object, deleting, finalizers, map_mut, meta, metadata_mut},
    schema,
    state::State,
    tables::Place,
};

/// How a write is to be carried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The time of the write, as it is written into objects.
    pub now: String,
    /// The uid of a new object; one is made up where there is none.
    pub uid: Option<String>,
    /// Whether fields that the schema does not know are refused; otherwise they are dropped.
    pub strict: bool,
}

impl Options {
    /// At this time.
    pub fn at(now: &str) -> Self {
        Self {
            now: now.to_owned(),
            ..Self::default()
        }
    }
}

impl State {
    /// Keeps a new object.
    pub fn create(
        &mut self,
        kind: &Kind,
        namespace: Option<&str>,
        mut object: Value,
        options: &Options,
    ) -> Result<Arc<Object>, Failure> {
        admit(kind, namespace, &mut object, options)?;
        self.check_namespace(kind, namespace, meta(&object, "name"))?;
        if !meta(&object, "resourceVersion").is_empty() {
            return Err(Failure::internal(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let uid = options.uid.clone().unwrap_or_else(|| self.new_uid());
        metadata::begin(&mut object, &uid, &options.now)?;
        if kind.custom {
            metadata_mut(&mut object).insert("generation".to_owned(), 1.into());
        }
        if kind.status {
            map_mut(&mut object).remove("status");
        }
        builtin::complete(kind, &mut object);
        check(kind, None, &object, false)?;
        let name = meta(&object, "name").to_owned();
        let place = Self::place(kind, namespace, &name);
        if self.tables.get(&place).is_some() {
            return Err(Failure::already_exists(kind, &name));
        }
        Ok(self.keep(place, object))
    }

    /// Puts an object as it is, with the uid, the times and the status that it brings along.
    pub fn restore(
        &mut self,
        kind: &Kind,
        namespace: Option<&str>,
        mut object: Value,
        options: &Options,
    ) -> Result<Arc<Object>, Failure> {
        admit(kind, namespace, &mut object, options)?;
        let name = meta(&object, "name").to_owned();
        self.check_namespace(kind, namespace, &name)?;
        let metadata = metadata_mut(&mut object);
        metadata
            .entry("creationTimestamp")
            .or_insert_with(|| options.now.as_str().into());
        metadata.entry("generation").or_insert(1.into());
        if let Some(uid) = &options.uid {
            metadata.insert("uid".to_owned(), uid.as_str().into());
        }
        check(kind, None, &object, false)?;
        let place = Self::place(kind, namespace, &name);
        Ok(self.keep(place, object))
    }

    /// Puts `new` in the place of `old`, or its status in the place of that of `old`. What is the same as before is not
    /// written again; what is being deleted and has lost its last finalizer is gone.
    pub fn replace(
        &mut self,
        kind: &Kind,
        old: &Arc<Object>,
        mut new: Value,
        status_only: bool,
        options: &Options,
    ) -> Result<Arc<Object>, Failure> {
        let namespace = old.value["metadata"]["namespace"].as_str();
        admit(kind, namespace, &mut new, options)?;
        check_name(&new, old.meta("name"))?;
        check_version(kind, old, &new)?;
        let mut new = if status_only {
            with_status(old, &new)
        } else {
            without_status(kind, old, new)
        };
        metadata::carry_over(&old.value, &mut new);
        builtin::complete(kind, &mut new);
        check(kind, Some(&old.value), &new, status_only)?;
        count_generation(kind, &old.value, &mut new);
        metadata_mut(&mut new).insert("resourceVersion".to_owned(), old.rv.to_string().into());
        let place = Self::place(kind, namespace, old.meta("name"));
        let ended =
            deleting(&new) && finalizers(&new).is_empty() && &*kind.table != builtin::NAMESPACES;
        Ok(if ended {
            self.drop_object(&place);
            Arc::new(Object::new(new, old.rv))
        } else if new == old.value {
            old.clone()
        } else {
            self.keep(place, new)
        })
    }

    /// What is created in a namespace needs one that exists and is not going.
    fn check_namespace(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<(), Failure> {
        let Some(namespace) = namespace else {
            return Ok(());
        };
        let place = Place::new(&builtin::NAMESPACES.into(), "", namespace);
        match self.tables.get(&place) {
            None => Err(Failure::no_namespace(namespace)),
            Some(found) if deleting(&found.value) => {
                Err(Failure::namespace_terminating(kind, namespace, name))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Whether `new` was made from the version that is there.
fn check_version(kind: &Kind, old: &Object, new: &Value) -> Result<(), Failure> {
    let name = old.meta("name");
    match meta(new, "resourceVersion") {
        "" => Err(Failure::version_required(kind, name)),
        sent if sent == old.rv.to_string() => Ok(()),
        sent if sent.parse::<u64>().is_err() => Err(Failure::bad_request(format!(
            "resourceVersion {sent:?} is not a number"
        ))),
        _ => Err(Failure::modified(kind, name)),
    }
}

/// `old` with the status of `new`, and nothing else of it.
fn with_status(old: &Object, new: &Value) -> Value {
    let mut object = old.value.clone();
    match new.get("status") {
        Some(status) => map_mut(&mut object).insert("status".to_owned(), status.clone()),
        None => map_mut(&mut object).remove("status"),
    };
    object
}

/// `new` with the status of `old`, where only the subresource may change it.
fn without_status(kind: &Kind, old: &Object, mut new: Value) -> Value {
    if kind.status {
        let fields = map_mut(&mut new);
        match old.value.get("status") {
            Some(status) => fields.insert("status".to_owned(), status.clone()),
            None => fields.remove("status"),
        };
    }
    new
}

/// Whether an object goes by the name in its URL.
fn check_name(object: &Value, name: &str) -> Result<(), Failure> {
    let sent = meta(object, "name");
    if sent == name {
        return Ok(());
    }
    let message =
        format!("the name of the object ({sent}) does not match the name on the URL ({name})");
    Err(Failure::bad_request(message))
}

/// Counts a change of what is wanted of a custom object.
fn count_generation(kind: &Kind, old: &Value, new: &mut Value) {
    if kind.custom && !same_specification(kind, old, new) {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or_default() + 1;
        metadata_mut(new).insert("generation".to_owned(), generation.into());
    }
}

/// Whether nothing but metadata differs, and the status where it is a subresource.
fn same_specification(kind: &Kind, old: &Value, new: &Value) -> bool {
    let counts = |key: &str| key != "metadata" && !(kind.status && key == "status");
    let rest = |object: &Value| -> Map<String, Value> {
        let fields = object.as_object().into_iter().flatten();
        fields
            .filter(|(key, _)| counts(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    rest(old) == rest(new)
}

/// Checks a finished object: all of it, or what a write of its status can have changed.
fn check(kind: &Kind, old: Option<&Value>, new: &Value, status_only: bool) -> Result<(), Failure> {
    let mut errors = metadata::check(kind, new);
    let changes = old
        .map(|old| metadata::check_update(old, new))
        .unwrap_or_default();
    if kind.custom {
        // kube-apiserver looks twice at the metadata of custom resources, and lists what it finds twice.
        errors.extend(changes.clone());
    }
    errors.extend(changes);
    if let Some(schema) = &kind.schema {
        let validate = match old {
            Some(_) if status_only => schema::validate_status,
            Some(_) if kind.status => schema::validate_rest,
            _ => schema::validate,
        };
        errors.extend(validate(schema, new));
    }
    errors.extend(builtin::check(kind, old, new));
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Failure::invalid(kind, meta(new, "name"), &errors))
    }
}
