//! The objects of all contexts, and what Kubernetes itself does to them: uids, creation times, finalizers, owners.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pilothouse_contract::{Gvk, ObjectRef};
use pilothouse_core::ObjectKey;
use serde_json::{Value, json};

use crate::reference::{Context, Reference};
use crate::scenario::seconds;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub context: Context,
    pub gvk: Gvk,
    pub namespace: Option<String>,
    pub name: String,
}

impl Key {
    /// Where an object is, as the contract names it.
    pub fn at(object: ObjectRef) -> Self {
        Self {
            context: object.context,
            gvk: object.gvk,
            namespace: object.namespace,
            name: object.name,
        }
    }

    /// Its namespace and name.
    pub fn object_key(&self) -> ObjectKey {
        ObjectKey {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// As a scenario would name it.
    pub fn reference(&self) -> Reference {
        Reference {
            kind: self.gvk.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            context: self.context.clone(),
        }
    }

    /// Where an object belongs that says itself what it is.
    pub fn of(context: &Context, object: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let text_of = |field: &str| text(&object[field]).unwrap_or_default();
        Self {
            context: context.clone(),
            gvk: Gvk::new(&text_of("apiVersion"), &text_of("kind")),
            namespace: text(&object["metadata"]["namespace"]),
            name: text(&object["metadata"]["name"]).unwrap_or_default(),
        }
    }
}

/// What a user's manifest says of the metadata; the rest is Kubernetes' and the controllers'.
const OF_THE_USER: [&str; 4] = ["name", "namespace", "labels", "annotations"];

/// All objects.
#[derive(Default)]
pub struct Objects {
    all: BTreeMap<Key, Value>,
    /// How many there ever were.
    count: usize,
}

impl Objects {
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.all.get(key)
    }

    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Value> {
        self.all.get_mut(key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.all.keys()
    }

    pub fn kinds(&self) -> impl Iterator<Item = &Gvk> {
        self.all.keys().map(|key| &key.gvk)
    }

    /// A new object, with what Kubernetes adds to it.
    pub fn create(&mut self, key: Key, mut object: Value, now: Timestamp) {
        self.count += 1;
        let metadata = &mut object["metadata"];
        if !metadata["uid"].is_string() {
            metadata["uid"] = json!(format!("uid-{}", self.count));
        }
        if !metadata["creationTimestamp"].is_string() {
            metadata["creationTimestamp"] = json!(seconds(now));
        }
        if !metadata["generation"].is_i64() {
            metadata["generation"] = json!(1);
        }
        self.all.insert(key, object);
    }

    /// Counts a change of what is neither metadata nor status.
    pub fn count_generation(before: &Value, after: &mut Value) {
        let desired = |object: &Value| {
            let fields = object.as_object().into_iter().flatten();
            let fields =
                fields.filter(|(name, _)| !["metadata", "status"].contains(&name.as_str()));
            fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect::<Vec<_>>()
        };
        if desired(before) != desired(after) {
            let generation = before["metadata"]["generation"].as_i64().unwrap_or(1);
            after["metadata"]["generation"] = json!(generation + 1);
        }
    }

    /// As `kubectl apply` makes it.
    pub fn apply(&mut self, context: &Context, object: &Value, now: Timestamp) {
        let key = Key::of(context, object);
        let Some(existing) = self.all.get(&key) else {
            return self.create(key, object.clone(), now);
        };
        let mut applied = object.clone();
        let kept = existing["metadata"].as_object().into_iter().flatten();
        for (field, value) in kept.filter(|(field, _)| !OF_THE_USER.contains(&field.as_str())) {
            applied["metadata"][field] = value.clone();
        }
        applied["status"] = existing["status"].clone();
        Self::count_generation(existing, &mut applied);
        self.all.insert(key, applied);
    }

    /// Its end, or the wish for it where finalizers hold it.
    pub fn delete(&mut self, key: &Key, now: Timestamp) {
        let Some(object) = self.all.get_mut(key) else {
            return;
        };
        let deleted = &mut object["metadata"]["deletionTimestamp"];
        if deleted.is_null() {
            *deleted = json!(seconds(now));
        }
        self.collect(key);
        self.collect_dependents(now);
    }

    /// Removes an object that is to go and that nothing holds any more.
    pub fn collect(&mut self, key: &Key) {
        let is_held = |object: &Value| {
            let finalizers = object["metadata"]["finalizers"].as_array();
            object["metadata"]["deletionTimestamp"].is_null()
                || finalizers.is_some_and(|names| !names.is_empty())
        };
        if self.all.get(key).is_some_and(|object| !is_held(object)) {
            self.all.remove(key);
        }
    }

    /// Deletes what had owners and has none any more.
    pub fn collect_dependents(&mut self, now: Timestamp) {
        loop {
            let orphans: Vec<Key> = self
                .all
                .iter()
                .filter(|(key, object)| self.is_orphan(key, object))
                .map(|(key, _)| key.clone())
                .collect();
            if orphans.is_empty() {
                return;
            }
            for orphan in orphans {
                if let Some(object) = self.all.get_mut(&orphan) {
                    object["metadata"]["deletionTimestamp"] = json!(seconds(now));
                }
                self.collect(&orphan);
            }
        }
    }

    fn is_orphan(&self, key: &Key, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let owners = metadata["ownerReferences"].as_array();
        let Some(owners) = owners.filter(|owners| !owners.is_empty()) else {
            return false;
        };
        let lives = |owner: &Value| {
            self.all.iter().any(|(other, object)| {
                other.context == key.context && object["metadata"]["uid"] == owner["uid"]
            })
        };
        metadata["deletionTimestamp"].is_null() && !owners.iter().any(lives)
    }
}
