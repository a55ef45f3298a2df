//! The API servers of all contexts: the store of the simulated API server, once for each context, whether it can be reached, and
//! what the engine that the host runs has been shown of it.
//!
//! Requests in, replies out, at once and in order. What is not here: who else changes objects, and who refuses to.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kube_sim::{Failure, Location, Patch, Store};
use pilothouse_contract::{
    Context, Gvk, Manifest, ObjectRef, Scope, Unavailable, UnavailableReason, context_name,
};
use pilothouse_core::cache::{Health, List};
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Now, Request};
use pilothouse_core::{Engine, Object, Resource};
use serde_json::Value;

/// An API server's reply, or how there is none.
pub type Reply = Result<Option<Object>, Cause>;

/// The stores, and how the host sees them.
#[derive(Clone)]
pub struct Servers {
    pub(crate) stores: BTreeMap<Context, Store>,
    pub(crate) start: Timestamp,
    /// What time it is.
    pub now: Timestamp,
    /// The registered remote contexts.
    pub contexts: BTreeSet<String>,
    /// What cannot be reached: a context, or a kind in it; why, and since when.
    pub lost: BTreeMap<(Context, Option<String>), (UnavailableReason, Timestamp)>,
    /// The contexts whose watches have synced and show nothing new.
    pub lagging: BTreeSet<Context>,
    /// The contexts that the engine knows.
    known: BTreeSet<String>,
    /// How the engine knows that its watches are, and up to which version everything was shown.
    watches: BTreeMap<Resource, (Health, Option<u64>)>,
    /// How many objects there ever were.
    count: usize,
}

/// Where an object is, within its context.
pub fn location(object: &ObjectRef) -> Location {
    Location {
        api_version: object.gvk.api_version(),
        kind: object.gvk.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

/// An object as the engine keeps it.
pub fn object(value: Value) -> Object {
    match value {
        Value::Object(document) => Object::of(document),
        _ => Object::default(),
    }
}

/// The objects.
impl Servers {
    /// In the control plane and each of these contexts a copy of the store. None of them is registered yet.
    pub fn new<'a>(
        store: &Store,
        contexts: impl IntoIterator<Item = &'a str>,
        start: Timestamp,
    ) -> Self {
        let contexts = contexts.into_iter().map(|name| Some(name.to_owned()));
        let contexts = contexts.chain([None]);
        Self {
            stores: contexts.map(|it| (it, store.clone())).collect(),
            start,
            now: start,
            contexts: BTreeSet::new(),
            lost: BTreeMap::new(),
            lagging: BTreeSet::new(),
            known: BTreeSet::new(),
            watches: BTreeMap::new(),
            count: 0,
        }
    }

    /// The store of a context.
    pub fn store(&mut self, context: &Context) -> Result<&mut Store> {
        let found = self.stores.get_mut(context);
        found.with_context(|| format!("there is no context {}", context_name(context)))
    }

    /// An object as it is now.
    pub fn get(&self, key: &ObjectRef) -> Option<&Value> {
        self.stores.get(&key.context)?.kept(&location(key))
    }

    /// The objects of all kinds that are not built in, and where they are.
    pub fn objects(&self) -> impl Iterator<Item = (&Context, &Value)> {
        let stores = self.stores.iter();
        stores.flat_map(|(context, store)| store.custom_objects().map(move |it| (context, it)))
    }

    /// All objects of a kind in a context, in order.
    pub fn list(&self, Resource { context, gvk }: &Resource) -> Vec<Value> {
        let store = self.stores.get(context);
        store.map_or_else(Vec::new, |store| store.list(&gvk.api_version(), &gvk.kind))
    }

    /// Creates an object under the next uid.
    pub fn create(&mut self, context: &Context, object: Value) -> Result<Result<Value, Failure>> {
        let (uid, now) = (format!("uid-{}", self.count + 1), self.now);
        let made = self.store(context)?.create(object, Some(uid), now);
        self.count += usize::from(made.is_ok());
        Ok(made)
    }

    /// Puts an object as it is, with the uid, the times and the status that it says.
    pub fn restore(&mut self, context: &Context, object: Value) -> Result<()> {
        self.count += 1;
        let (uid, now) = (object["metadata"]["uid"].as_str(), self.now);
        let uid = uid.map_or_else(|| format!("uid-{}", self.count), str::to_owned);
        self.store(context)?.restore(object, &uid, now)?;
        Ok(())
    }

    /// Deletes what owner references and namespaces that are gone ask for.
    pub fn collect_garbage(&mut self) {
        let now = self.now;
        let stores = self.stores.values_mut();
        stores.for_each(|store| store.collect_garbage(now));
    }
}

/// What the engine is shown.
impl Servers {
    /// Another engine is shown everything anew.
    pub fn restart(&mut self) {
        self.known.clear();
        self.watches.clear();
        self.lagging.clear();
    }

    /// The time, as the engine counts it.
    pub fn now(&self) -> Now {
        Now {
            wall: u64::try_from(self.now.as_millisecond()).unwrap_or_default(),
            elapsed: self.now.duration_since(self.start).unsigned_abs(),
        }
    }

    /// Shows the engine what has changed since, as the watches would.
    pub fn show(&mut self, engine: &mut Engine, manifest: &Manifest) {
        self.register(engine);
        for resource in self.watched(manifest) {
            let health = self.health(&resource);
            let (before, shown) = self.watches.get(&resource).cloned().unzip();
            if before.is_none() {
                engine.open(&resource, None);
            }
            let is_late =
                self.lagging.contains(&resource.context) && before.as_ref() == Some(&health);
            let mut shown = shown.flatten();
            if before.is_none() {
                engine.open(&resource, None);
            }
            if health == Health::Synced && !is_late {
                shown = self.show_changes(engine, &resource, shown);
            }
            engine.set_health(&resource, None, health.clone());
            self.watches.insert(resource, (health, shown));
        }
    }

    /// Tells the engine which contexts come and go.
    fn register(&mut self, engine: &mut Engine) {
        for gone in self.known.difference(&self.contexts) {
            let gone = Some(gone.clone());
            engine.remove_context(&gone);
            self.watches.retain(|it, _| it.context != gone);
        }
        for new in self.contexts.difference(&self.known) {
            engine.add_context(Some(new.clone()));
        }
        self.known.clone_from(&self.contexts);
    }

    /// Shows what has changed of a kind since a version; without one, that everything is there. The version now comes back.
    fn show_changes(
        &self,
        engine: &mut Engine,
        resource: &Resource,
        since: Option<u64>,
    ) -> Option<u64> {
        let store = self.stores.get(&resource.context)?;
        let now = store.version();
        if since == Some(now) {
            return since;
        }
        let (api_version, kind) = (resource.gvk.api_version(), &resource.gvk.kind);
        match since.and_then(|version| store.changes(&api_version, kind, version)) {
            Some(changes) => {
                changes.into_iter().for_each(|it| match it.is_gone {
                    true => engine.seen_gone(resource, &object(it.object)),
                    false => engine.seen(resource, object(it.object)),
                });
                engine.caught_up(resource, None, &now.to_string());
            }
            None => {
                let list = List {
                    objects: self.list(resource).into_iter().map(object).collect(),
                    version: now.to_string(),
                };
                engine.listed(resource, None, list);
            }
        }
        Some(now)
    }

    /// What the host watches: the primaries, and what the manifest is interested in.
    fn watched(&self, manifest: &Manifest) -> Vec<Resource> {
        let contexts = self.contexts.iter().cloned().map(Some);
        let contexts: Vec<Context> = [None].into_iter().chain(contexts).collect();
        let interests = manifest.interests.iter().map(|it| (&it.gvk, &it.scope));
        let interests = interests.chain([(&manifest.primary, &Scope::ControlPlane)]);
        let resources = interests.flat_map(|(gvk, scope): (&Gvk, _)| {
            let contexts = contexts.iter().filter(|context| scope.includes(context));
            contexts.map(|context| Resource {
                context: context.clone(),
                gvk: gvk.clone(),
            })
        });
        resources.collect()
    }

    /// Whether a kind can be read there.
    fn health(&self, Resource { context, gvk }: &Resource) -> Health {
        let lost = |kind| self.lost.get(&(context.clone(), kind));
        match lost(None).or_else(|| lost(Some(gvk.kind.clone()))) {
            Some((reason, since)) => Health::Lost(Unavailable {
                since: u64::try_from(since.as_millisecond()).ok(),
                ..Unavailable::new(*reason, "")
            }),
            None => Health::Synced,
        }
    }
}

/// What the engine asks for.
impl Servers {
    /// Carries a request out that is not an event. An error is one of the test: there is no such context.
    pub fn send(&mut self, request: &Request) -> Result<Reply> {
        let target = request.object();
        let (at, now) = (location(&target), self.now);
        if let Request::Create { object: new, .. } = request {
            return Ok(reply(self.create(&target.context, new.clone())?.map(Some)));
        }
        let store = self.store(&target.context)?;
        Ok(reply(match request {
            Request::Delete { uid, .. } => store.delete(&at, Some(uid), now),
            Request::Patch { patch, .. } => {
                let patch = Patch::Merge(patch.clone());
                store.patch(&at, &patch, false, now).map(Some)
            }
            Request::PatchStatus { patch, .. } => {
                let patch = Patch::Json(serde_json::from_value(patch.clone())?);
                store.patch(&at, &patch, true, now).map(Some)
            }
            _ => Ok(store.get(&at)),
        }))
    }

    /// Whether the API server there takes a request for an object.
    pub fn reach(&self, key: &ObjectRef) -> Result<(), Cause> {
        let lost = |kind| self.lost.get(&(key.context.clone(), kind));
        let is_kind_lost = lost(Some(key.gvk.kind.clone()))
            .is_some_and(|(reason, _)| *reason == UnavailableReason::Unreachable);
        match lost(None).is_some() || is_kind_lost || !self.is_registered(key.context.as_deref()) {
            true => {
                let context = context_name(&key.context);
                let why = format!("{context} does not answer");
                Err(Cause::unknown("Unreachable", why))
            }
            false => Ok(()),
        }
    }

    /// Whether the host is run with this context.
    pub fn is_registered(&self, context: Option<&str>) -> bool {
        context.is_none_or(|it| self.contexts.contains(it))
    }
}

fn reply(answer: Result<Option<Value>, Failure>) -> Reply {
    let refused = |it: Failure| Cause::answered(it.code, &it.reason, &it.message);
    answer.map(|left| left.map(object)).map_err(refused)
}
