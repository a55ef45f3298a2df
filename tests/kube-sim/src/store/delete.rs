//! Deleting objects in the background. What comes in is which one and under what condition, what goes out is whether it
//! is gone or held by finalizers. What depends on it is collected later, by the garbage collector.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    builtin,
    failure::Failure,
    kind::Kind,
    object::{Object, deleting, finalizers, meta, metadata_mut},
    state::State,
    tables::Place,
};

impl State {
    /// Deletes one object, if it is the one of that uid, or marks it as to be deleted. What is held is returned.
    pub fn delete(
        &mut self,
        kind: &Kind,
        object: &Arc<Object>,
        uid: Option<&str>,
        now: &str,
    ) -> Result<Option<Arc<Object>>, Failure> {
        let (name, is) = (object.meta("name"), object.meta("uid"));
        if let Some(wanted) = uid.filter(|wanted| *wanted != is) {
            let why = format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({is}). The object might \
                 have been deleted and then recreated"
            );
            return Err(Failure::precondition(kind, name, &why));
        }
        let namespace = object.value["metadata"]["namespace"].as_str();
        Ok(self.end(&Self::place(kind, namespace, name), object, now))
    }

    /// Deletes what is at `place`, as the garbage collector does.
    pub fn collect(&mut self, place: &Place, now: &str) {
        if let Some(object) = self.tables.get(place) {
            self.end(place, &object, now);
        }
    }

    fn end(&mut self, place: &Place, object: &Arc<Object>, now: &str) -> Option<Arc<Object>> {
        let is_namespace = &*place.table == builtin::NAMESPACES;
        // A namespace is held by what is in it.
        if finalizers(&object.value).is_empty() && !is_namespace {
            self.drop_object(place);
            return None;
        }
        if deleting(&object.value) {
            return Some(object.clone());
        }
        let mut marked = object.value.clone();
        let metadata = metadata_mut(&mut marked);
        metadata.insert("deletionTimestamp".to_owned(), now.into());
        metadata.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
        if let Some(generation) = object.value["metadata"]["generation"].as_i64() {
            metadata.insert("generation".to_owned(), (generation + 1).into());
        }
        if is_namespace {
            marked["status"]["phase"] = "Terminating".into();
        }
        Some(self.keep(place.clone(), marked))
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
