//! The cache of one kind in one context: objects by name and by label, our own writes laid over them, and the health
//! of the watches that feed it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kube::api::ApiResource;

use super::{Change, Unknown};
use crate::contract::Blindness;
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
    /// It cannot list now; the text says why, for people.
    Lost(String),
}

/// An object, and when we wrote it if the watch has not shown that write yet.
struct Entry {
    object: Arc<Object>,
    written: Option<Epoch>,
}

/// An object that we deleted and whose end the watch has not shown yet.
struct Tombstone {
    uid: String,
    written: Epoch,
}

#[derive(Default)]
pub(super) struct KindCache {
    pub(super) resource: Option<(ApiResource, bool)>,
    health: BTreeMap<Option<String>, Health>,
    entries: BTreeMap<ObjectKey, Entry>,
    by_label: HashMap<(String, String), BTreeSet<ObjectKey>>,
    tombstones: HashMap<ObjectKey, Tombstone>,
    epoch: Epoch,
}

impl KindCache {
    pub(super) fn open(&mut self, namespace: Option<&str>) {
        self.health
            .entry(namespace.map(str::to_owned))
            .or_insert(Health::Starting);
    }

    pub(super) fn set_health(&mut self, namespace: Option<&str>, health: Health) -> bool {
        let old = self
            .health
            .insert(namespace.map(str::to_owned), health.clone());
        old != Some(health)
    }

    /// Whether a question about this namespace (none: all that are watched) can be answered.
    pub(super) fn known(&self, namespace: Option<&str>) -> Result<(), Unknown> {
        let everywhere = self.health.contains_key(&None);
        let asked: Vec<&Health> = match namespace {
            Some(name)
                if !everywhere
                    && self
                        .resource
                        .as_ref()
                        .is_none_or(|(_, namespaced)| *namespaced) =>
            {
                self.health
                    .get(&Some(name.to_owned()))
                    .into_iter()
                    .collect()
            }
            _ => self.health.values().collect(),
        };
        if asked.is_empty() {
            let why = format!(
                "namespace {} is not watched (--namespace)",
                namespace.unwrap_or("?")
            );
            return Err(Unknown::Blind(Blindness::Unreachable(why)));
        }
        for health in asked {
            match health {
                Health::Synced => {}
                Health::Starting => return Err(Unknown::Pending),
                Health::Lost(why) => {
                    return Err(Unknown::Blind(Blindness::Unreachable(why.clone())));
                }
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<Arc<Object>> {
        self.entries.get(key).map(|entry| entry.object.clone())
    }

    pub(super) fn all(&self) -> Vec<Arc<Object>> {
        self.entries
            .values()
            .map(|entry| entry.object.clone())
            .collect()
    }

    pub(super) fn labelled(
        &self,
        namespace: Option<&str>,
        labels: &[(String, String)],
    ) -> Vec<Arc<Object>> {
        let fits = |object: &&Arc<Object>| {
            let own = object.metadata.labels.as_ref();
            labels
                .iter()
                .all(|(name, value)| own.and_then(|own| own.get(name)) == Some(value))
                && namespace
                    .is_none_or(|namespace| object.metadata.namespace.as_deref() == Some(namespace))
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
        self.tombstones
            .retain(|_, tombstone| tombstone.written >= since);
        let listed: BTreeSet<ObjectKey> = objects.iter().map(Object::key).collect();
        let gone: Vec<ObjectKey> = self
            .entries
            .iter()
            .filter(|(key, _)| {
                namespace.is_none_or(|namespace| key.namespace.as_deref() == Some(namespace))
            })
            .filter(|(key, entry)| {
                !listed.contains(key) && entry.written.is_none_or(|written| written < since)
            })
            .map(|(key, _)| key.clone())
            .collect();
        let mut changes: Vec<Change> = gone.iter().filter_map(|key| self.remove(key)).collect();
        for object in objects {
            let key = object.key();
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
        let key = object.key();
        if let Some(tombstone) = self.tombstones.get(&key) {
            if tombstone.uid == object.uid() {
                return Vec::new();
            }
            self.tombstones.remove(&key);
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            let older = older(&object, &entry.object);
            if entry.written.is_some() && older {
                return Vec::new();
            }
            if entry.object.metadata.resource_version == object.metadata.resource_version
                && entry.object.uid() == object.uid()
            {
                entry.written = None;
                return Vec::new();
            }
        }
        vec![self.insert(key, object, None)]
    }

    pub(super) fn seen_gone(&mut self, object: &Object) -> Vec<Change> {
        let key = object.key();
        if self
            .tombstones
            .get(&key)
            .is_some_and(|tombstone| tombstone.uid == object.uid())
        {
            self.tombstones.remove(&key);
        }
        match self.entries.get(&key) {
            Some(entry) if entry.object.uid() == object.uid() => {
                self.remove(&key).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn wrote(&mut self, object: Object) -> Vec<Change> {
        let key = object.key();
        if let Some(entry) = self.entries.get(&key)
            && (older(&object, &entry.object)
                || entry.object.metadata.resource_version == object.metadata.resource_version)
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
            .is_none_or(|entry| entry.object.uid() != uid)
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
        for (name, value) in object.labels() {
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
            .labels()
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

/// Whether `object` is a state of the same object from before `known`. Resource versions that are not numbers cannot
/// be compared; then what comes counts.
fn older(object: &Object, known: &Object) -> bool {
    object.uid() == known.uid()
        && matches!((object.version(), known.version()), (Some(a), Some(b)) if a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, uid: &str, version: u32, label: &str) -> Object {
        Object::parse(&format!(
            r#"{{"metadata":{{"namespace":"ns","name":"{name}","uid":"{uid}","resourceVersion":"{version}","labels":{{"l":"{label}"}}}}}}"#
        ))
        .unwrap()
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: Some("ns".into()),
            name: name.into(),
        }
    }

    fn label(value: &str) -> Vec<(String, String)> {
        vec![("l".into(), value.into())]
    }

    fn version(kind: &KindCache, name: &str) -> Option<u64> {
        kind.get(&key(name)).and_then(|object| object.version())
    }

    #[test]
    fn own_write_stays_over_what_an_older_watch_event_says() {
        let mut kind = KindCache::default();
        kind.seen(object("a", "1", 5, "x"));
        kind.wrote(object("a", "1", 9, "y"));
        assert!(kind.seen(object("a", "1", 7, "x")).is_empty());
        assert_eq!(version(&kind, "a"), Some(9));
        assert!(
            kind.seen(object("a", "1", 9, "y")).is_empty(),
            "our own write is no news"
        );
        assert_eq!(kind.seen(object("a", "1", 10, "y")).len(), 1);
        assert_eq!(version(&kind, "a"), Some(10));
    }

    #[test]
    fn own_create_survives_a_list_that_began_before_it_and_not_one_that_began_after() {
        let mut kind = KindCache::default();
        let before = kind.begin();
        kind.wrote(object("a", "1", 9, "y"));
        kind.replace(None, vec![], before);
        assert_eq!(version(&kind, "a"), Some(9));
        let after = kind.begin();
        assert_eq!(kind.replace(None, vec![], after).len(), 1);
        assert_eq!(version(&kind, "a"), None);
    }

    #[test]
    fn own_delete_hides_the_object_until_the_watch_has_caught_up() {
        let mut kind = KindCache::default();
        kind.seen(object("a", "1", 5, "x"));
        assert_eq!(kind.wrote_gone(&key("a"), "1").len(), 1);
        assert!(
            kind.seen(object("a", "1", 6, "x")).is_empty(),
            "late news of what we deleted"
        );
        assert_eq!(version(&kind, "a"), None);
        assert_eq!(
            kind.seen(object("a", "2", 8, "x")).len(),
            1,
            "another object under the name"
        );
        assert!(kind.seen_gone(&object("a", "1", 7, "x")).is_empty());
        assert_eq!(version(&kind, "a"), Some(8));
    }

    #[test]
    fn labels_find_objects_and_a_change_names_old_and_new_labels() {
        let mut kind = KindCache::default();
        kind.seen(object("b", "1", 1, "x"));
        kind.seen(object("a", "2", 2, "x"));
        let names = |kind: &KindCache, value: &str| {
            kind.labelled(None, &label(value))
                .iter()
                .map(|o| o.key().name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&kind, "x"), ["a", "b"]);
        let changes = kind.seen(object("b", "1", 3, "y"));
        assert_eq!(
            changes[0].labels,
            [("l".to_owned(), "x".to_owned()), ("l".into(), "y".into())]
        );
        assert_eq!(names(&kind, "x"), ["a"]);
        assert_eq!(names(&kind, "z"), [""; 0]);
        assert_eq!(kind.labelled(None, &[]).len(), 2);
        assert_eq!(kind.labelled(Some("other"), &label("y")).len(), 0);
    }

    #[test]
    fn absent_pending_and_lost_are_three_answers() {
        let mut kind = KindCache::default();
        kind.open(None);
        assert_eq!(kind.known(Some("ns")), Err(Unknown::Pending));
        assert!(kind.set_health(None, Health::Lost("down".into())));
        assert!(
            matches!(kind.known(None), Err(Unknown::Blind(Blindness::Unreachable(why))) if why == "down")
        );
        kind.set_health(None, Health::Synced);
        assert!(!kind.set_health(None, Health::Synced));
        assert_eq!(kind.known(Some("ns")), Ok(()));
    }

    #[test]
    fn a_namespace_that_is_not_watched_is_unknown() {
        let mut kind = KindCache::default();
        kind.open(Some("ns"));
        kind.set_health(Some("ns"), Health::Synced);
        assert_eq!(kind.known(Some("ns")), Ok(()));
        assert!(matches!(kind.known(Some("other")), Err(Unknown::Blind(_))));
    }
}
