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
    crd, event,
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

    /// Keeps an object. A definition is served from now on.
    pub fn keep(&mut self, place: Place, object: Value) -> Arc<Object> {
        let object = self.tables.put(place.clone(), object);
        if &*place.table == builtin::CRDS {
            // What cannot be served was refused before.
            let kinds = crd::kinds(&object.value).unwrap_or_default();
            self.kinds.withdraw(&crd::table_of(&object.value));
            kinds.into_iter().for_each(|kind| self.kinds.serve(kind));
        }
        self.garbage.written(&place, &object.value);
        object
    }

    /// Removes an object for good. With a definition go its objects.
    pub fn drop_object(&mut self, place: &Place) {
        let Some(object) = self.tables.get(place) else {
            return;
        };
        if &*place.table == builtin::CRDS {
            let table = crd::table_of(&object.value);
            for orphan in self.tables.list(&table, None) {
                self.drop_object(&Place::new(
                    &table,
                    orphan.meta("namespace"),
                    orphan.meta("name"),
                ));
            }
            self.kinds.withdraw(&table);
        }
        self.tables.remove(place);
        self.garbage.removed(&object.value);
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

    /// Five letters for a generated name.
    pub fn new_suffix(&mut self) -> String {
        const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut hash = self.next_hash();
        let mut next = || {
            let letter = LETTERS[usize::try_from(hash % 27).unwrap_or_default()];
            hash /= 27;
            char::from(letter)
        };
        (0..5).map(|_| next()).collect()
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

/// Whether objects are shown to clients of `kind` just as they are kept.
pub(crate) fn shown_as_kept(kind: &Kind, object: &Object) -> bool {
    kind.form == Form::Plain && object.value["apiVersion"] == kind.api_version().as_str()
}
