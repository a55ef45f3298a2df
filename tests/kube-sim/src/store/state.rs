//! What a cluster is at one moment: its kinds, its objects and the garbage still to be collected. Everything that
//! changes it goes through [`State::keep`] and [`State::drop_object`], so that kinds and garbage follow the objects.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use serde_json::Value;

use super::{
    builtin,
    collect::Garbage,
    event,
    failure::Failure,
    kind::{Form, Kind, Kinds},
    object::Object,
    tables::{Place, Tables},
};

/// All that a cluster knows.
#[derive(Clone)]
pub(crate) struct State {
    name: String,
    pub kinds: Kinds,
    pub tables: Tables,
    pub garbage: Garbage,
    /// How many names were made up so far.
    serial: u64,
}

impl State {
    pub fn new(name: &str) -> Self {
        let mut kinds = Kinds::default();
        builtin::kinds()
            .into_iter()
            .for_each(|kind| kinds.serve(kind));
        Self {
            name: name.to_owned(),
            kinds,
            tables: Tables::new(),
            garbage: Garbage::default(),
            serial: 0,
        }
    }

    /// Where an object of `kind` is.
    pub fn place(kind: &Kind, namespace: Option<&str>, name: &str) -> Place {
        Place::new(&kind.table, namespace.unwrap_or_default(), name)
    }

    /// Keeps an object.
    pub fn keep(&mut self, place: Place, object: Value) -> Arc<Object> {
        let object = self.tables.put(place.clone(), object);
        self.garbage.written(&place, &object.value);
        object
    }

    /// Removes an object for good.
    pub fn drop_object(&mut self, place: &Place) {
        if let Some(object) = self.tables.remove(place) {
            self.garbage.removed(&object.value);
        }
    }

    /// One object.
    pub fn read(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Arc<Object>, Failure> {
        let found = self.tables.get(&Self::place(kind, namespace, name));
        found.ok_or_else(|| Failure::not_found(kind, name))
    }

    /// All objects of a kind as its clients see them, in the order of their namespaces and names.
    pub fn all(&self, kind: &Kind) -> Vec<Value> {
        let all = self.tables.list(&kind.table, None);
        all.iter().map(|object| shown(kind, object)).collect()
    }

    /// A uid that no other object of any cluster has, and the same in every run.
    pub fn new_uid(&mut self) -> String {
        let (high, low) = (self.next_hash(), self.next_hash());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    fn next_hash(&mut self) -> u64 {
        self.serial += 1;
        // With its fixed keys it gives the same numbers in every run.
        let mut hasher = DefaultHasher::new();
        (&self.name, self.serial).hash(&mut hasher);
        hasher.finish()
    }
}

/// An object as clients of `kind` see it.
pub(crate) fn shown(kind: &Kind, object: &Object) -> Value {
    let mut value = object.value.clone();
    match kind.form {
        Form::NewEvent => event::outward(&mut value),
        Form::Plain => value["apiVersion"] = kind.api_version().into(),
    }
    value
}
