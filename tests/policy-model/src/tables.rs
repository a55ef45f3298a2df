//! Texts and plans as numbers, so that a state stays small: each different one is kept once.
//!
//! Comes in: an item. Goes out: its number, the same for an equal one, and back. Nothing is ever forgotten. The numbers
//! differ from run to run, for two threads hand them out.

use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use dashmap::DashMap;

/// A table of items.
pub struct Table<T> {
    numbers: DashMap<Arc<T>, u32>,
    items: RwLock<Vec<Arc<T>>>,
}

impl<T: Hash + Eq> Table<T> {
    /// A table whose number 0 is this one.
    pub fn starting_with(first: T) -> Table<T> {
        let table = Table {
            numbers: DashMap::new(),
            items: RwLock::default(),
        };
        table.number(first);
        table
    }

    /// The number of an item.
    pub fn number(&self, item: T) -> u32 {
        if let Some(known) = self.numbers.get(&item) {
            return *known;
        }
        let item = Arc::new(item);
        *self.numbers.entry(Arc::clone(&item)).or_insert_with(|| {
            let mut items = self.items.write().unwrap_or_else(PoisonError::into_inner);
            items.push(item);
            u32::try_from(items.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The item of a number that was given out.
    pub fn get(&self, number: u32) -> Arc<T> {
        let items = self.items.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&items[number as usize])
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let items = self.items.read().unwrap_or_else(PoisonError::into_inner);
        items.len()
    }
}
