//! The cache of one kind in one context: objects by name and by label, our own writes laid over them, and the health
//! of the watches that feed it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pilothouse_contract::Unavailable;

use super::{Change, Unknown};
use crate::object::{Object, ObjectKey};

/// A moment in the sequence of our own writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

/// How a watch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its first list is under way.
    Starting,
    /// It has listed, and follows.
    Synced,
    /// It cannot be listed, or not be watched, now.
    Lost(Unavailable),
}

/// An object, and when we wrote it if the watch has not shown that write yet.
#[derive(Clone, Debug)]
struct Entry {
    object: Arc<Object>,
    written: Option<Epoch>,
}

/// An object that we deleted and whose end the watch has not shown yet.
#[derive(Clone, Debug)]
struct Tombstone {
    uid: String,
    written: Epoch,
}

#[derive(Clone, Debug, Default)]
pub(super) struct KindCache {
    pub(super) is_namespaced: Option<bool>,
    health: BTreeMap<Option<String>, Health>,
    entries: BTreeMap<ObjectKey, Entry>,
    by_label: BTreeMap<(String, String), BTreeSet<ObjectKey>>,
    tombstones: BTreeMap<ObjectKey, Tombstone>,
    epoch: Epoch,
}

impl KindCache {
    pub(super) fn open(&mut self, namespace: Option<&str>) {
        self.health
            .entry(namespace.map(str::to_owned))
            .or_insert(Health::Starting);
    }

    /// True where that is news. It is lost since it was first lost, whatever became the reason. Of a namespace that is not open, nothing
    /// is news.
    pub(super) fn set_health(&mut self, namespace: Option<&str>, mut health: Health) -> bool {
        let Some(known) = self.health.get_mut(&namespace.map(str::to_owned)) else {
            return false;
        };
        if let (Health::Lost(new), Health::Lost(old)) = (&mut health, &*known) {
            new.since = old.since;
        }
        let is_news = *known != health;
        *known = health;
        is_news
    }

    /// Whether a question about this namespace (none: all that are watched) can be answered.
    pub(super) fn known(&self, namespace: Option<&str>) -> Result<(), Unknown> {
        let everywhere = self.health.contains_key(&None);
        let asked: Vec<&Health> = match namespace {
            Some(name) if !everywhere && self.is_namespaced != Some(false) => self
                .health
                .get(&Some(name.to_owned()))
                .into_iter()
                .collect(),
            _ => self.health.values().collect(),
        };
        if asked.is_empty() {
            let why = format!(
                "namespace {} is not watched (--namespace)",
                namespace.unwrap_or("?")
            );
            return Err(Unknown::not_watched(why));
        }
        for health in asked {
            match health {
                Health::Synced => {}
                Health::Starting => return Err(Unknown::Pending),
                Health::Lost(why) => return Err(Unknown::Unavailable(why.clone())),
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<Arc<Object>> {
        self.entries.get(key).map(|entry| entry.object.clone())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        self.entries.keys()
    }

    pub(super) fn labelled(
        &self,
        namespace: Option<&str>,
        labels: &[(String, String)],
    ) -> Vec<Arc<Object>> {
        let fits = |object: &&Arc<Object>| {
            let own = &object.labels;
            labels
                .iter()
                .all(|(name, value)| own.get(name) == Some(value))
                && namespace
                    .is_none_or(|namespace| object.key.namespace.as_deref() == Some(namespace))
        };
        let rarest = labels
            .iter()
            .map(|label| self.by_label.get(label))
            .min_by_key(|keys| keys.map_or(0, BTreeSet::len));
        match rarest {
            None => self
                .entries
                .values()
                .map(|entry| &entry.object)
                .filter(fits)
                .cloned()
                .collect(),
            Some(None) => Vec::new(),
            Some(Some(keys)) => {
                let candidates = keys
                    .iter()
                    .filter_map(|key| self.entries.get(key))
                    .map(|entry| &entry.object);
                candidates.filter(fits).cloned().collect()
            }
        }
    }

    pub(super) fn begin(&mut self) -> Epoch {
        self.epoch.0 += 1;
        self.epoch
    }

    /// What we wrote after the list was asked for stays; for all else the list is the truth.
    pub(super) fn replace(
        &mut self,
        namespace: Option<&str>,
        objects: Vec<Object>,
        since: Epoch,
    ) -> Vec<Change> {
        // A kind without namespaces is listed whole, whichever namespace is watched.
        let is_in = |key: &ObjectKey| {
            let of = key.namespace.as_deref();
            namespace.is_none() || of.is_none() || of == namespace
        };
        self.tombstones
            .retain(|key, tombstone| !is_in(key) || tombstone.written >= since);
        let listed: BTreeSet<ObjectKey> = objects.iter().map(|object| object.key.clone()).collect();
        let gone: Vec<ObjectKey> = self
            .entries
            .iter()
            .filter(|(key, entry)| {
                is_in(key)
                    && !listed.contains(key)
                    && entry.written.is_none_or(|written| written < since)
            })
            .map(|(key, _)| key.clone())
            .collect();
        let mut changes: Vec<Change> = gone.iter().filter_map(|key| self.remove(key)).collect();
        for object in objects {
            let key = object.key.clone();
            if let Some(entry) = self.entries.get_mut(&key)
                && entry.written.is_some_and(|written| written < since)
            {
                entry.written = None;
            }
            changes.extend(self.seen(object));
        }
        changes
    }

    /// What a watch shows counts unless we know something newer: a write of ours that it has not shown yet.
    pub(super) fn seen(&mut self, object: Object) -> Vec<Change> {
        let key = object.key.clone();
        if let Some(tombstone) = self.tombstones.get(&key) {
            if tombstone.uid == object.uid {
                return Vec::new();
            }
            self.tombstones.remove(&key);
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            let older = older(&object, &entry.object);
            if entry.written.is_some() && older {
                return Vec::new();
            }
            if entry.object.resource_version == object.resource_version
                && entry.object.uid == object.uid
            {
                entry.written = None;
                return Vec::new();
            }
        }
        vec![self.insert(key, object, None)]
    }

    pub(super) fn seen_gone(&mut self, object: &Object) -> Vec<Change> {
        let key = object.key.clone();
        if self
            .tombstones
            .get(&key)
            .is_some_and(|tombstone| tombstone.uid == object.uid)
        {
            self.tombstones.remove(&key);
        }
        match self.entries.get(&key) {
            Some(entry) if entry.object.uid == object.uid => {
                self.remove(&key).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn wrote(&mut self, object: Object) -> Vec<Change> {
        let key = object.key.clone();
        if let Some(entry) = self.entries.get(&key)
            && (older(&object, &entry.object)
                || entry.object.resource_version == object.resource_version)
        {
            return Vec::new();
        }
        let epoch = self.begin();
        self.tombstones.remove(&key);
        vec![self.insert(key, object, Some(epoch))]
    }

    pub(super) fn wrote_gone(&mut self, key: &ObjectKey, uid: &str) -> Vec<Change> {
        if self
            .entries
            .get(key)
            .is_none_or(|entry| entry.object.uid != uid)
        {
            return Vec::new();
        }
        let written = self.begin();
        self.tombstones.insert(
            key.clone(),
            Tombstone {
                uid: uid.to_owned(),
                written,
            },
        );
        self.remove(key).into_iter().collect()
    }

    fn insert(&mut self, key: ObjectKey, object: Object, written: Option<Epoch>) -> Change {
        let mut labels = self
            .remove(&key)
            .map(|change| change.labels)
            .unwrap_or_default();
        for (name, value) in &object.labels {
            let label = (name.clone(), value.clone());
            self.by_label
                .entry(label.clone())
                .or_default()
                .insert(key.clone());
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        self.entries.insert(
            key.clone(),
            Entry {
                object: Arc::new(object),
                written,
            },
        );
        Change { key, labels }
    }

    fn remove(&mut self, key: &ObjectKey) -> Option<Change> {
        let entry = self.entries.remove(key)?;
        let labels: Vec<_> = entry
            .object
            .labels
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for label in &labels {
            if let Some(keys) = self.by_label.get_mut(label) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_label.remove(label);
                }
            }
        }
        Some(Change {
            key: key.clone(),
            labels,
        })
    }
}

/// Whether `object` is a state from before `known`, of the same object or of an earlier one of its name: an API server counts
/// the resource versions of a kind together. Those that are not numbers cannot be compared; then what comes counts.
fn older(object: &Object, known: &Object) -> bool {
    matches!((object.version(), known.version()), (Some(a), Some(b)) if a < b)
}

#[cfg(test)]
mod tests;
