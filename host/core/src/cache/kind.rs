//! The cache of one kind in one context: what its watches show, and our own writes over it until they have shown them.
//!
//! Which of two is newer, resourceVersions say: an API server counts those of a kind together. One that is no number cannot be
//! compared; then what comes last counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::Index;
use super::watches::{Health, Watches, shows};
use super::{Change, List, Unknown};
use crate::object::{self, Object, ObjectKey};

/// What we wrote, and the watch has not shown yet.
#[derive(Clone, Debug)]
struct Own {
    /// As it was answered; the last that was known of what we deleted.
    object: Arc<Object>,
    is_deleted: bool,
    /// What the watch shows meanwhile.
    shown: Option<Arc<Object>>,
    /// Whether a list has come since. The next one was asked for later than it was written.
    is_listed: bool,
}

impl Own {
    /// Whether the watch, which has shown everything up to `mark`, has shown it or something newer. Where that cannot be
    /// compared, it is so if the watch has shown something else.
    fn is_shown(&self, mark: Option<u64>, has_shown: bool) -> bool {
        let of_uid = |shown: &Arc<Object>| shown.uid == self.object.uid;
        let is_shown = match (self.object.version(), mark) {
            (Some(version), Some(mark)) => version <= mark,
            _ => has_shown,
        };
        is_shown && !(self.is_deleted && self.shown.as_ref().is_some_and(of_uid))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct KindCache {
    watches: Watches,
    /// What is known: what the watches show, and what we wrote.
    index: Index,
    own: BTreeMap<ObjectKey, Own>,
}

impl KindCache {
    pub(super) fn open(&mut self, namespace: Option<&str>) {
        self.watches.open(namespace);
    }

    pub(super) fn is_namespaced(&self) -> Option<bool> {
        self.watches.is_namespaced
    }

    pub(super) fn resolve(&mut self, is_namespaced: bool) {
        self.watches.is_namespaced = Some(is_namespaced);
    }

    pub(super) fn set_health(&mut self, namespace: Option<&str>, health: Health) -> bool {
        self.watches.set_health(namespace, health)
    }

    pub(super) fn known(&self, namespace: Option<&str>) -> Result<&Index, Unknown> {
        self.watches.known(namespace).map(|()| &self.index)
    }

    /// Whether a list of that version says that the API server has gone back to an earlier one.
    pub(super) fn goes_back(&self, namespace: Option<&str>, version: &str) -> bool {
        self.watches.goes_back(namespace, object::version(version))
    }

    /// What was written counts no more, and no version from before tells how old an answer is.
    pub(super) fn outdate(&mut self) {
        self.watches.outdate();
        for (key, own) in std::mem::take(&mut self.own) {
            self.index.set(key, own.shown);
        }
    }

    pub(super) fn is_outdated(&self, namespace: Option<&str>) -> bool {
        self.watches.is_outdated(namespace)
    }

    /// What is known, whatever the health of the watches.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// What was written after the list was taken stays; for all else the list is the truth. An API server that was restored
    /// counts again from an earlier version: nothing counts that is from before.
    pub(super) fn listed(&mut self, namespace: Option<&str>, list: List) -> Vec<Change> {
        let went_back = self
            .watches
            .listed(namespace, object::version(&list.version));
        let is_in = |key: &ObjectKey| shows(namespace, key);
        self.own.retain(|key, own| {
            !is_in(key) || !went_back && !std::mem::replace(&mut own.is_listed, true)
        });
        let objects = list.objects.into_iter();
        let listed: BTreeMap<ObjectKey, Object> = objects.map(|it| (it.key.clone(), it)).collect();
        let known = self.index.keys().chain(self.own.keys());
        let is_gone = |key: &&ObjectKey| is_in(key) && !listed.contains_key(key);
        let gone: Vec<ObjectKey> = known.filter(is_gone).cloned().collect();
        let gone = gone.into_iter().map(|key| (key, None));
        let listed = listed.into_iter().map(|(key, it)| (key, Some(it)));
        let all = gone.chain(listed);
        let mut changes: Vec<Change> = all.filter_map(|(key, it)| self.show(key, it)).collect();
        changes.extend(self.settle(is_in));
        changes
    }

    pub(super) fn seen(&mut self, object: Object) -> Vec<Change> {
        let (key, version) = (object.key.clone(), object.version());
        let change = self.show(key.clone(), Some(object));
        self.followed(&key, version, change)
    }

    pub(super) fn seen_gone(&mut self, object: &Object) -> Vec<Change> {
        let key = &object.key;
        let shown = match self.own.get(key) {
            Some(own) => own.shown.as_ref(),
            None => self.index.get(key),
        };
        let is_shown = shown.is_some_and(|shown| shown.uid == object.uid);
        let change = is_shown.then(|| self.show(key.clone(), None)).flatten();
        self.followed(key, object.version(), change)
    }

    /// A watch has shown everything up to that version.
    pub(super) fn caught_up(&mut self, namespace: Option<&str>, version: &str) -> Vec<Change> {
        self.watches.caught_up(namespace, object::version(version));
        self.settle(|_| false)
    }

    /// An answer that the watch has shown, or something newer, is no news.
    pub(super) fn wrote(&mut self, object: Object) -> Vec<Change> {
        let key = object.key.clone();
        let known = self.own.get(&key);
        let is_dead = known.is_some_and(|own| own.is_deleted && own.object.uid == object.uid);
        let known = known.and_then(|own| own.object.version());
        let newest = known.max(self.watches.mark(&key));
        let is_old = matches!((object.version(), newest), (Some(a), Some(b)) if a <= b);
        if is_dead || is_old {
            return Vec::new();
        }
        self.write(key, Arc::new(object), false)
    }

    pub(super) fn wrote_gone(&mut self, key: &ObjectKey, uid: &str) -> Vec<Change> {
        match self.index.get(key).filter(|known| known.uid == uid) {
            Some(known) => self.write(key.clone(), known.clone(), true),
            None => Vec::new(),
        }
    }

    fn write(&mut self, key: ObjectKey, object: Arc<Object>, is_deleted: bool) -> Vec<Change> {
        let shown = match self.own.remove(&key) {
            Some(own) => own.shown,
            None => self.index.get(&key).cloned(),
        };
        let own = Own {
            object: object.clone(),
            is_deleted,
            shown,
            is_listed: false,
        };
        self.own.insert(key.clone(), own);
        let known = (!is_deleted).then_some(object);
        self.index.set(key, known).into_iter().collect()
    }

    /// What a watch shows is known unless we wrote something over it.
    fn show(&mut self, key: ObjectKey, object: Option<Object>) -> Option<Change> {
        let object = object.map(Arc::new);
        if let Some(own) = self.own.get_mut(&key) {
            own.shown = object;
            return None;
        }
        self.index.set(key, object)
    }

    /// An event was shown, with that change.
    fn followed(
        &mut self,
        key: &ObjectKey,
        version: Option<u64>,
        change: Option<Change>,
    ) -> Vec<Change> {
        self.watches.followed(key, version);
        let changes = change.into_iter();
        changes.chain(self.settle(|it| it == key)).collect()
    }

    /// Takes away what we wrote where the watch has shown it or something newer. Says which objects the watch has just shown.
    fn settle(&mut self, has_shown: impl Fn(&ObjectKey) -> bool) -> Vec<Change> {
        let watches = &self.watches;
        let is_over =
            |key: &ObjectKey, own: &mut Own| own.is_shown(watches.mark(key), has_shown(key));
        let over = self.own.extract_if(.., is_over);
        over.filter_map(|(key, own)| self.index.set(key, own.shown))
            .collect()
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
