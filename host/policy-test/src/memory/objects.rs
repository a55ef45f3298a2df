//! The objects as a scenario names them, and what its changes do to them.

use anyhow::{Context as _, Result};
use kube_sim::{Definitions, Location, Patch, Store};
use pilothouse_contract::{Context, Gvk};
use serde_json::{Value, json};

use crate::clusters::named;
use crate::near::hint;
use crate::reference::Reference;
use crate::scenario::Scenario;
use crate::servers::Servers;

/// What a user's manifest says of the metadata; the rest is Kubernetes' and the controllers'.
const OF_THE_USER: [&str; 4] = ["name", "namespace", "labels", "annotations"];

/// The API servers of a scenario, which serve the kinds of these definitions and, without a definition, those of the policy.
pub fn servers(scenario: &Scenario, definitions: &Definitions, kinds: &[&Gvk]) -> Result<Servers> {
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
    let mut servers = Servers::new(&store, scenario.all_contexts(), scenario.start);
    servers.contexts = scenario.contexts.iter().cloned().collect();
    Ok(servers)
}

impl Servers {
    /// What a kind is, by its name alone.
    pub(super) fn gvk_of(&self, kind: &str) -> Result<Gvk> {
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
    pub(super) fn location(&self, reference: &Reference) -> Result<Location> {
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
    pub(super) fn find(&self, reference: &Reference) -> Result<Option<Value>> {
        let at = self.location(reference)?;
        let store = self.stores.get(&reference.context);
        Ok(store.and_then(|store| store.get(&at)))
    }

    /// Puts an object as it is at the start.
    pub(super) fn give(&mut self, context: &Context, object: &Value) -> Result<()> {
        self.serve(context, object)?;
        self.restore(context, object.clone())
    }

    /// Creates an object, or changes it, as `kubectl apply` does. One that says its own uid is put as it is.
    pub(super) fn apply(&mut self, context: &Context, object: &Value) -> Result<()> {
        self.serve(context, object)?;
        let (at, now) = (Location::of(object), self.now);
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
            return self.restore(context, object.clone());
        }
        self.create(context, object.clone())??;
        if let Some(status) = object.get("status") {
            self.set_status(&named(context.as_deref(), object), status)?;
        }
        Ok(())
    }

    /// Another controller writes a status.
    pub(super) fn set_status(&mut self, reference: &Reference, status: &Value) -> Result<()> {
        let patch = json!([{"op": "add", "path": "/status", "value": status}]);
        self.patch(
            reference,
            &Patch::Json(serde_json::from_value(patch)?),
            true,
        )
    }

    /// Somebody patches an object, or its status alone.
    pub(super) fn patch(
        &mut self,
        reference: &Reference,
        patch: &Patch,
        is_status: bool,
    ) -> Result<()> {
        let (at, now) = (self.existing(reference)?, self.now);
        let store = self.store(&reference.context)?;
        store.patch(&at, patch, is_status, now)?;
        store.collect_garbage(now);
        Ok(())
    }

    /// Somebody deletes an object.
    pub(super) fn delete(&mut self, reference: &Reference) -> Result<()> {
        let (at, now) = (self.existing(reference)?, self.now);
        let store = self.store(&reference.context)?;
        store.delete(&at, None, now)?;
        store.collect_garbage(now);
        Ok(())
    }

    fn existing(&self, reference: &Reference) -> Result<Location> {
        let found = self.find(reference)?;
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
