//! The cache beside an API server with one kind: whatever comes late, it ends at what there is, and brings nothing back.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::tests::{key, list, object};
use super::*;

type Objects = BTreeMap<&'static str, Object>;

#[derive(Clone, Debug)]
enum Move {
    /// Somebody, or we, create an object or change it.
    Put(&'static str, bool),
    /// Somebody deletes an object.
    Delete(&'static str),
    /// We delete the one that is known.
    DeleteKnown(&'static str),
    Read(&'static str),
    /// Something of another kind is written.
    Other,
    /// The watch shows the next event, or where there is none that there is none.
    Show,
    /// The oldest reply, or the newest one, arrives.
    Reply(bool),
    /// The watch ends, and a list is taken. Until it arrives, no event does.
    List,
    Listed,
    /// Back to the state after that write, or one further back. All connections end.
    Restore(usize),
}

#[derive(Debug)]
enum Reply {
    Is(Object),
    Gone(&'static str, String),
}

/// The watch.
#[derive(Debug, Default)]
enum Watch {
    #[default]
    Follows,
    Lists(Objects, u64),
    Broken,
}

#[derive(Default)]
struct World {
    objects: Objects,
    version: u64,
    uids: u64,
    /// All states that there were.
    history: Vec<(Objects, u64)>,
    events: VecDeque<(Object, bool)>,
    replies: VecDeque<Reply>,
    watch: Watch,
    cache: KindCache,
    /// The version that the cache was told last.
    told: u64,
    /// How many lists have to come until a restored API server is known for one.
    unsure: u8,
    is_restored: bool,
    /// What was answered since that is known: the versions of writes, and the uids of what was deleted.
    written: BTreeMap<String, u64>,
    deleted: BTreeSet<String>,
}

impl World {
    fn put(&mut self, name: &'static str) -> Object {
        self.version += 1;
        let old = self.objects.get(name).map(|old| old.uid.clone());
        self.uids += u64::from(old.is_none());
        let uid = old.unwrap_or_else(|| self.uids.to_string());
        let new = object(name, &uid, self.version, "x");
        self.objects.insert(name, new.clone());
        self.wrote(new.clone(), false);
        new
    }

    fn delete(&mut self, name: &'static str) {
        if let Some(old) = self.objects.remove(name) {
            self.version += 1;
            self.wrote(object(name, &old.uid, self.version, "x"), true);
        }
    }

    fn wrote(&mut self, object: Object, is_gone: bool) {
        self.events.push_back((object, is_gone));
        self.history.push((self.objects.clone(), self.version));
    }

    fn known(&self, name: &str) -> Option<String> {
        let known = self.cache.index().get(&key(name));
        known.map(|known| known.uid.clone())
    }

    fn make(&mut self, step: Move) {
        match step {
            Move::Put(name, is_ours) => {
                let new = self.put(name);
                self.replies.extend(is_ours.then_some(Reply::Is(new)));
            }
            Move::Delete(name) => self.delete(name),
            Move::DeleteKnown(name) => self.delete_known(name),
            Move::Read(name) => self.read(name),
            Move::Other => self.version += 1,
            Move::Show => self.show(),
            Move::Reply(oldest) => self.reply(oldest),
            Move::List => {
                self.events.clear();
                self.watch = Watch::Lists(self.objects.clone(), self.version);
            }
            Move::Listed => self.listed(),
            Move::Restore(back) => self.restore(back),
        }
    }

    fn delete_known(&mut self, name: &'static str) {
        let Some(uid) = self.known(name) else { return };
        let there = self.objects.get(name);
        if there.is_some_and(|there| there.uid == uid) {
            self.delete(name);
        }
        self.replies.push_back(Reply::Gone(name, uid));
    }

    fn read(&mut self, name: &'static str) {
        let reply = match self.objects.get(name) {
            Some(object) => Some(Reply::Is(object.clone())),
            None => self.known(name).map(|uid| Reply::Gone(name, uid)),
        };
        self.replies.extend(reply);
    }

    fn restore(&mut self, back: usize) {
        let last = self.history.len() - 1;
        self.history.truncate(last - back.min(last) + 1);
        (self.objects, self.version) = self.history[self.history.len() - 1].clone();
        (self.watch, self.unsure, self.is_restored) = (Watch::Broken, 2, true);
        self.replies.clear();
        self.written.clear();
        self.deleted.clear();
    }

    fn show(&mut self) {
        if !matches!(self.watch, Watch::Follows) {
            return;
        }
        self.told = match self.events.pop_front() {
            Some((object, is_gone)) => {
                match is_gone {
                    true => self.cache.seen_gone(&object),
                    false => self.cache.seen(object.clone()),
                };
                object.version().unwrap()
            }
            None => {
                self.cache.caught_up(None, &self.version.to_string());
                self.version
            }
        };
    }

    fn reply(&mut self, oldest: bool) {
        let reply = match oldest {
            true => self.replies.pop_front(),
            false => self.replies.pop_back(),
        };
        // What comes between a restoration and the lists that tell of it may be taken for something older.
        let is_sure = self.unsure == 0;
        match reply {
            Some(Reply::Is(object)) => {
                if is_sure {
                    let written = self.written.entry(object.key.name.clone()).or_default();
                    *written = object.version().unwrap().max(*written);
                }
                self.cache.wrote(object);
            }
            Some(Reply::Gone(name, uid)) => {
                self.cache.wrote_gone(&key(name), &uid);
                if is_sure {
                    self.deleted.insert(uid);
                } else {
                    self.unsure = 2;
                }
            }
            None => {}
        }
    }

    fn listed(&mut self) {
        let Watch::Lists(objects, version) = std::mem::take(&mut self.watch) else {
            return self.make(Move::List);
        };
        let all = objects.values().cloned().collect();
        self.cache.listed(None, list(all, &version.to_string()));
        let went_back = version < self.told;
        (self.told, self.unsure) = (version, self.unsure.saturating_sub(1));
        if went_back {
            self.unsure = 0;
        }
        for known in self.cache.index().labelled(None, &[]) {
            let listed = objects.get(known.key.name.as_str());
            let is_listed = listed.is_some_and(|listed| listed.uid == known.uid);
            let is_newer = !went_back && known.version() > Some(version);
            assert!(is_listed || is_newer, "it was gone before: {known:?}");
        }
    }

    fn check(&self) {
        let known = self.cache.index().labelled(None, &[]);
        if !matches!(self.watch, Watch::Follows) {
            return;
        }
        if self.unsure == 0 {
            for known in &known {
                let written = self.written.get(&known.key.name).copied();
                assert!(known.version() >= written, "older than ours: {known:?}");
                assert!(!self.deleted.contains(&known.uid), "deleted: {known:?}");
            }
        }
        if self.unsure == 0 && self.events.is_empty() && self.replies.is_empty() {
            let known: Vec<&Object> = known.iter().map(AsRef::as_ref).collect();
            let there: Vec<&Object> = self.objects.values().collect();
            assert_eq!(known, there);
            assert!(
                self.is_restored || self.cache.own.is_empty(),
                "{:?}",
                self.cache.own
            );
        }
    }

    /// Everything arrives.
    fn rest(&mut self) {
        while !self.replies.is_empty() {
            self.reply(true);
        }
        while self.unsure > 0 || !matches!(self.watch, Watch::Follows) {
            self.listed();
        }
        while !self.events.is_empty() {
            self.show();
        }
    }
}

fn moves() -> impl Strategy<Value = Move> {
    let name = || prop::sample::select(vec!["a", "b"]);
    prop_oneof![
        4 => (name(), any::<bool>()).prop_map(|(name, is_ours)| Move::Put(name, is_ours)),
        2 => name().prop_map(Move::Delete),
        2 => name().prop_map(Move::DeleteKnown),
        1 => name().prop_map(Move::Read),
        1 => Just(Move::Other),
        4 => Just(Move::Show),
        3 => any::<bool>().prop_map(Move::Reply),
        1 => Just(Move::List),
        2 => Just(Move::Listed),
        1 => (0..12_usize).prop_map(Move::Restore),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn once_everything_has_arrived_the_cache_is_what_there_is(moves in prop::collection::vec(moves(), 0..60)) {
        let mut world = World { version: 1, ..World::default() };
        world.cache.open(None);
        world.history.push((Objects::new(), 1));
        world.listed();
        world.listed();
        for step in moves {
            world.make(step);
            world.check();
        }
        world.rest();
        world.check();
    }
}
