//! What is known of every watched kind in every context, and whether it is known at all.
//!
//! Watches write here what they see, and the executor what it wrote: its own writes are laid over the cache until the
//! watch has caught up, so that a policy is never asked about a world that lacks what it has just done. Every method
//! that changes something returns what changed, for the subscriptions. Nothing here talks to an API server.

mod kind;

use std::collections::HashMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kube::api::ApiResource;

use crate::contract::{Context, LabelQuery, ObjectRef, Unavailable, UnavailableReason};
use crate::object::{Object, ObjectKey};
use kind::KindCache;
pub use kind::{Epoch, Health};
pub use pilothouse_core::Resource;

/// An object that came, changed or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which object.
    pub key: ObjectKey,
    /// Its labels before and after the change.
    pub labels: Vec<(String, String)>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The first list is still under way: it will be known in a moment, one way or the other.
    Pending,
    /// It cannot be known now.
    Unavailable(Unavailable),
}

/// The caches of all contexts.
#[derive(Default)]
pub struct Caches {
    kinds: RwLock<HashMap<Resource, KindCache>>,
}

impl Caches {
    /// Starts a cache that one watch will feed: of all namespaces (none) or of one.
    pub fn open(&self, resource: &Resource, namespace: Option<&str>) {
        self.write()
            .entry(resource.clone())
            .or_default()
            .open(namespace);
    }

    /// Forgets a kind that is no longer watched.
    pub fn close(&self, resource: &Resource) {
        self.write().remove(resource);
    }

    /// Notes how the API server names the kind.
    pub fn resolve(&self, resource: &Resource, api_resource: ApiResource, namespaced: bool) {
        if let Some(kind) = self.write().get_mut(resource) {
            kind.api_resource = Some((api_resource, namespaced));
        }
    }

    /// How the API server names the kind, and whether it is namespaced.
    pub fn api_resource(&self, resource: &Resource) -> Option<(ApiResource, bool)> {
        self.read().get(resource)?.api_resource.clone()
    }

    /// A list is about to be asked for: what is written from now on may not be in it.
    pub fn list_begins(&self, resource: &Resource) -> Epoch {
        self.write().entry(resource.clone()).or_default().begin()
    }

    /// A complete list, asked for after `since`, replaces what was known of the namespace.
    pub fn list_done(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        objects: Vec<Object>,
        since: Epoch,
    ) -> Vec<Change> {
        self.write()
            .entry(resource.clone())
            .or_default()
            .replace(namespace, objects, since)
    }

    /// A watch saw an object appear or change.
    pub fn seen(&self, resource: &Resource, object: Object) -> Vec<Change> {
        self.write()
            .entry(resource.clone())
            .or_default()
            .seen(object)
    }

    /// A watch saw an object go.
    pub fn seen_gone(&self, resource: &Resource, object: &Object) -> Vec<Change> {
        self.write()
            .entry(resource.clone())
            .or_default()
            .seen_gone(object)
    }

    /// The API server answered a write of ours with this object.
    pub fn wrote(&self, resource: &Resource, object: Object) -> Vec<Change> {
        self.write()
            .entry(resource.clone())
            .or_default()
            .wrote(object)
    }

    /// The API server confirmed that this object of ours is gone.
    pub fn wrote_gone(&self, resource: &Resource, key: &ObjectKey, uid: &str) -> Vec<Change> {
        self.write()
            .entry(resource.clone())
            .or_default()
            .wrote_gone(key, uid)
    }

    /// The watch of a namespace (none: of all) is well or not. True where that is news.
    pub fn set_health(&self, resource: &Resource, namespace: Option<&str>, health: Health) -> bool {
        self.write()
            .entry(resource.clone())
            .or_default()
            .set_health(namespace, health)
    }

    /// An object if it is in the cache, whatever the health of its watch.
    pub fn get(&self, resource: &Resource, key: &ObjectKey) -> Option<Arc<Object>> {
        self.read().get(resource)?.get(key)
    }

    /// Every object of a kind in a context.
    pub fn all(&self, resource: &Resource) -> Vec<Arc<Object>> {
        self.read()
            .get(resource)
            .map(KindCache::all)
            .unwrap_or_default()
    }

    /// One object by name: known to be there, known to be absent, or unknown.
    pub fn object(&self, wanted: &ObjectRef) -> Result<Option<Arc<Object>>, Unknown> {
        let resource = Resource {
            context: wanted.context.clone(),
            gvk: wanted.gvk.clone(),
        };
        let key = ObjectKey {
            namespace: wanted.namespace.clone(),
            name: wanted.name.clone(),
        };
        self.ask(&resource, wanted.namespace.as_deref(), |kind| {
            kind.get(&key)
        })
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
        self.ask(&resource, namespace, |kind| {
            kind.labelled(namespace, &query.labels)
        })
    }

    fn ask<T>(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        answer: impl Fn(&KindCache) -> T,
    ) -> Result<T, Unknown> {
        let kinds = self.read();
        let Some(kind) = kinds.get(resource) else {
            let why = format!(
                "{} is not watched: the policy's manifest does not name it for this context",
                resource.gvk
            );
            let unavailable = Unavailable::new(UnavailableReason::NotWatched, why);
            return Err(Unknown::Unavailable(unavailable));
        };
        kind.known(namespace).map(|()| answer(kind))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<Resource, KindCache>> {
        self.kinds
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Resource, KindCache>> {
        self.kinds
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
