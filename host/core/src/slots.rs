//! How many requests are under way to each context: those beyond wait, so that a context that hangs does not hold all workers.

use std::collections::{BTreeMap, VecDeque};

use pilothouse_contract::Context;

use crate::object::ObjectKey;
use crate::queue::line::{Line, Place};

/// The requests that are under way, and those that wait. A primary has one at a time.
#[derive(Clone, Debug)]
pub struct Slots {
    /// How many there are altogether: each request holds a worker.
    workers: usize,
    /// To which context a primary's request is under way, or may be sent.
    taken: BTreeMap<ObjectKey, Context>,
    /// Where a primary waits.
    places: BTreeMap<ObjectKey, (Context, Place)>,
    contexts: BTreeMap<Context, Lane>,
    /// Those that have waited, and may be sent.
    ready: VecDeque<ObjectKey>,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    taken: usize,
    waiting: Line,
}

impl Slots {
    /// Those of so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            taken: BTreeMap::new(),
            places: BTreeMap::new(),
            contexts: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// How many requests may be under way to a context. One that hangs shall leave most of the workers to the others; without the
    /// control plane nothing goes on anyway.
    fn max(&self, context: &Context) -> usize {
        let share = match context {
            Some(_) => self.workers / 8,
            None => self.workers / 2,
        };
        share.max(1)
    }

    /// A request is to be sent. If it may not be now, it waits, and [`Slots::granted`] says when it may.
    pub fn take(&mut self, context: &Context, primary: &ObjectKey) -> bool {
        let max = self.max(context);
        let lane = self.contexts.entry(context.clone()).or_default();
        let is_free = lane.taken < max;
        if is_free {
            lane.taken += 1;
            self.taken.insert(primary.clone(), context.clone());
        } else {
            let place = lane.waiting.push(primary.clone());
            self.places
                .insert(primary.clone(), (context.clone(), place));
        }
        is_free
    }

    /// A primary's request has come to its end, or is not sent: the next one may be. The context comes back.
    pub fn release(&mut self, primary: &ObjectKey) -> Option<Context> {
        if let Some((context, place)) = self.places.remove(primary)
            && let Some(lane) = self.contexts.get_mut(&context)
        {
            lane.waiting.remove(primary, place);
        }
        let context = self.taken.remove(primary)?;
        let max = self.max(&context);
        if let Some(lane) = self.contexts.get_mut(&context) {
            lane.taken -= 1;
            if lane.taken < max {
                self.grant(&context);
            }
        }
        Some(context)
    }

    /// All that wait for a context may go on: it is not registered any more.
    pub fn dissolve(&mut self, context: &Context) {
        while self.grant(context) {}
    }

    /// A primary whose request has waited, and may be sent now.
    pub fn granted(&mut self) -> Option<ObjectKey> {
        while let Some(primary) = self.ready.pop_front() {
            if self.taken.contains_key(&primary) {
                return Some(primary);
            }
        }
        None
    }

    /// Whether there is one.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The one that has waited longest gets a slot. Those without requests are forgotten.
    fn grant(&mut self, context: &Context) -> bool {
        let Some(lane) = self.contexts.get_mut(context) else {
            return false;
        };
        let Some(primary) = lane.waiting.pop() else {
            if lane.taken == 0 {
                self.contexts.remove(context);
            }
            return false;
        };
        lane.taken += 1;
        self.places.remove(&primary);
        self.taken.insert(primary.clone(), context.clone());
        self.ready.push_back(primary);
        true
    }
}
