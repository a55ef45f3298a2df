//! One object on an API server, as the model renders it: what a watch would show of it, and has not shown yet.

use pilothouse_core::cache::{Health, List};
use pilothouse_core::{Engine, Object, ObjectKey, Resource};
use serde_json::Value;

/// A name in a kind and a context.
pub struct Served {
    pub resource: Resource,
    key: ObjectKey,
    pub object: Option<Object>,
    /// That of the API server.
    version: u64,
    unseen: Vec<Event>,
}

enum Event {
    Seen(Object),
    Gone(Object),
}

impl Served {
    pub fn new(resource: Resource, key: ObjectKey) -> Served {
        Served {
            resource,
            key,
            object: None,
            version: 0,
            unseen: Vec::new(),
        }
    }

    /// What the engine's cache holds of it, whether that counts or not.
    pub fn cached(&self, engine: &Engine) -> Option<Object> {
        let cached = engine.caches().get(&self.resource, &self.key);
        cached.map(|object| object.as_ref().clone())
    }

    /// What the engine knows of it; none if it does not know.
    pub fn known(&self, engine: &Engine) -> Option<Option<Object>> {
        let known = engine.caches().object(&self.resource.object(&self.key));
        let known = known.ok()?;
        Some(known.map(|object| object.as_ref().clone()))
    }

    /// The object is like that from now on: a new version, if it is not as it was.
    pub fn set(&mut self, rendered: Option<&Object>, version: u64) {
        self.version = version;
        if self.object.as_ref().map(plain) == rendered.map(plain) {
            return;
        }
        let before = self.object.take();
        let kept = before.as_ref().map(|it| it.uid.clone());
        self.object = rendered.map(|it| renewed(it, kept.as_deref(), version));
        let uid = self.object.as_ref().map(|it| it.uid.clone());
        let gone = before.filter(|_| uid != kept).map(|mut gone| {
            gone.resource_version = version.to_string();
            Event::Gone(gone)
        });
        let seen = self.object.clone().map(Event::Seen);
        self.unseen.extend(gone.into_iter().chain(seen));
    }

    /// To the model, what has become again what the engine knows has not changed.
    pub fn forget_detours(&mut self, engine: &Engine) {
        let (Some(known), Some(object)) = (self.cached(engine), &self.object) else {
            return;
        };
        let is_other = known.resource_version != object.resource_version;
        if is_other && known.uid == object.uid && plain(&known) == plain(object) {
            self.object = Some(known);
            self.unseen.clear();
        }
    }

    /// The watch catches up, event by event.
    pub fn follow(&mut self, engine: &mut Engine) {
        for event in self.unseen.drain(..) {
            match event {
                Event::Seen(object) => engine.seen(&self.resource, object),
                Event::Gone(object) => engine.seen_gone(&self.resource, &object),
            }
        }
    }

    /// It is listed anew.
    pub fn list(&mut self, engine: &mut Engine) {
        let list = List {
            objects: self.object.iter().cloned().collect(),
            version: self.version.to_string(),
        };
        engine.listed(&self.resource, None, list);
        engine.set_health(&self.resource, None, Health::Synced);
        self.unseen.clear();
    }
}

/// A rendered object in another version. The model tells CassandraTasks of one name apart by two uids that take turns; here each
/// has its own.
fn renewed(rendered: &Object, before: Option<&str>, version: u64) -> Object {
    let mut document = plain(rendered);
    let metadata = &mut document["metadata"];
    metadata["resourceVersion"] = version.to_string().into();
    if rendered.uid.starts_with("child-") {
        let same = before.filter(|uid| model_uid(uid) == rendered.uid);
        let new = format!("{}.{version}", rendered.uid);
        metadata["uid"] = same.unwrap_or(&new).into();
    }
    Object::of(document.as_object().cloned().unwrap())
}

/// The uid that the model has for an object.
pub fn model_uid(uid: &str) -> &str {
    uid.split('.').next().unwrap_or_default()
}

/// An object as the model has it.
pub fn plain(object: &Object) -> Value {
    plain_text(object.text())
}

/// The same.
pub fn plain_text(text: &str) -> Value {
    let mut document: Value = serde_json::from_str(text).unwrap();
    let metadata = document["metadata"].as_object_mut().unwrap();
    metadata.remove("resourceVersion");
    if let Some(Value::String(uid)) = metadata.get_mut("uid") {
        *uid = model_uid(uid).to_owned();
    }
    document
}
