//! Which primary is reconciled next: one worker a key, those that have started before new ones, namespaces in turn, delays and backoff.
//!
//! A key that is added while its worker runs is handed out again afterwards, never at the same time. Time comes in as what has
//! passed since the engine was started.

pub(crate) mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::object::ObjectKey;
use line::{Line, Place};

/// The first delay after a failure; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// The longest delay between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// One of so many keys is a new one, if any waits: those that have started cannot keep it from its turn for ever.
const TURN_OF_NEW: u64 = 8;

/// Which of two waiting keys goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Work that has started: finish it before more is started.
    Started,
    /// A primary that nothing has been done for yet.
    New,
}

/// The keys that wait, run and will be due.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    started: Line,
    new: Line,
    states: BTreeMap<ObjectKey, State>,
    due: BTreeSet<(Duration, ObjectKey)>,
    /// When each is due, and with what priority it waits then.
    due_of: BTreeMap<ObjectKey, (Duration, Priority)>,
    failures: BTreeMap<ObjectKey, u32>,
    /// How many keys were handed out.
    handed_out: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Waiting(Priority, Place),
    Running,
    /// Running, and to be handed out again afterwards.
    Dirty(Priority),
}

impl Queue {
    /// Adds a key now. What was due later is not forgotten: the reconcile itself says when it wants to be called again.
    pub fn add(&mut self, key: ObjectKey, priority: Priority) {
        match self.states.get(&key) {
            Some(State::Dirty(Priority::Started)) => {}
            Some(State::Running | State::Dirty(Priority::New)) => {
                self.states.insert(key, State::Dirty(priority));
            }
            Some(&State::Waiting(Priority::New, place)) if priority == Priority::Started => {
                self.new.remove(&key, place);
                self.enqueue(key, priority);
            }
            Some(State::Waiting(..)) => {}
            None => self.enqueue(key, priority),
        }
    }

    /// Adds a key at that time, instead of when it was due before.
    pub fn add_at(&mut self, key: ObjectKey, due: Duration, priority: Priority) {
        self.schedule(key, Some((due, priority)));
    }

    /// Adds a key after a delay that grows with each call, until `forget`. Returns the delay.
    pub fn add_with_backoff(
        &mut self,
        key: ObjectKey,
        now: Duration,
        priority: Priority,
    ) -> Duration {
        let failures = self.failures.entry(key.clone()).or_default();
        let delay = FIRST_BACKOFF
            .saturating_mul(1 << (*failures).min(16))
            .min(MAX_BACKOFF);
        *failures = failures.saturating_add(1);
        self.schedule(key, Some((now + delay, priority)));
        delay
    }

    /// The key did well: it is due at no time of its own, and the next failure is its first.
    pub fn forget(&mut self, key: &ObjectKey) {
        self.failures.remove(key);
        self.schedule(key.clone(), None);
    }

    /// The next key to work on. Each must be given back with `done`.
    pub fn next(&mut self, now: Duration) -> Option<ObjectKey> {
        self.promote(now);
        self.handed_out += 1;
        let (first, second) = match self.handed_out % TURN_OF_NEW {
            0 => (&mut self.new, &mut self.started),
            _ => (&mut self.started, &mut self.new),
        };
        let key = first.pop().or_else(|| second.pop())?;
        self.states.insert(key.clone(), State::Running);
        Some(key)
    }

    /// Whether a key waits to be worked on.
    pub fn is_ready(&self) -> bool {
        !self.started.is_empty() || !self.new.is_empty()
    }

    /// When the next key is due that waits for its time.
    pub fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// When a key is due that waits for its time.
    pub fn due(&self, key: &ObjectKey) -> Option<Duration> {
        self.due_of.get(key).map(|(due, _)| *due)
    }

    /// A worker is done with the key.
    pub fn done(&mut self, key: &ObjectKey) {
        if let Some(State::Dirty(priority)) = self.states.remove(key) {
            self.add(key.clone(), priority);
        }
    }

    fn enqueue(&mut self, key: ObjectKey, priority: Priority) {
        let line = match priority {
            Priority::Started => &mut self.started,
            Priority::New => &mut self.new,
        };
        let place = line.push(key.clone());
        self.states.insert(key, State::Waiting(priority, place));
    }

    fn schedule(&mut self, key: ObjectKey, due: Option<(Duration, Priority)>) {
        if let Some((old, _)) = self.due_of.remove(&key) {
            self.due.remove(&(old, key.clone()));
        }
        if let Some((at, priority)) = due {
            self.due_of.insert(key.clone(), (at, priority));
            self.due.insert((at, key));
        }
    }

    /// Moves what is due to those that wait.
    fn promote(&mut self, now: Duration) {
        while let Some((due, key)) = self.due.first().cloned()
            && due <= now
        {
            let priority = self.due_of.get(&key).map(|(_, priority)| *priority);
            self.schedule(key.clone(), None);
            self.add(key, priority.unwrap_or(Priority::New));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: None,
            name: name.into(),
        }
    }

    fn backoff(queue: &mut Queue) -> Duration {
        queue.add_with_backoff(key("a"), START, Priority::New)
    }

    /// What is handed out at that time, in order.
    fn drain(queue: &mut Queue, now: Duration) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(key) = queue.next(now) {
            names.push(key.name.clone());
            queue.done(&key);
        }
        names
    }

    #[test]
    fn what_has_started_goes_first_and_a_key_waits_once() {
        let mut queue = Queue::default();
        for name in ["new1", "new2", "new1"] {
            queue.add(key(name), Priority::New);
        }
        queue.add(key("started"), Priority::Started);
        queue.add(key("new2"), Priority::Started);
        assert!(queue.is_ready());
        assert_eq!(drain(&mut queue, START), ["started", "new2", "new1"]);
        assert!(!queue.is_ready());
    }

    #[test]
    fn a_running_key_is_not_handed_out_twice_but_again() {
        let mut queue = Queue::default();
        queue.add(key("a"), Priority::New);
        let running = queue.next(START).unwrap();
        queue.add(key("a"), Priority::New);
        assert_eq!(drain(&mut queue, START), [""; 0]);
        queue.done(&running);
        assert_eq!(drain(&mut queue, START), ["a"]);
    }

    #[test]
    fn the_last_delay_counts_and_backoff_doubles_until_forgotten() {
        let mut queue = Queue::default();
        let seconds = Duration::from_secs;
        queue.add_at(key("a"), seconds(10), Priority::New);
        queue.add_at(key("a"), seconds(3), Priority::New);
        assert_eq!(queue.next_due(), Some(seconds(3)));
        assert_eq!(drain(&mut queue, seconds(2)), [""; 0]);
        assert_eq!(drain(&mut queue, seconds(3)), ["a"]);
        assert_eq!(queue.next_due(), None);
        let mut delay = || backoff(&mut queue).as_millis();
        assert_eq!([delay(), delay(), delay()], [200, 400, 800]);
        assert_eq!((0..40).map(|_| delay()).max(), Some(60_000));
        queue.forget(&key("a"));
        assert_eq!(queue.due(&key("a")), None);
        assert_eq!(backoff(&mut queue).as_millis(), 200);
    }

    #[test]
    fn a_namespace_with_many_keys_does_not_keep_another_one_waiting() {
        let in_namespace = |namespace: &str, number: u32| ObjectKey {
            namespace: Some(namespace.into()),
            name: format!("{namespace}{number}"),
        };
        let mut queue = Queue::default();
        for number in 0..50_000 {
            queue.add(in_namespace("a", number), Priority::New);
        }
        assert_eq!(queue.next(START), Some(in_namespace("a", 0)));
        for number in 0..3 {
            queue.add(in_namespace("b", number), Priority::New);
        }
        queue.add(in_namespace("c", 0), Priority::New);
        queue.add(in_namespace("b", 1), Priority::Started);
        let names = drain(&mut queue, START);
        let expected = ["b1", "a1", "b0", "c0", "a2", "a3", "b2", "a4"];
        assert_eq!(names[..8], expected);
        assert_eq!(names.len(), 49_999 + 4);
    }

    #[test]
    fn one_that_comes_again_and_again_takes_turns_with_another_namespace() {
        let in_namespace = |name: &str| ObjectKey {
            namespace: Some(name.into()),
            name: name.into(),
        };
        let mut queue = Queue::default();
        queue.add(in_namespace("a"), Priority::New);
        let many = |number| ObjectKey {
            name: format!("b{number}"),
            ..in_namespace("b")
        };
        (0..3).for_each(|number| queue.add(many(number), Priority::New));
        let mut names = Vec::new();
        for _ in 0..6 {
            let next = queue.next(START).unwrap();
            queue.add(in_namespace("a"), Priority::New);
            names.push(next.name.clone());
            queue.done(&next);
        }
        assert_eq!(names, ["a", "b0", "b1", "a", "b2", "a"]);
    }

    #[test]
    fn what_is_due_keeps_its_priority() {
        let mut queue = Queue::default();
        queue.add_at(key("new"), START, Priority::New);
        queue.add_at(key("started"), START, Priority::Started);
        assert_eq!(drain(&mut queue, START), ["started", "new"]);
    }
}
