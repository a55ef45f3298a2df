//! The engine, as the watches and the workers share it: behind one lock, with a clock, and waking who waits for work.

use std::sync::{Mutex, PoisonError};

use pilothouse_core::Engine;
use pilothouse_core::work::{Now, Work};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::{Clock, instant};

/// The engine, as the watches and the workers share it.
pub struct Shared {
    engine: Mutex<Engine>,
    changed: Notify,
    clock: Clock,
    start: Instant,
}

impl Shared {
    /// An engine that has just been made.
    pub fn new(engine: Engine, clock: Clock) -> Self {
        Self {
            engine: Mutex::new(engine),
            changed: Notify::new(),
            clock,
            start: Instant::now(),
        }
    }

    /// Hands the engine something, and wakes a worker. A panic in the engine has left nothing half done that matters more than
    /// that the others go on.
    pub fn with<T>(&self, change: impl FnOnce(&mut Engine) -> T) -> T {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut engine);
        drop(engine);
        self.changed.notify_one();
        result
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
            let (work, is_ready, due) = {
                let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
                let work = engine.next(self.now());
                (work, engine.is_ready(), engine.next_due())
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
                    tokio::select! { () = changed => {}, () = tokio::time::sleep_until(self.start + due) => {} }
                }
                None => changed.await,
            }
        }
    }
}
