//! The garbage collector: what comes in are the traces of writes and deletions, what goes out are the deletions that
//! owner references and namespaces ask for. As in Kubernetes it works behind the requests, not within them; it goes by
//! uid, and only within one cluster.

use std::collections::VecDeque;

use serde_json::Value;

use super::{
    builtin,
    json_path::plain,
    object::{deleting, finalizers, meta, metadata_mut, owners},
    state::State,
    tables::Place,
};

/// What is still to be looked at, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Garbage {
    queue: VecDeque<Work>,
    /// Whether somebody is at it.
    pub collecting: bool,
}

#[derive(Clone)]
enum Work {
    /// An object that may have to go, or to let others go.
    Look(Place),
    /// An object is gone: whom it owned, and the namespace that it held.
    Gone { uid: String, namespace: String },
}

/// What an owner reference leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Present,
    Absent,
    /// Of a kind that is not served here: nothing can be known.
    Unknown,
}

impl Garbage {
    /// Notes a write.
    pub fn written(&mut self, place: &Place, object: &Value) {
        if deleting(object) || owners(object).next().is_some() {
            self.queue.push_back(Work::Look(place.clone()));
        }
    }

    /// Notes that an object is gone.
    pub fn removed(&mut self, object: &Value) {
        self.queue.push_back(Work::Gone {
            uid: meta(object, "uid").to_owned(),
            namespace: meta(object, "namespace").to_owned(),
        });
    }

    /// Whether there is work and nobody at it.
    pub fn waits(&self) -> bool {
        !self.queue.is_empty() && !self.collecting
    }
}

impl State {
    /// Does all the collector's work, including that which it makes.
    pub fn collect_garbage(&mut self, now: &str) {
        while let Some(work) = self.garbage.queue.pop_front() {
            match work {
                Work::Look(place) => self.look(&place, now),
                Work::Gone { uid, namespace } => {
                    let dependents = self.tables.dependents(&uid).into_iter();
                    let namespace = Place::new(&builtin::NAMESPACES.into(), "", &namespace);
                    let next = dependents.chain([namespace]).map(Work::Look);
                    self.garbage.queue.extend(next);
                }
            }
        }
    }

    fn look(&mut self, place: &Place, now: &str) {
        let Some(object) = self.tables.get(place) else {
            return;
        };
        let object = &object.value;
        if deleting(object) {
            if &*place.table == builtin::NAMESPACES {
                self.empty_namespace(place, object, now);
            }
            return;
        }
        let found: Vec<_> = owners(object)
            .map(|owner| (owner.clone(), self.owner(owner, object)))
            .collect();
        let (present, absent): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(_, state)| *state != Owner::Absent);
        if absent.is_empty() {
            return;
        }
        if present.is_empty() {
            self.collect(place, now);
        } else {
            let mut object = object.clone();
            let present: Vec<_> = present.into_iter().map(|(owner, _)| owner).collect();
            metadata_mut(&mut object).insert("ownerReferences".to_owned(), present.into());
            self.keep(place.clone(), object);
        }
    }

    /// Whether the owner is there: by its name, in the dependent's namespace or in none, with the very uid.
    fn owner(&self, reference: &Value, dependent: &Value) -> Owner {
        let Some(kind) = self
            .kinds
            .by_reference(&plain(&reference["apiVersion"]), &plain(&reference["kind"]))
        else {
            return Owner::Unknown;
        };
        let namespace = kind.namespaced.then(|| meta(dependent, "namespace"));
        let place = Self::place(&kind, namespace, &plain(&reference["name"]));
        match self.tables.get(&place) {
            Some(owner) if owner.value["metadata"]["uid"] == reference["uid"] => Owner::Present,
            _ => Owner::Absent,
        }
    }

    fn empty_namespace(&mut self, place: &Place, object: &Value, now: &str) {
        let namespace = meta(object, "name");
        for inhabitant in self.tables.in_namespace(namespace) {
            self.collect(&inhabitant, now);
        }
        if self.tables.in_namespace(namespace).is_empty() && finalizers(object).is_empty() {
            self.drop_object(place);
        }
    }
}
