//! Keys that wait with one priority: their namespaces take turns, so that many keys in one do not keep another waiting.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::ObjectKey;

/// Where a key stands: in which round, and when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    round: u64,
    arrival: u64,
}

/// The keys. A namespace has one key in each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    keys: BTreeSet<(Place, ObjectKey)>,
    /// The last round in which each namespace has a key, and how many it has.
    last: BTreeMap<Option<String>, (u64, usize)>,
    /// The round of the key that was taken last.
    round: u64,
    arrivals: u64,
}

impl Line {
    pub(crate) fn push(&mut self, key: ObjectKey) -> Place {
        let (last, count) = self.last.entry(key.namespace.clone()).or_default();
        *last = (*last).max(self.round) + 1;
        *count += 1;
        self.arrivals += 1;
        let place = Place {
            round: *last,
            arrival: self.arrivals,
        };
        self.keys.insert((place, key));
        place
    }

    pub(crate) fn pop(&mut self) -> Option<ObjectKey> {
        let (place, key) = self.keys.pop_first()?;
        self.round = place.round;
        self.left(&key);
        Some(key)
    }

    pub(crate) fn remove(&mut self, key: &ObjectKey, place: Place) {
        if self.keys.remove(&(place, key.clone())) {
            self.left(key);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn left(&mut self, key: &ObjectKey) {
        if let Some((_, count)) = self.last.get_mut(&key.namespace) {
            *count -= 1;
            if *count == 0 {
                self.last.remove(&key.namespace);
            }
        }
    }
}
