//! Objects by name and by label.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Change;
use crate::object::{Object, ObjectKey};

type Label = (String, String);

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    by_label: BTreeMap<Label, BTreeSet<ObjectKey>>,
}

impl Index {
    pub(super) fn get(&self, key: &ObjectKey) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        self.objects.keys()
    }

    pub(super) fn labelled(&self, namespace: Option<&str>, labels: &[Label]) -> Vec<Arc<Object>> {
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
            None => self.objects.values().filter(fits).cloned().collect(),
            Some(keys) => {
                let keys = keys.into_iter().flatten();
                let candidates = keys.filter_map(|key| self.objects.get(key));
                candidates.filter(fits).cloned().collect()
            }
        }
    }

    /// From now on there is this object under that name, or none.
    pub(super) fn set(&mut self, key: ObjectKey, new: Option<Arc<Object>>) -> Option<Change> {
        let old = self.objects.remove(&key);
        if state(old.as_ref()) == state(new.as_ref()) {
            self.objects.extend(old.map(|old| (key, old)));
            return None;
        }
        let mut labels = Vec::new();
        for label in old.iter().flat_map(|old| labels_of(old)) {
            if let Some(keys) = self.by_label.get_mut(&label) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.by_label.remove(&label);
                }
            }
            labels.push(label);
        }
        for label in new.iter().flat_map(|new| labels_of(new)) {
            let keys = self.by_label.entry(label.clone()).or_default();
            keys.insert(key.clone());
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        self.objects.extend(new.map(|new| (key.clone(), new)));
        Some(Change { key, labels })
    }
}

/// Which state of which object it is.
fn state(object: Option<&Arc<Object>>) -> Option<(&str, &str)> {
    object.map(|it| (it.uid.as_str(), it.resource_version.as_str()))
}

fn labels_of(object: &Object) -> impl Iterator<Item = Label> {
    let labels = object.labels.iter();
    labels.map(|(name, value)| (name.clone(), value.clone()))
}
