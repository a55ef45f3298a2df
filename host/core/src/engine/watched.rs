//! What watches say: what there is, how far they have shown it, and whether they work.

use super::Engine;
use crate::cache::{Change, Health, List};
use crate::object::{Object, ObjectKey, Resource};

impl Engine {
    /// A watch is about to be started: of all namespaces (none) or of one.
    pub fn open(&mut self, resource: &Resource, namespace: Option<&str>) {
        self.caches.open(resource, namespace);
    }

    /// A kind is not watched any more.
    pub fn close(&mut self, resource: &Resource) {
        self.caches.close(resource);
    }

    /// An API server has said whether it has a kind in namespaces.
    pub fn resolved(&mut self, resource: &Resource, is_namespaced: bool) {
        self.caches.resolve(resource, is_namespaced);
    }

    /// A complete list has come. True if it says that the API server was set back: all kinds are to be listed anew there, and nothing
    /// is decided on them before.
    pub fn listed(&mut self, resource: &Resource, namespace: Option<&str>, list: List) -> bool {
        let goes_back = self.caches.goes_back(resource, namespace, &list.version);
        if goes_back {
            self.caches.outdate(&resource.context);
            self.set_backs += 1;
        }
        let was_outdated = self.caches.is_outdated(resource, namespace);
        let changes = self.caches.listed(resource, namespace, list);
        self.changed(resource, changes);
        if was_outdated {
            self.known_again(resource);
        }
        goes_back
    }

    /// Whether a kind has to be listed anew.
    pub fn is_outdated(&self, resource: &Resource, namespace: Option<&str>) -> bool {
        self.caches.is_outdated(resource, namespace)
    }

    /// A watch has shown everything up to that resourceVersion.
    pub fn caught_up(&mut self, resource: &Resource, namespace: Option<&str>, version: &str) {
        let changes = self.caches.caught_up(resource, namespace, version);
        self.changed(resource, changes);
    }

    /// A watch saw an object appear or change.
    pub fn seen(&mut self, resource: &Resource, object: Object) {
        let changes = self.caches.seen(resource, object);
        self.changed(resource, changes);
    }

    /// A watch saw an object go.
    pub fn seen_gone(&mut self, resource: &Resource, object: &Object) {
        let changes = self.caches.seen_gone(resource, object);
        self.changed(resource, changes);
    }

    /// The watch of a namespace (none: of all) is well or not. True where that is news.
    pub fn set_health(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        health: Health,
    ) -> bool {
        let is_synced = health == Health::Synced;
        let is_news = self.caches.set_health(resource, namespace, health);
        if is_news && is_synced {
            self.breakers.probe_now(&resource.context);
            self.known_again(resource);
        } else if is_news {
            self.wake(self.subscriptions.asking(resource));
        }
        is_news
    }

    fn known_again(&mut self, resource: &Resource) {
        self.wake(self.subscriptions.asking(resource));
        self.wake(self.waiting_for(resource));
    }

    /// The primaries that could not be worked for while a kind was not watched: all of them while it was their own, also those that
    /// are gone and still remembered, and those that have a write to read back there.
    fn waiting_for(&self, resource: &Resource) -> Vec<ObjectKey> {
        let is_home = *resource == self.home();
        let own = is_home.then(|| self.caches.keys(resource));
        let ledgers = self.ledgers.iter();
        let waiting = ledgers.filter(|(_, it)| is_home || it.is_unconfirmed(resource));
        let waiting = waiting.map(|(primary, _)| primary.clone());
        own.into_iter().flatten().chain(waiting).collect()
    }

    /// Somebody has changed something.
    fn changed(&mut self, resource: &Resource, changes: Vec<Change>) {
        self.changed_by(None, resource, changes);
    }

    /// A change wakes whom it concerns, but not the primary that it was made for: its policy knew what it would write, and asks to
    /// be called again where it needs to be. A policy that writes another status each time would be called without end.
    pub(super) fn changed_by(
        &mut self,
        writer: Option<&ObjectKey>,
        resource: &Resource,
        changes: Vec<Change>,
    ) {
        let is_home = *resource == self.home();
        for change in changes {
            let mut concerned = self.subscriptions.concerned(resource, &change);
            concerned.extend(is_home.then(|| change.key.clone()));
            concerned.retain(|primary| {
                Some(primary) != writer && !self.may_be_own(primary, resource, &change.key)
            });
            self.wake(concerned);
        }
    }
}
