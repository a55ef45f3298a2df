//! The engine, as the watches and the workers share it: behind one lock, with a clock, and waking who waits for work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pilothouse_core::cache::List;
use pilothouse_core::work::{Answer, End, Next, Now, Work};
use pilothouse_core::{Engine, ObjectKey, Resource};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::error;

use crate::clock::{Clock, instant};

/// How long a worker waits after a panic in the engine.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// The engine, as the watches and the workers share it.
pub struct Shared {
    engine: Mutex<Engine>,
    changed: Notify,
    /// Whenever an API server was set back.
    set_back: watch::Sender<()>,
    clock: Clock,
    start: Instant,
}

impl Shared {
    /// An engine that has just been made.
    pub fn new(engine: Engine, clock: Clock) -> Self {
        Self {
            engine: Mutex::new(engine),
            changed: Notify::new(),
            set_back: watch::Sender::new(()),
            clock,
            start: Instant::now(),
        }
    }

    /// Hands the engine something, and wakes a worker. A panic in the engine has left nothing half done that matters more than
    /// that the others go on.
    pub fn with<T>(&self, change: impl FnOnce(&mut Engine) -> T) -> T {
        let result = change(&mut self.engine());
        self.changed.notify_one();
        result
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the engine a complete list of a kind in a namespace (none: in all). True if it says that the API server was set back.
    pub fn listed(&self, resource: &Resource, namespace: Option<&str>, list: List) -> bool {
        let is_set_back = self.with(|engine| engine.listed(resource, namespace, list));
        if is_set_back {
            self.set_back.send_replace(());
        }
        is_set_back
    }

    /// Waits until a kind has to be listed anew, because its API server was set back.
    pub async fn outdated(&self, resource: &Resource, namespace: Option<&str>) {
        let mut set_back = self.set_back.subscribe();
        while !self.engine().is_outdated(resource, namespace) {
            // It ends with the host, whose watches end before it.
            let _ = set_back.changed().await;
        }
    }

    /// Hands the engine the answer to a piece of work. Out comes what is to be done next.
    pub fn answer(&self, primary: &ObjectKey, answer: Answer) -> Next {
        let now = self.now();
        let next = self.guarded(|engine| engine.answer(now, primary, answer));
        self.changed.notify_one();
        next.unwrap_or(Next::Ended(End::Undecided))
    }

    /// None where the engine panics: the reconcile that it was about is begun anew after a while.
    fn guarded<T>(&self, call: impl FnOnce(&mut Engine) -> T) -> Option<T> {
        let mut engine = self.engine();
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut engine)));
        if result.is_err() {
            let primary = engine.abandon(self.now());
            let primary = primary.map_or_else(String::new, |it| it.to_string());
            error!(primary, "the engine panicked: the reconcile is begun anew");
        }
        result.ok()
    }

    /// Milliseconds since the Unix epoch.
    pub fn wall(&self) -> u64 {
        instant((self.clock)())
    }

    /// The time at which something comes in.
    pub fn now(&self) -> Now {
        Now {
            wall: self.wall(),
            elapsed: self.start.elapsed(),
        }
    }

    /// Waits for the next piece of work.
    pub async fn next(&self) -> Work {
        loop {
            let changed = self.changed.notified();
            let now = self.now();
            let found = self.guarded(|engine| {
                let work = engine.next(now);
                (work, engine.is_ready(), engine.next_due())
            });
            let Some((work, is_ready, due)) = found else {
                sleep(AFTER_PANIC).await;
                continue;
            };
            if let Some(work) = work {
                // A worker that waits may take the next one, or has to know when it is due.
                if is_ready || due.is_some() {
                    self.changed.notify_one();
                }
                return work;
            }
            match due {
                Some(due) => {
                    tokio::select! { () = changed => {}, () = sleep_until(self.start + due) => {} }
                }
                None => changed.await,
            }
        }
    }
}
