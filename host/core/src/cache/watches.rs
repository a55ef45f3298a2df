//! The watches that feed the cache of one kind in one context: how each is, and how far it has shown the kind.

use std::collections::BTreeMap;

use pilothouse_contract::Unavailable;

use super::Unknown;
use crate::object::ObjectKey;

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

#[derive(Clone, Debug)]
struct Watch {
    health: Health,
    /// The highest version that it has listed or followed: it has shown every write up to that one, or something newer.
    mark: Option<u64>,
    /// The highest version that it has certainly told itself: where several watches show an object, `mark` may be another one's.
    told: Option<u64>,
    /// Whether the API server has been set back since it was listed, as another list has shown: what it has shown may never have been.
    is_outdated: bool,
}

/// One for each namespace that is watched, or one for all (none).
#[derive(Clone, Debug, Default)]
pub(super) struct Watches {
    pub(super) is_namespaced: Option<bool>,
    by_scope: BTreeMap<Option<String>, Watch>,
}

/// Whether a watch of this namespace (none: of all) shows the object. A kind without namespaces is listed whole, whichever
/// namespace is watched.
pub(super) fn shows(namespace: Option<&str>, key: &ObjectKey) -> bool {
    let of = key.namespace.as_deref();
    namespace.is_none() || of.is_none() || of == namespace
}

fn is_earlier(version: Option<u64>, before: Option<u64>) -> bool {
    matches!((version, before), (Some(now), Some(before)) if now < before)
}

impl Watches {
    /// A watch of a namespace (none: of all) is about to be started.
    pub(super) fn open(&mut self, namespace: Option<&str>) {
        let scope = namespace.map(str::to_owned);
        self.by_scope.entry(scope).or_insert(Watch {
            health: Health::Starting,
            mark: None,
            told: None,
            is_outdated: false,
        });
    }

    /// That of a namespace (none: of all), if it is open.
    fn of(&mut self, namespace: Option<&str>) -> Option<&mut Watch> {
        self.by_scope.get_mut(&namespace.map(str::to_owned))
    }

    /// True where that is news. It is lost since it was first lost, whatever became the reason. Of a namespace that is not open, nothing
    /// is news.
    pub(super) fn set_health(&mut self, namespace: Option<&str>, mut health: Health) -> bool {
        let Some(watch) = self.of(namespace) else {
            return false;
        };
        if let (Health::Lost(new), Health::Lost(old)) = (&mut health, &watch.health) {
            new.since = old.since;
        }
        let is_news = watch.health != health;
        watch.health = health;
        is_news
    }

    /// A list has come, of that version. True where the API server has gone back to an earlier one.
    pub(super) fn listed(&mut self, namespace: Option<&str>, version: Option<u64>) -> bool {
        let Some(watch) = self.of(namespace) else {
            return false;
        };
        watch.is_outdated = false;
        let goes_back = is_earlier(version, watch.told);
        watch.told = version;
        watch.mark = match goes_back {
            true => version,
            false => version.max(watch.mark),
        };
        goes_back
    }

    /// Whether a list of that version says that the API server has gone back to an earlier one.
    pub(super) fn goes_back(&self, namespace: Option<&str>, version: Option<u64>) -> bool {
        let watch = self.by_scope.get(&namespace.map(str::to_owned));
        watch.is_some_and(|watch| is_earlier(version, watch.told))
    }

    /// The API server has been set back.
    pub(super) fn outdate(&mut self) {
        for watch in self.by_scope.values_mut() {
            (watch.is_outdated, watch.mark, watch.told) = (true, None, None);
        }
    }

    /// Whether it has been since the watch of that namespace (none: of all) was listed.
    pub(super) fn is_outdated(&self, namespace: Option<&str>) -> bool {
        let watch = self.by_scope.get(&namespace.map(str::to_owned));
        watch.is_some_and(|watch| watch.is_outdated)
    }

    /// A watch has shown everything up to that version.
    pub(super) fn caught_up(&mut self, namespace: Option<&str>, version: Option<u64>) {
        if let Some(watch) = self.of(namespace) {
            watch.mark = version.max(watch.mark);
            watch.told = version.max(watch.told);
        }
    }

    /// What watches the object has shown everything up to that version.
    pub(super) fn followed(&mut self, key: &ObjectKey, version: Option<u64>) {
        let all = self.by_scope.iter_mut();
        let mut all = all.filter(|(scope, _)| shows(scope.as_deref(), key));
        let (first, second) = (all.next(), all.next());
        let is_alone = second.is_none();
        for (_, watch) in first.into_iter().chain(second).chain(all) {
            watch.mark = version.max(watch.mark);
            if is_alone {
                watch.told = version.max(watch.told);
            }
        }
    }

    /// Up to which version everything about an object was shown; none where that is not known.
    pub(super) fn mark(&self, key: &ObjectKey) -> Option<u64> {
        let all = self.by_scope.iter();
        let shows = all.filter(|(scope, _)| shows(scope.as_deref(), key));
        shows.filter_map(|(_, watch)| watch.mark).max()
    }

    /// Whether a question about this namespace (none: all that are watched) can be answered.
    pub(super) fn known(&self, namespace: Option<&str>) -> Result<(), Unknown> {
        let everywhere = self.by_scope.contains_key(&None);
        let asked: Vec<&Watch> = match namespace {
            Some(name) if !everywhere && self.is_namespaced != Some(false) => {
                let watch = self.by_scope.get(&Some(name.to_owned()));
                watch.into_iter().collect()
            }
            _ => self.by_scope.values().collect(),
        };
        if asked.is_empty() {
            let why = format!(
                "namespace {} is not watched (--namespace)",
                namespace.unwrap_or("?")
            );
            return Err(Unknown::not_watched(why));
        }
        for watch in asked {
            match &watch.health {
                Health::Synced if watch.is_outdated => return Err(Unknown::Pending),
                Health::Synced => {}
                Health::Starting => return Err(Unknown::Pending),
                Health::Lost(why) => return Err(Unknown::Unavailable(why.clone())),
            }
        }
        Ok(())
    }
}
