//! The garbage collector: what comes in are the traces of writes and deletions, what goes out are the deletions that
//! owner references and namespaces ask for. As in Kubernetes it works behind the requests, not within them; it goes by
//! uid, and only within one cluster.

use std::collections::VecDeque;

use serde_json::Value;

use super::{
    builtin,
    delete::{FOREGROUND, ORPHAN},
    json_path::plain,
    object::{deleting, finalizers, map_mut, meta, metadata_mut, owners},
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
    /// An object that may have to go, to be released, or to let others go.
    Look(Place),
    /// An object is gone: whom it owned, whom it belonged to, and what held its namespace.
    Gone {
        uid: String,
        owners: Vec<String>,
        namespace: String,
    },
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
            owners: owners(object).map(|owner| plain(&owner["uid"])).collect(),
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
                Work::Gone {
                    uid,
                    owners,
                    namespace,
                } => {
                    let places = self.tables.dependents(&uid).into_iter();
                    let waiting = owners.iter().filter_map(|owner| self.tables.find(owner));
                    let namespace = Place::new(&builtin::NAMESPACES.into(), "", &namespace);
                    let next: Vec<_> = places
                        .chain(waiting)
                        .chain([namespace])
                        .map(Work::Look)
                        .collect();
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
            self.go_on_deleting(place, object, now);
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
            self.set_owners(
                place,
                object,
                present.into_iter().map(|(owner, _)| owner).collect(),
            );
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

    fn go_on_deleting(&mut self, place: &Place, object: &Value, now: &str) {
        let dependents = self.tables.dependents(meta(object, "uid"));
        if finalizers(object).contains(&ORPHAN) {
            for dependent in &dependents {
                self.release(dependent, meta(object, "uid"));
            }
            self.drop_finalizer(place, object, ORPHAN);
        } else if finalizers(object).contains(&FOREGROUND) {
            for dependent in &dependents {
                self.collect(dependent, now);
            }
            if self.tables.dependents(meta(object, "uid")).is_empty() {
                self.drop_finalizer(place, object, FOREGROUND);
            }
        } else if &*place.table == builtin::NAMESPACES {
            let namespace = meta(object, "name");
            for inhabitant in self.tables.in_namespace(namespace) {
                self.collect(&inhabitant, now);
            }
            if self.tables.in_namespace(namespace).is_empty() && finalizers(object).is_empty() {
                self.drop_object(place);
            }
        }
    }

    /// Takes the owner `uid` from a dependent that is to outlive it.
    fn release(&mut self, dependent: &Place, uid: &str) {
        if let Some(object) = self.tables.get(dependent) {
            let others = owners(&object.value)
                .filter(|owner| owner["uid"] != uid)
                .cloned()
                .collect();
            self.set_owners(dependent, &object.value, others);
        }
    }

    fn set_owners(&mut self, place: &Place, object: &Value, owners: Vec<Value>) {
        let mut object = object.clone();
        if owners.is_empty() {
            metadata_mut(&mut object).remove("ownerReferences");
        } else {
            metadata_mut(&mut object).insert("ownerReferences".to_owned(), owners.into());
        }
        self.keep(place.clone(), object);
    }

    fn drop_finalizer(&mut self, place: &Place, object: &Value, finalizer: &str) {
        let rest: Vec<_> = finalizers(object)
            .into_iter()
            .filter(|name| *name != finalizer)
            .collect();
        if rest.is_empty() && &*place.table != builtin::NAMESPACES {
            self.drop_object(place);
            return;
        }
        let mut changed = object.clone();
        map_mut(&mut changed["metadata"]).insert("finalizers".to_owned(), rest.into());
        self.keep(place.clone(), changed);
    }
}
