//! Deleting objects. What comes in is which one and under what conditions, what goes out is whether it is gone or held
//! by finalizers. What depends on it is collected later, by the garbage collector.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    builtin,
    failure::Failure,
    field_error::FieldError,
    kind::Kind,
    object::{Object, deleting, finalizers, meta, metadata_mut},
    state::State,
    tables::Place,
};

/// The finalizer of an owner that waits for its dependents.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an owner whose dependents are to stay.
pub(crate) const ORPHAN: &str = "orphan";

/// Kubernetes' `DeleteOptions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeleteOptions {
    pub preconditions: Option<Preconditions>,
    pub propagation_policy: Option<String>,
    pub dry_run: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Preconditions {
    pub uid: Option<String>,
    pub resource_version: Option<String>,
}

/// What became of an object.
#[derive(Debug)]
pub(crate) enum Deleted {
    /// Its last state.
    Gone(Arc<Object>),
    /// Finalizers hold it.
    Held(Arc<Object>),
}

impl DeleteOptions {
    /// Only the object of this uid, if there is one.
    pub fn with_uid(uid: Option<&str>) -> Self {
        let preconditions = uid.map(|uid| Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        });
        Self {
            preconditions,
            ..Self::default()
        }
    }

    fn check(&self, kind: &Kind, object: &Object) -> Result<(), Failure> {
        let Some(Preconditions {
            uid,
            resource_version,
        }) = &self.preconditions
        else {
            return Ok(());
        };
        let (name, is) = (object.meta("name"), object.meta("uid"));
        if let Some(wanted) = uid.as_deref().filter(|wanted| *wanted != is) {
            let why = format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({is}). The object might \
                 have been deleted and then recreated"
            );
            return Err(Failure::precondition(kind, name, &why));
        }
        let is = object.rv.to_string();
        if let Some(wanted) = resource_version.as_deref().filter(|wanted| *wanted != is) {
            let why = format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
                 ({is}). The object might have been modified"
            );
            return Err(Failure::precondition(kind, name, &why));
        }
        Ok(())
    }
}

impl State {
    /// Deletes one object, or marks it as to be deleted.
    pub fn delete(
        &mut self,
        kind: &Kind,
        object: &Arc<Object>,
        options: &DeleteOptions,
        now: &str,
    ) -> Result<Deleted, Failure> {
        options.check(kind, object)?;
        let place = Self::place(
            kind,
            object.value["metadata"]["namespace"].as_str(),
            object.meta("name"),
        );
        if !options.dry_run.is_empty() {
            return Ok(Deleted::Gone(object.clone()));
        }
        let finalizer = match options.propagation_policy.as_deref() {
            Some("Foreground") => Some(FOREGROUND),
            Some("Orphan") => Some(ORPHAN),
            None | Some("Background") => None,
            Some(other) => {
                let known = ["Foreground", "Background", "Orphan", "nil"].map(Value::from);
                let error = FieldError::unsupported("propagationPolicy", &other.into(), &known);
                return Err(Failure::invalid_options("DeleteOptions", error));
            }
        };
        Ok(self.end(&place, object, finalizer, now))
    }

    /// Deletes what is at `place` in the background, as the garbage collector does.
    pub fn collect(&mut self, place: &Place, now: &str) {
        if let Some(object) = self.tables.get(place) {
            self.end(place, &object, None, now);
        }
    }

    fn end(
        &mut self,
        place: &Place,
        object: &Arc<Object>,
        finalizer: Option<&str>,
        now: &str,
    ) -> Deleted {
        let mut marked = object.value.clone();
        let mut kept: Vec<_> = finalizers(&marked).into_iter().map(str::to_owned).collect();
        if let Some(finalizer) = finalizer
            && !kept.iter().any(|kept| kept == finalizer)
        {
            kept.push(finalizer.to_owned());
        }
        // A namespace is held by what is in it.
        if kept.is_empty() && &*place.table != builtin::NAMESPACES {
            self.drop_object(place);
            return Deleted::Gone(object.clone());
        }
        let metadata = metadata_mut(&mut marked);
        if !kept.is_empty() {
            metadata.insert("finalizers".to_owned(), kept.into());
        }
        if !deleting(&object.value) {
            metadata.insert("deletionTimestamp".to_owned(), now.into());
            metadata.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
            if let Some(generation) = object.value["metadata"]["generation"].as_i64() {
                metadata.insert("generation".to_owned(), (generation + 1).into());
            }
        }
        if &*place.table == builtin::NAMESPACES {
            marked["status"]["phase"] = "Terminating".into();
        }
        if marked == object.value {
            return Deleted::Held(object.clone());
        }
        Deleted::Held(self.keep(place.clone(), marked))
    }
}

/// The answer to a deletion that is done.
pub(crate) fn gone(kind: &Kind, object: &Value) -> Value {
    let mut details =
        json!({"name": meta(object, "name"), "kind": kind.plural, "uid": meta(object, "uid")});
    if !kind.group.is_empty() {
        details["group"] = kind.group.as_str().into();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
