//! The API servers of a world: what they have, what the engine is shown of it, and its requests carried out at once, with their
//! guards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8ssandra_task_policy::contract::*;
use pilothouse_core::cache::Health;
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Now, Request};
use pilothouse_core::{Engine, Object, Resource};
use serde_json::{Value, json};

/// The API servers, and how they and their watches are.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    pub now: Timestamp,
    start: Timestamp,
    /// The registered remote contexts.
    pub contexts: BTreeSet<String>,
    /// The contexts that cannot be reached, and since when. In the control plane it is all but the task.
    pub lost: BTreeMap<Context, Timestamp>,
    /// The contexts whose watches have synced and show nothing new.
    pub lagging: BTreeSet<Context>,
    /// How many writes were carried out.
    pub writes: usize,
    objects: BTreeMap<ObjectRef, Value>,
    /// How many there ever were.
    count: usize,
    /// Every object under its resourceVersion, as it was looked at last.
    stored: BTreeMap<ObjectRef, Arc<Stored>>,
    version: u64,
    /// What the engine knows: what it was shown and answered.
    shown: BTreeMap<ObjectRef, Arc<Stored>>,
    /// How the engine knows that its watches are.
    watches: BTreeMap<Resource, Health>,
}

#[derive(Debug)]
struct Stored {
    value: Value,
    version: u64,
}

impl Stored {
    fn version(&self) -> Value {
        json!(self.version.to_string())
    }

    fn object(&self) -> Object {
        let mut value = self.value.clone();
        value["metadata"]["resourceVersion"] = self.version();
        Object::of(value.as_object().cloned().unwrap_or_default())
    }
}

/// The objects, and what Kubernetes does to them itself.
impl Servers {
    pub fn new(start: Timestamp) -> Servers {
        Servers {
            now: start,
            start,
            ..Servers::default()
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&ObjectRef, &Value)> {
        self.objects.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&ObjectRef, &mut Value)> {
        self.objects.iter_mut()
    }

    pub fn get(&self, key: &ObjectRef) -> Option<&Value> {
        self.objects.get(key)
    }

    pub fn get_mut(&mut self, key: &ObjectRef) -> Option<&mut Value> {
        self.objects.get_mut(key)
    }

    /// Removes an object, whatever holds it.
    pub fn remove(&mut self, key: &ObjectRef) {
        self.objects.remove(key);
    }

    /// An object comes into being, or is another one.
    pub fn put(&mut self, key: ObjectRef, mut object: Value) {
        self.count += 1;
        let metadata = &mut object["metadata"];
        metadata["namespace"] = json!(key.namespace);
        metadata["name"] = json!(key.name);
        let uid = json!(format!("uid-{}", self.count));
        for (field, new) in [
            ("uid", uid),
            ("creationTimestamp", json!(self.now.to_string())),
        ] {
            if metadata[field].is_null() {
                metadata[field] = new;
            }
        }
        self.objects.insert(key, object);
    }

    /// The end of an object, or the wish for it where finalizers hold it.
    pub fn delete(&mut self, key: &ObjectRef) {
        if let Some(object) = self.objects.get_mut(key) {
            let deleted = &mut object["metadata"]["deletionTimestamp"];
            if deleted.is_null() {
                *deleted = json!(self.now.to_string());
            }
        }
        self.collect(key);
    }

    /// Removes an object that is to go and that nothing holds any more.
    fn collect(&mut self, key: &ObjectRef) {
        let metadata = self.objects.get(key).map(|it| &it["metadata"]);
        let is_over = metadata.is_some_and(|it| {
            let finalizers = it["finalizers"].as_array();
            !it["deletionTimestamp"].is_null() && finalizers.is_none_or(Vec::is_empty)
        });
        if is_over {
            self.objects.remove(key);
        }
    }
}

/// What the engine is shown.
impl Servers {
    /// Another engine is shown everything anew.
    pub fn restart(&mut self) {
        self.shown.clear();
        self.watches.clear();
        self.lagging.clear();
    }

    /// The time, as the engine counts it.
    pub fn now(&self) -> Now {
        Now {
            wall: u64::try_from(self.now.as_millisecond()).unwrap(),
            elapsed: self.now.duration_since(self.start).unsigned_abs(),
        }
    }

    /// An object as the engine knows it.
    pub fn shown(&self, key: &ObjectRef) -> Option<&Value> {
        self.shown.get(key).map(|shown| &shown.value)
    }

    /// Shows the engine what has changed since, as the watches would.
    pub fn show(&mut self, engine: &mut Engine, manifest: &Manifest) {
        let watched = self.watched(manifest);
        for gone in self.watches.keys().filter(|it| !watched.contains(it)) {
            engine.remove_context(&gone.context);
            engine.close(gone);
            self.shown.retain(|key, _| key.context != gone.context);
        }
        self.watches.retain(|it, _| watched.contains(it));
        for resource in watched {
            let before = self.watches.get(&resource);
            if before.is_none() {
                engine.add_context(resource.context.clone());
            }
            let health = self.health(&resource, manifest);
            let is_late = self.lagging.contains(&resource.context) && before == Some(&health);
            if health == Health::Synced && !is_late {
                self.list(engine, &resource);
            }
            engine.set_health(&resource, None, health.clone());
            self.watches.insert(resource, health);
        }
    }

    fn list(&mut self, engine: &mut Engine, resource: &Resource) {
        let is_here = |key: &&ObjectRef| key.context == resource.context && key.gvk == resource.gvk;
        let keys = self.shown.keys().chain(self.objects.keys());
        let keys: BTreeSet<ObjectRef> = keys.filter(is_here).cloned().collect();
        for key in keys {
            let before = self.shown.remove(&key);
            match (before, self.stored(&key)) {
                (Some(gone), None) => engine.seen_gone(resource, &gone.object()),
                (before, Some(stored)) => {
                    if before.is_none_or(|before| before.version != stored.version) {
                        engine.seen(resource, stored.object());
                    }
                    self.shown.insert(key, stored);
                }
                (None, None) => {}
            }
        }
    }

    /// An object as it is now, with a new resourceVersion where it has changed.
    fn stored(&mut self, key: &ObjectRef) -> Option<Arc<Stored>> {
        let value = self.objects.get(key)?;
        if let Some(stored) = self.stored.get(key).filter(|it| it.value == *value) {
            return Some(stored.clone());
        }
        self.version += 1;
        let (value, version) = (value.clone(), self.version);
        let stored = Arc::new(Stored { value, version });
        self.stored.insert(key.clone(), stored.clone());
        Some(stored)
    }

    /// What the host watches: the primaries, and what the manifest is interested in.
    fn watched(&self, manifest: &Manifest) -> BTreeSet<Resource> {
        let contexts = self.contexts.iter().cloned().map(Some);
        let contexts: Vec<Context> = [None].into_iter().chain(contexts).collect();
        let interests = manifest.interests.iter().map(|it| (&it.gvk, &it.scope));
        let primaries = [(&manifest.primary, &Scope::ControlPlane)];
        let resources = interests.chain(primaries).flat_map(|(gvk, scope)| {
            let contexts = contexts.iter().filter(|context| scope.includes(context));
            contexts.map(|context| Resource {
                context: context.clone(),
                gvk: gvk.clone(),
            })
        });
        resources.collect()
    }

    fn health(&self, resource: &Resource, manifest: &Manifest) -> Health {
        match self.lost.get(&resource.context) {
            Some(since) if resource.gvk != manifest.primary => Health::Lost(Unavailable {
                since: u64::try_from(since.as_millisecond()).ok(),
                ..Unavailable::new(UnavailableReason::Unreachable, "down")
            }),
            _ => Health::Synced,
        }
    }
}

/// What the engine asks for.
impl Servers {
    /// Carries a request out. The reply is the object as it is then.
    pub fn send(&mut self, request: &Request) -> Result<Option<Object>, Cause> {
        self.carry_out(request)?;
        let stored = self.stored(&request.object());
        if let Some(stored) = &stored {
            self.shown.insert(request.object(), stored.clone());
        }
        Ok(stored.map(|stored| stored.object()))
    }

    /// Carries a request out without a reply: the engine does not know what became of it.
    pub fn carry_out(&mut self, request: &Request) -> Result<(), Cause> {
        self.guard(request)?;
        let key = request.object();
        self.writes += usize::from(!matches!(request, Request::Read { .. }));
        match request {
            Request::Create { object, .. } => self.put(key, object.clone()),
            Request::Delete { .. } => self.delete(&key),
            Request::Patch { patch, .. } => {
                let mut metadata = patch["metadata"].clone();
                metadata["resourceVersion"] = Value::Null;
                let object = self.objects.get_mut(&key).unwrap();
                json_patch::merge(&mut object["metadata"], &metadata);
                self.collect(&key);
            }
            Request::PatchStatus { patch, .. } => {
                self.objects.get_mut(&key).unwrap()["status"] = patch[1]["value"].clone();
            }
            Request::Read { .. } | Request::RecordEvent { .. } => {}
        }
        Ok(())
    }

    /// Whether the guard of a request fits what is there.
    pub fn guard(&mut self, request: &Request) -> Result<(), Cause> {
        let stored = self.stored(&request.object());
        let (wanted, actual) = match (request, stored) {
            (Request::Read { .. } | Request::RecordEvent { .. }, _) => return Ok(()),
            (Request::Create { .. }, None) => return Ok(()),
            (Request::Create { .. }, Some(_)) => return refused("AlreadyExists"),
            (_, None) => return refused("NotFound"),
            (Request::Delete { uid, .. }, Some(it)) => {
                (&json!(uid), it.value["metadata"]["uid"].clone())
            }
            (Request::Patch { patch, .. }, Some(it)) => {
                (&patch["metadata"]["resourceVersion"], it.version())
            }
            (Request::PatchStatus { patch, .. }, Some(it)) => (&patch[0]["value"], it.version()),
        };
        match *wanted == actual {
            true => Ok(()),
            false => refused("Conflict"),
        }
    }

    /// Whether the API server there takes a request.
    pub fn reach(&self, request: &Request) -> Result<(), Cause> {
        let context = request.object().context;
        let answers = context.is_none() || !self.lost.contains_key(&context);
        match answers && self.is_registered(context.as_deref()) {
            true => Ok(()),
            false => Err(Cause::unknown("Unreachable", "it does not answer")),
        }
    }

    /// Whether the host is run with this context.
    pub fn is_registered(&self, context: Option<&str>) -> bool {
        context.is_none_or(|it| self.contexts.contains(it))
    }
}

fn refused(reason: &str) -> Result<(), Cause> {
    Err(Cause::because(reason, "it is refused"))
}
