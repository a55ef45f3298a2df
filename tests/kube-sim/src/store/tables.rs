//! Where objects of all kinds are kept: by table and key, with one resource version for the whole cluster, and with the
//! history that watches and consistent pages are read from. What comes in are finished objects; nothing here checks,
//! defaults or refuses.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use super::object::{Object, meta, owners};

/// How many changes are remembered; who is further behind is told that its version is too old.
const HISTORY: usize = 20_000;

/// Where an object is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub table: Arc<str>,
    /// As in etcd: `namespace/name`, or the name where there is no namespace.
    pub key: String,
}

impl Place {
    pub fn new(table: &Arc<str>, namespace: &str, name: &str) -> Self {
        let key = if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}/{name}")
        };
        Self {
            table: table.clone(),
            key,
        }
    }

    fn of(table: &Arc<str>, object: &Value) -> Self {
        Self::new(table, meta(object, "namespace"), meta(object, "name"))
    }
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub rv: u64,
    pub place: Place,
    /// What was there.
    pub before: Option<Arc<Object>>,
    /// What is there now; of a deleted one, its last state under the resource version of its deletion.
    pub object: Arc<Object>,
    pub deleted: bool,
}

type Table = BTreeMap<String, Arc<Object>>;

/// All objects of a cluster.
#[derive(Clone)]
pub(crate) struct Tables {
    by_name: BTreeMap<Arc<str>, Table>,
    /// Oldest first.
    history: VecDeque<Change>,
    rv: u64,
    /// Versions before this one cannot be gone back to.
    compacted: u64,
}

impl Tables {
    pub fn new() -> Self {
        Self {
            by_name: BTreeMap::new(),
            history: VecDeque::new(),
            // Clients take 0 for "any version".
            rv: 1,
            compacted: 1,
        }
    }

    /// The resource version of the last write.
    pub fn rv(&self) -> u64 {
        self.rv
    }

    /// The oldest version from which changes are still known.
    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    pub fn get(&self, place: &Place) -> Option<Arc<Object>> {
        self.by_name.get(&place.table)?.get(&place.key).cloned()
    }

    /// The object at a place, to be read.
    pub fn kept(&self, place: &Place) -> Option<&Value> {
        Some(&self.by_name.get(&place.table)?.get(&place.key)?.value)
    }

    /// The objects of a table in key order, to be read.
    pub fn all(&self, table: &str) -> impl Iterator<Item = &Value> {
        let objects = self.by_name.get(table).into_iter().flatten();
        objects.map(|(_, object)| &object.value)
    }

    /// The objects that name `uid` as an owner.
    pub fn dependents(&self, uid: &str) -> Vec<Place> {
        let is_owned = |object: &&Arc<Object>| owners(&object.value).any(|it| it["uid"] == uid);
        let places = |(table, objects): (&Arc<str>, &Table)| {
            let owned = objects.values().filter(is_owned);
            owned
                .map(|object| Place::of(table, &object.value))
                .collect::<Vec<_>>()
        };
        self.by_name.iter().flat_map(places).collect()
    }

    /// The objects of a table in key order, in one namespace or in all.
    pub fn list(&self, table: &str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.by_name
            .get(table)
            .map(|table| in_namespace(table, namespace))
            .unwrap_or_default()
    }

    /// As [`Tables::list`] was at version `rv`; none if that is too long ago.
    pub fn list_at(
        &self,
        table: &str,
        namespace: Option<&str>,
        rv: u64,
    ) -> Option<Vec<Arc<Object>>> {
        if rv < self.compacted {
            return None;
        }
        let mut then = self.by_name.get(table).cloned().unwrap_or_default();
        for change in self
            .since(rv)
            .rev()
            .filter(|change| &*change.place.table == table)
        {
            match &change.before {
                Some(before) => then.insert(change.place.key.clone(), before.clone()),
                None => then.remove(&change.place.key),
            };
        }
        Some(in_namespace(&then, namespace))
    }

    /// Everything in one namespace.
    pub fn in_namespace(&self, namespace: &str) -> Vec<Place> {
        let places = |(table, objects): (&Arc<str>, &Table)| {
            let objects = in_namespace(objects, Some(namespace));
            objects
                .iter()
                .map(|object| Place::of(table, &object.value))
                .collect::<Vec<_>>()
        };
        self.by_name.iter().flat_map(places).collect()
    }

    /// The changes after version `rv`, oldest first.
    pub fn since(&self, rv: u64) -> impl DoubleEndedIterator<Item = &Change> {
        self.history
            .range(self.history.partition_point(|change| change.rv <= rv)..)
    }

    /// Keeps `value` under the next resource version.
    pub fn put(&mut self, place: Place, value: Value) -> Arc<Object> {
        self.rv += 1;
        let object = Arc::new(Object::new(value, self.rv));
        let table = self.by_name.entry(place.table.clone()).or_default();
        let before = table.insert(place.key.clone(), object.clone());
        self.remember(Change {
            rv: self.rv,
            place,
            before,
            object: object.clone(),
            deleted: false,
        });
        object
    }

    /// Removes an object, if it is there, and returns its last state.
    pub fn remove(&mut self, place: &Place) -> Option<Arc<Object>> {
        let before = self.by_name.get_mut(&place.table)?.remove(&place.key)?;
        self.rv += 1;
        let object = Arc::new(Object::new(before.value.clone(), self.rv));
        self.remember(Change {
            rv: self.rv,
            place: place.clone(),
            before: Some(before),
            object: object.clone(),
            deleted: true,
        });
        Some(object)
    }

    /// Forgets all history.
    pub fn compact(&mut self) {
        self.history.clear();
        self.compacted = self.rv;
    }

    fn remember(&mut self, change: Change) {
        self.history.push_back(change);
        if self.history.len() > HISTORY
            && let Some(dropped) = self.history.pop_front()
        {
            self.compacted = dropped.rv;
        }
    }
}

fn in_namespace(table: &Table, namespace: Option<&str>) -> Vec<Arc<Object>> {
    let Some(namespace) = namespace else {
        return table.values().cloned().collect();
    };
    let prefix = format!("{namespace}/");
    let from = table.range(prefix.clone()..);
    from.take_while(|(key, _)| key.starts_with(&prefix))
        .map(|(_, object)| object.clone())
        .collect()
}

#[cfg(test)]
mod tests;
