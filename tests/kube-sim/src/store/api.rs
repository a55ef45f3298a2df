//! The store for whoever needs no client: requests in as calls, objects and refusals out. It answers as the server does, since
//! both do the same to the same state.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    failure::Failure,
    install::Definitions,
    kind::Kind,
    object::Object,
    patch::Patch,
    state::{State, shown},
    time::seconds,
    write::Options,
};

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// `v1`, `control.k8ssandra.io/v1alpha1`.
    pub api_version: String,
    /// `CassandraTask`.
    pub kind: String,
    /// Its namespace. That of a cluster-scoped object does not count.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Location {
    /// Where an object belongs that says itself what it is.
    pub fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &object["metadata"];
        Self {
            api_version: text(&object["apiVersion"]).unwrap_or_default(),
            kind: text(&object["kind"]).unwrap_or_default(),
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]).unwrap_or_default(),
        }
    }
}

/// One change of an object, as a watch shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object; of a deleted one, its last state.
    pub object: Value,
    /// Whether it is gone.
    pub is_gone: bool,
}

/// All that a cluster stores. A copy shares the objects.
#[derive(Clone)]
pub struct Store {
    state: State,
}

impl Store {
    /// A cluster that knows the built-in kinds only, with the namespaces that every cluster has.
    pub fn new(name: &str, now: Timestamp) -> Self {
        Self {
            state: State::begin(name, &seconds(now)),
        }
    }

    /// Serves the kinds of these definitions. Those that are there already are replaced.
    pub fn install(&mut self, definitions: &Definitions) -> Result<(), Failure> {
        self.state.install(definitions)
    }

    /// Serves a kind without a definition, unless it is served already: objects are taken as they are, with a status apart.
    pub fn serve(&mut self, api_version: &str, kind: &str) {
        if self.state.kinds.by_type(api_version, kind).is_none() {
            self.state.kinds.serve(Kind::schemaless(api_version, kind));
        }
    }

    /// Creates a namespace.
    pub fn create_namespace(&mut self, name: &str, now: Timestamp) -> Result<(), Failure> {
        self.state.create_namespace(name, &seconds(now))
    }

    /// The kinds that are not built in, by apiVersion and kind.
    pub fn custom_kinds(&self) -> impl Iterator<Item = (String, &str)> {
        let kinds = self.state.kinds.all().iter();
        kinds
            .filter(|kind| kind.custom)
            .map(|kind| (kind.api_version(), kind.kind.as_str()))
    }

    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.state.tables.rv()
    }

    /// An object as it is now.
    pub fn get(&self, at: &Location) -> Option<Value> {
        let (kind, object) = self.find(at).ok()?;
        Some(shown(&kind, &object))
    }

    /// An object as it is kept: in the version that it was written in, and a core event where it was one of `events.k8s.io`.
    pub fn kept(&self, at: &Location) -> Option<&Value> {
        let kind = self.kind(&at.api_version, &at.kind).ok()?;
        self.state
            .tables
            .kept(&State::place(&kind, namespace(&kind, at), &at.name))
    }

    /// The objects of all kinds that are not built in, as they are kept.
    pub fn custom_objects(&self) -> impl Iterator<Item = &Value> {
        let kinds = self.state.kinds.all().iter().filter(|kind| kind.custom);
        let tables: BTreeSet<_> = kinds.map(|kind| &kind.table).collect();
        tables
            .into_iter()
            .flat_map(|table| self.state.tables.all(table))
    }

    /// The objects of a kind in the order of their namespaces and names; none where the kind is not served.
    pub fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        let kind = self.kind(api_version, kind).ok();
        kind.map_or_else(Vec::new, |kind| self.state.all(&kind))
    }

    /// What has happened to the objects of a kind after `version`, oldest first; none if that is too long ago.
    pub fn changes(&self, api_version: &str, kind: &str, version: u64) -> Option<Vec<Change>> {
        let kind = self.kind(api_version, kind).ok()?;
        if version < self.state.tables.compacted() {
            return None;
        }
        let changes = self.state.tables.since(version);
        let changes = changes.filter(|change| change.place.table == kind.table);
        let change = |change: &super::tables::Change| Change {
            object: shown(&kind, &change.object),
            is_gone: change.deleted,
        };
        Some(changes.map(change).collect())
    }

    /// Creates an object, under this uid if one is given.
    pub fn create(
        &mut self,
        object: Value,
        uid: Option<String>,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let (kind, at) = self.kind_of(&object)?;
        let namespace = namespace(&kind, &at);
        let options = options(now, uid);
        let made = self.state.create(&kind, namespace, object, &options)?;
        Ok(shown(&kind, &made))
    }

    /// Puts an object as it is, as out of a backup: it keeps its times and its status, and gets this uid. It is still held to
    /// its definition.
    pub fn restore(&mut self, object: Value, uid: &str, now: Timestamp) -> Result<Value, Failure> {
        let (kind, at) = self.kind_of(&object)?;
        let (namespace, options) = (namespace(&kind, &at), options(now, Some(uid.to_owned())));
        let made = self.state.restore(&kind, namespace, object, &options)?;
        Ok(shown(&kind, &made))
    }

    /// Puts an object in the place of the one that is there. The status stays.
    pub fn replace(&mut self, object: Value, now: Timestamp) -> Result<Value, Failure> {
        let (kind, old) = self.find(&Location::of(&object))?;
        let written = self
            .state
            .replace(&kind, &old, object, false, &options(now, None))?;
        Ok(shown(&kind, &written))
    }

    /// Changes an object, or its status alone, by a patch.
    pub fn patch(
        &mut self,
        at: &Location,
        patch: &Patch,
        is_status: bool,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let (kind, old) = self.find(at)?;
        let mut new = shown(&kind, &old);
        patch.apply(&mut new)?;
        let written = self
            .state
            .replace(&kind, &old, new, is_status, &options(now, None))?;
        Ok(shown(&kind, &written))
    }

    /// Deletes an object, if it is the one of that uid. The reply is what its finalizers keep of it.
    pub fn delete(
        &mut self,
        at: &Location,
        uid: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Value>, Failure> {
        let (kind, object) = self.find(at)?;
        let held = self.state.delete(&kind, &object, uid, &seconds(now))?;
        Ok(held.map(|held| shown(&kind, &held)))
    }

    /// Deletes what owner references and namespaces that are gone or going ask for.
    pub fn collect_garbage(&mut self, now: Timestamp) {
        self.state.collect_garbage(&seconds(now));
    }

    fn find(&self, at: &Location) -> Result<(Arc<Kind>, Arc<Object>), Failure> {
        let kind = self.kind(&at.api_version, &at.kind)?;
        let object = self.state.read(&kind, namespace(&kind, at), &at.name)?;
        Ok((kind, object))
    }

    fn kind_of(&self, object: &Value) -> Result<(Arc<Kind>, Location), Failure> {
        let at = Location::of(object);
        Ok((self.kind(&at.api_version, &at.kind)?, at))
    }

    fn kind(&self, api_version: &str, kind: &str) -> Result<Arc<Kind>, Failure> {
        let found = self.state.kinds.by_type(api_version, kind);
        found.ok_or_else(Failure::not_served)
    }
}

fn namespace<'a>(kind: &Kind, at: &'a Location) -> Option<&'a str> {
    at.namespace.as_deref().filter(|_| kind.namespaced)
}

fn options(now: Timestamp, uid: Option<String>) -> Options {
    Options {
        uid,
        ..Options::at(&seconds(now))
    }
}
