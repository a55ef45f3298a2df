//! Which primary is reconciled next: one worker a key, those that have begun before new ones, delays and backoff.
//!
//! A key that is added while its worker runs is handed out again afterwards, never at the same time.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::object::ObjectKey;

/// The first delay after a failure; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// The longest delay between two attempts.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Which of two waiting keys goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Work that has begun: finish it before more is started.
    Begun,
    /// A primary that nothing has been done for yet.
    New,
}

/// The keys that wait, run and will be due.
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    begun: VecDeque<ObjectKey>,
    new: VecDeque<ObjectKey>,
    states: HashMap<ObjectKey, State>,
    due: BTreeSet<(Instant, ObjectKey)>,
    due_of: HashMap<ObjectKey, Instant>,
    failures: HashMap<ObjectKey, u32>,
}

#[derive(Clone, Copy)]
enum State {
    Waiting(Priority),
    Running,
    /// Running, and to be handed out again afterwards.
    Dirty(Priority),
}

impl Queue {
    /// Adds a key now. What was due later is not forgotten: the reconcile itself says when it wants to be called again.
    pub fn add(&self, key: ObjectKey, priority: Priority) {
        self.lock().add(key, priority);
        self.changed.notify_one();
    }

    /// Adds a key once this much time has passed, instead of when it was due before.
    pub fn add_after(&self, key: ObjectKey, delay: Duration) {
        self.lock().schedule(key, Some(Instant::now() + delay));
        self.changed.notify_one();
    }

    /// Adds a key after a delay that grows with each call, until `forget`. Returns the delay.
    pub fn add_with_backoff(&self, key: ObjectKey) -> Duration {
        let mut inner = self.lock();
        let failures = inner.failures.entry(key.clone()).or_default();
        let delay = FIRST_BACKOFF
            .saturating_mul(1 << (*failures).min(16))
            .min(LONGEST_BACKOFF);
        *failures += 1;
        inner.schedule(key, Some(Instant::now() + delay));
        drop(inner);
        self.changed.notify_one();
        delay
    }

    /// The key did well: it is due at no time of its own, and the next failure is its first.
    pub fn forget(&self, key: &ObjectKey) {
        let mut inner = self.lock();
        inner.failures.remove(key);
        inner.schedule(key.clone(), None);
    }

    /// The next key to work on; waits for one. Each must be given back with `done`.
    pub async fn next(&self) -> ObjectKey {
        loop {
            let changed = self.changed.notified();
            let due = {
                let mut inner = self.lock();
                inner.promote(Instant::now());
                if let Some(key) = inner.pop() {
                    // A worker that waits may take the next one.
                    if !inner.begun.is_empty() || !inner.new.is_empty() {
                        self.changed.notify_one();
                    }
                    return key;
                }
                inner.due.first().map(|(due, _)| *due)
            };
            match due {
                Some(due) => {
                    tokio::select! { () = changed => {}, () = tokio::time::sleep_until(due) => {} }
                }
                None => changed.await,
            }
        }
    }

    /// A worker is done with the key.
    pub fn done(&self, key: &ObjectKey) {
        let mut inner = self.lock();
        if let Some(State::Dirty(priority)) = inner.states.remove(key) {
            inner.add(key.clone(), priority);
        }
        drop(inner);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, key: ObjectKey, priority: Priority) {
        match self.states.get(&key) {
            Some(State::Running | State::Dirty(_)) => {
                self.states.insert(key, State::Dirty(priority));
            }
            Some(State::Waiting(Priority::New)) if priority == Priority::Begun => {
                self.new.retain(|waiting| *waiting != key);
                self.enqueue(key, priority);
            }
            Some(State::Waiting(_)) => {}
            None => self.enqueue(key, priority),
        }
    }

    fn enqueue(&mut self, key: ObjectKey, priority: Priority) {
        self.states.insert(key.clone(), State::Waiting(priority));
        match priority {
            Priority::Begun => self.begun.push_back(key),
            Priority::New => self.new.push_back(key),
        }
    }

    fn pop(&mut self) -> Option<ObjectKey> {
        let key = self.begun.pop_front().or_else(|| self.new.pop_front())?;
        self.states.insert(key.clone(), State::Running);
        Some(key)
    }

    fn schedule(&mut self, key: ObjectKey, due: Option<Instant>) {
        if let Some(old) = self.due_of.remove(&key) {
            self.due.remove(&(old, key.clone()));
        }
        if let Some(due) = due {
            self.due_of.insert(key.clone(), due);
            self.due.insert((due, key));
        }
    }

    /// Moves what is due to those that wait. It asked to be called at this time, so it has begun.
    fn promote(&mut self, now: Instant) {
        while let Some((due, key)) = self.due.first().cloned()
            && due <= now
        {
            self.schedule(key.clone(), None);
            self.add(key, Priority::Begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: None,
            name: name.into(),
        }
    }

    /// What is handed out within no time, in order.
    async fn drain(queue: &Queue) -> Vec<String> {
        let mut names = Vec::new();
        while let Ok(key) = tokio::time::timeout(Duration::ZERO, queue.next()).await {
            names.push(key.name.clone());
            queue.done(&key);
        }
        names
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_goes_first_and_a_key_waits_once() {
        let queue = Queue::default();
        for name in ["new1", "new2", "new1"] {
            queue.add(key(name), Priority::New);
        }
        queue.add(key("begun"), Priority::Begun);
        queue.add(key("new2"), Priority::Begun);
        assert_eq!(drain(&queue).await, ["begun", "new2", "new1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_key_is_not_handed_out_twice_but_again() {
        let queue = Queue::default();
        queue.add(key("a"), Priority::New);
        let running = queue.next().await;
        queue.add(key("a"), Priority::New);
        assert_eq!(drain(&queue).await, [""; 0]);
        queue.done(&running);
        assert_eq!(drain(&queue).await, ["a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_delay_counts_and_backoff_doubles_until_forgotten() {
        let queue = Queue::default();
        queue.add_after(key("a"), Duration::from_secs(10));
        queue.add_after(key("a"), Duration::from_secs(3));
        let start = Instant::now();
        let handed_out = queue.next().await;
        assert_eq!(start.elapsed().as_secs(), 3);
        queue.done(&handed_out);
        let delays: Vec<_> = (0..3)
            .map(|_| queue.add_with_backoff(key("a")).as_millis())
            .collect();
        assert_eq!(delays, [200, 400, 800]);
        queue.forget(&key("a"));
        assert_eq!(queue.add_with_backoff(key("a")).as_millis(), 200);
        let longest = (0..40).map(|_| queue.add_with_backoff(key("a"))).max();
        assert_eq!(longest, Some(LONGEST_BACKOFF));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_workers_are_all_woken() {
        let queue = std::sync::Arc::new(Queue::default());
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.next().await.name })
            })
            .collect();
        tokio::task::yield_now().await;
        queue.add(key("a"), Priority::New);
        queue.add(key("b"), Priority::New);
        let mut names = futures::future::try_join_all(workers).await.unwrap();
        names.sort();
        assert_eq!(names, ["a", "b"]);
    }
}
