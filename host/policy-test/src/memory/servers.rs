//! The API servers of all contexts: the store of the simulated API server, once for each context, and nothing around it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kube_sim::{Definitions, Failure, Location, Patch, Store};
use pilothouse_contract::{Gvk, ObjectRef};
use pilothouse_core::{Object, Resource};
use serde_json::{Value, json};

use crate::clusters::named;
use crate::near::hint;
use crate::reference::{Context, Reference};
use crate::scenario::Scenario;

/// What a user's manifest says of the metadata; the rest is Kubernetes' and the controllers'.
const OF_THE_USER: [&str; 4] = ["name", "namespace", "labels", "annotations"];

/// The stores, and what all of them share.
pub struct Servers {
    stores: BTreeMap<Context, Store>,
    /// Up to which version everything of a kind was shown.
    shown: BTreeMap<Resource, u64>,
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

impl Servers {
    /// The API servers of a scenario, which serve the kinds of these definitions and, without a definition, those of the policy.
    pub fn new(scenario: &Scenario, definitions: &Definitions, kinds: &[Gvk]) -> Result<Self> {
        let mut servers = Self {
            stores: BTreeMap::new(),
            shown: BTreeMap::new(),
            count: 0,
        };
        let remote = scenario.all_contexts().map(|name| Some(name.to_owned()));
        for context in remote.chain([None]) {
            let mut store = Store::new("", scenario.start);
            if scenario.has_definitions {
                store.install(definitions)?;
            }
            for gvk in kinds {
                store.serve(&gvk.api_version(), &gvk.kind);
            }
            for namespace in scenario.namespaces() {
                // Some are in every cluster.
                drop(store.create_namespace(&namespace, scenario.start));
            }
            servers.stores.insert(context, store);
        }
        Ok(servers)
    }

    /// The store of a context.
    pub fn store(&mut self, context: &Context) -> Result<&mut Store> {
        let found = self.stores.get_mut(context);
        found.with_context(|| format!("no context {context:?} is in the scenario"))
    }

    /// What a kind is, by its name alone.
    pub fn gvk_of(&self, kind: &str) -> Result<Gvk> {
        let custom = self.stores.values().flat_map(Store::custom_kinds);
        let known = custom.chain([("v1".to_owned(), "Namespace")]);
        let known: Vec<(String, &str)> = known.collect();
        let found = known.iter().find(|(_, name)| *name == kind);
        let (api_version, kind) = found.with_context(|| {
            let hint = hint(kind, known.iter().map(|(_, name)| *name));
            format!("neither the policy nor an object is of the kind {kind}{hint}")
        })?;
        Ok(Gvk::new(api_version, kind))
    }

    /// Where an object is that a scenario names.
    pub fn location(&self, reference: &Reference) -> Result<Location> {
        let gvk = self.gvk_of(&reference.kind);
        let gvk = gvk.with_context(|| reference.to_string())?;
        Ok(Location {
            api_version: gvk.api_version(),
            kind: gvk.kind,
            namespace: reference.namespace.clone(),
            name: reference.name.clone(),
        })
    }

    /// An object as it is now.
    pub fn get(&self, reference: &Reference) -> Result<Option<Value>> {
        let at = self.location(reference)?;
        let store = self.stores.get(&reference.context);
        Ok(store.and_then(|store| store.get(&at)))
    }

    /// All objects of a kind in a context, in order.
    pub fn list(&self, resource: &Resource) -> Vec<Value> {
        let Resource { context, gvk } = resource;
        let store = self.stores.get(context);
        store.map_or_else(Vec::new, |store| store.list(&gvk.api_version(), &gvk.kind))
    }

    /// What has changed of a kind since it was asked for the last time; at first, that everything is there.
    pub fn news(&mut self, resource: &Resource) -> Vec<kube_sim::Change> {
        let Some(store) = self.stores.get(&resource.context) else {
            return Vec::new();
        };
        let (api_version, kind) = (resource.gvk.api_version(), &resource.gvk.kind);
        let before = self.shown.insert(resource.clone(), store.version());
        let changes = before.and_then(|version| store.changes(&api_version, kind, version));
        changes.unwrap_or_else(|| {
            let present = |object| kube_sim::Change {
                object,
                is_gone: false,
            };
            self.list(resource).into_iter().map(present).collect()
        })
    }

    /// Whoever asks from now on has seen nothing yet.
    pub fn forget(&mut self) {
        self.shown.clear();
    }

    /// Creates an object under the next uid.
    pub fn create(
        &mut self,
        context: &Context,
        object: Value,
        now: Timestamp,
    ) -> Result<Result<Value, Failure>> {
        let uid = format!("uid-{}", self.count + 1);
        let made = self.store(context)?.create(object, Some(uid), now);
        self.count += usize::from(made.is_ok());
        Ok(made)
    }

    /// Puts an object as it is, with the uid, the times and the status that it says.
    pub fn restore(&mut self, context: &Context, object: &Value, now: Timestamp) -> Result<()> {
        self.serve(context, object)?;
        self.count += 1;
        let uid = object["metadata"]["uid"].as_str();
        let uid = uid.map_or_else(|| format!("uid-{}", self.count), str::to_owned);
        self.store(context)?.restore(object.clone(), &uid, now)?;
        Ok(())
    }

    /// Creates an object, or changes it, as `kubectl apply` does. One that says its own uid is put as it is.
    pub fn apply(&mut self, context: &Context, object: &Value, now: Timestamp) -> Result<()> {
        self.serve(context, object)?;
        let at = Location::of(object);
        if let Some(existing) = self.store(context)?.get(&at) {
            let mut applied = object.clone();
            let kept = existing["metadata"].as_object().into_iter().flatten();
            for (field, value) in kept.filter(|(field, _)| !OF_THE_USER.contains(&field.as_str())) {
                applied["metadata"][field] = value.clone();
            }
            self.store(context)?.replace(applied, now)?;
            return Ok(());
        }
        if object["metadata"]["uid"].is_string() {
            return self.restore(context, object, now);
        }
        self.create(context, object.clone(), now)??;
        if let Some(status) = object.get("status") {
            self.set_status(&named(context.as_deref(), object), status, now)?;
        }
        Ok(())
    }

    /// Another controller writes a status.
    pub fn set_status(
        &mut self,
        reference: &Reference,
        status: &Value,
        now: Timestamp,
    ) -> Result<()> {
        let patch = json!([{"op": "add", "path": "/status", "value": status}]);
        self.patch(
            reference,
            &Patch::Json(serde_json::from_value(patch)?),
            true,
            now,
        )
    }

    /// Somebody patches an object, or its status alone.
    pub fn patch(
        &mut self,
        reference: &Reference,
        patch: &Patch,
        is_status: bool,
        now: Timestamp,
    ) -> Result<()> {
        let at = self.existing(reference)?;
        let store = self.store(&reference.context)?;
        store.patch(&at, patch, is_status, now)?;
        store.collect_garbage(now);
        Ok(())
    }

    /// Somebody deletes an object.
    pub fn delete(&mut self, reference: &Reference, now: Timestamp) -> Result<()> {
        let at = self.existing(reference)?;
        let store = self.store(&reference.context)?;
        store.delete(&at, None, now)?;
        store.collect_garbage(now);
        Ok(())
    }

    fn existing(&self, reference: &Reference) -> Result<Location> {
        let found = self.get(reference)?;
        found.with_context(|| format!("{reference} is not there"))?;
        self.location(reference)
    }

    /// A kind that nobody has defined is served once there is an object of it.
    fn serve(&mut self, context: &Context, object: &Value) -> Result<()> {
        let at = Location::of(object);
        self.store(context)?.serve(&at.api_version, &at.kind);
        Ok(())
    }
}
