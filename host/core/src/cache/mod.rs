//! What is known of every watched kind in every context, and whether it is known at all.
//!
//! What watches see comes in, and what was written: own writes are overlaid until the watch has caught up, so that a policy is
//! never asked about a state that lacks what it has just done. What changed goes out, for the subscriptions.

mod index;
mod kind;
mod watches;

use std::collections::BTreeMap;
use std::sync::Arc;

use pilothouse_contract::{Context, LabelQuery, ObjectRef, Unavailable, UnavailableReason};

use crate::object::{Object, ObjectKey, Resource};
use index::Index;
use kind::KindCache;
pub use watches::Health;

/// An object that came, changed or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which object.
    pub key: ObjectKey,
    /// Its labels before and after the change.
    pub labels: Vec<(String, String)>,
}

/// All objects of a kind, in one namespace or in all.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The objects.
    pub objects: Vec<Object>,
    /// The resourceVersion of the list: what it was taken at.
    pub version: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The first list is still under way: it will be known in a moment, one way or the other.
    Pending,
    /// It cannot be known now.
    Unavailable(Unavailable),
}

impl Unknown {
    fn not_watched(why: String) -> Self {
        Self::Unavailable(Unavailable::new(UnavailableReason::NotWatched, why))
    }
}

/// The caches of all contexts.
#[derive(Clone, Debug, Default)]
pub struct Caches {
    kinds: BTreeMap<Resource, KindCache>,
}

impl Caches {
    /// Starts a cache that one watch will feed: of all namespaces (none) or of one. Of a kind that is not open, nothing is kept:
    /// a watch that was stopped may still tell something.
    pub fn open(&mut self, resource: &Resource, namespace: Option<&str>) {
        let kind = self.kinds.entry(resource.clone()).or_default();
        kind.open(namespace);
    }

    /// Forgets a kind that is no longer watched.
    pub fn close(&mut self, resource: &Resource) {
        self.kinds.remove(resource);
    }

    /// Forgets a context.
    pub fn forget(&mut self, context: &Context) {
        self.kinds.retain(|kind, _| kind.context != *context);
    }

    /// Notes whether the API server has the kind in namespaces.
    pub fn resolve(&mut self, resource: &Resource, is_namespaced: bool) {
        if let Some(kind) = self.kind(resource) {
            kind.resolve(is_namespaced);
        }
    }

    /// A complete list replaces what was known of the namespace.
    pub fn listed(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        list: List,
    ) -> Vec<Change> {
        let kind = self.kind(resource);
        kind.map(|it| it.listed(namespace, list))
            .unwrap_or_default()
    }

    /// Whether a list of that version is the first to say that an API server counts again from an earlier one: it was restored, or set
    /// up anew.
    pub fn goes_back(&self, resource: &Resource, namespace: Option<&str>, version: &str) -> bool {
        let kind = self.kinds.get(resource);
        kind.is_some_and(|it| it.goes_back(namespace, version) && !it.is_outdated(namespace))
    }

    /// Nothing counts that is known of a context, until it is listed anew.
    pub fn outdate(&mut self, context: &Context) {
        let kinds = self.kinds.iter_mut();
        for (_, kind) in kinds.filter(|(resource, _)| resource.context == *context) {
            kind.outdate();
        }
    }

    /// Whether a kind has to be listed anew.
    pub fn is_outdated(&self, resource: &Resource, namespace: Option<&str>) -> bool {
        let kind = self.kinds.get(resource);
        kind.is_some_and(|it| it.is_outdated(namespace))
    }

    /// A watch has shown everything up to that resourceVersion.
    pub fn caught_up(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        version: &str,
    ) -> Vec<Change> {
        let kind = self.kind(resource);
        kind.map(|it| it.caught_up(namespace, version))
            .unwrap_or_default()
    }

    /// A watch saw an object appear or change.
    pub fn seen(&mut self, resource: &Resource, object: Object) -> Vec<Change> {
        let kind = self.kind(resource);
        kind.map(|it| it.seen(object)).unwrap_or_default()
    }

    /// A watch saw an object go.
    pub fn seen_gone(&mut self, resource: &Resource, object: &Object) -> Vec<Change> {
        let kind = self.kind(resource);
        kind.map(|it| it.seen_gone(object)).unwrap_or_default()
    }

    /// The API server answered a write with this object.
    pub fn wrote(&mut self, resource: &Resource, object: Object) -> Vec<Change> {
        let kind = self.kind(resource);
        kind.map(|it| it.wrote(object)).unwrap_or_default()
    }

    /// The API server confirmed that this object is gone.
    pub fn wrote_gone(&mut self, resource: &Resource, key: &ObjectKey, uid: &str) -> Vec<Change> {
        let kind = self.kind(resource);
        kind.map(|it| it.wrote_gone(key, uid)).unwrap_or_default()
    }

    /// The watch of a namespace (none: of all) is well or not. True where that is news.
    pub fn set_health(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        health: Health,
    ) -> bool {
        let kind = self.kind(resource);
        kind.is_some_and(|it| it.set_health(namespace, health))
    }

    /// An object if it is in the cache, whatever the health of its watch.
    pub fn get(&self, resource: &Resource, key: &ObjectKey) -> Option<Arc<Object>> {
        self.kinds.get(resource)?.index().get(key).cloned()
    }

    /// The keys of all objects of a kind in a context.
    pub fn keys(&self, resource: &Resource) -> Vec<ObjectKey> {
        let kind = self.kinds.get(resource);
        kind.map(|kind| kind.index().keys().cloned().collect())
            .unwrap_or_default()
    }

    /// One object by name: known to be there, known to be absent, or unknown.
    pub fn object(&self, wanted: &ObjectRef) -> Result<Option<Arc<Object>>, Unknown> {
        let (resource, key) = Resource::and_key(wanted);
        let namespace = wanted.namespace.as_deref();
        self.check_scope(&resource, namespace)?;
        let known = self.known(&resource, namespace)?;
        Ok(known.get(&key).cloned())
    }

    /// The objects in one context that have all these labels, by namespace and name; or unknown.
    pub fn labelled(
        &self,
        context: &Context,
        query: &LabelQuery,
    ) -> Result<Vec<Arc<Object>>, Unknown> {
        let resource = Resource {
            context: context.clone(),
            gvk: query.gvk.clone(),
        };
        let namespace = query.namespace.as_deref();
        if namespace.is_some() {
            self.check_scope(&resource, namespace)?;
        }
        let known = self.known(&resource, namespace)?;
        Ok(known.labelled(namespace, &query.labels))
    }

    /// What is asked for in a namespace that it cannot have, or without the one that it must have, is not absent: that is a mistake.
    fn check_scope(&self, resource: &Resource, namespace: Option<&str>) -> Result<(), Unknown> {
        let kind = self.kinds.get(resource);
        let is_namespaced = kind.and_then(KindCache::is_namespaced);
        let gvk = &resource.gvk;
        match (is_namespaced, namespace) {
            (Some(false), Some(namespace)) => Err(Unknown::not_watched(format!(
                "{gvk} is cluster-scoped, and asked for in namespace {namespace}"
            ))),
            (Some(true), None) => Err(Unknown::not_watched(format!(
                "{gvk} is namespaced, and an object is asked for without a namespace"
            ))),
            _ => Ok(()),
        }
    }

    fn known(&self, resource: &Resource, namespace: Option<&str>) -> Result<&Index, Unknown> {
        let Some(kind) = self.kinds.get(resource) else {
            let why = format!(
                "{} is not watched: the policy's manifest does not name it for this context",
                resource.gvk
            );
            return Err(Unknown::not_watched(why));
        };
        kind.known(namespace)
    }

    fn kind(&mut self, resource: &Resource) -> Option<&mut KindCache> {
        self.kinds.get_mut(resource)
    }
}
