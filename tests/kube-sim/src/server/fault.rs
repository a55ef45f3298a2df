//! What goes wrong between a client and a cluster. Faults come in from tests; each request asks twice what it meets,
//! before it is carried out and before its reply is sent. Nothing here touches objects: a request that is refused
//! before is not carried out at all, one that is refused after was carried out in full.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::log::{Filter, Request};
use crate::store::Failure;

/// Where on its way a request meets a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// Before it is carried out.
    Before,
    /// Before its reply is sent.
    After,
}

/// What a request meets.
#[derive(Clone, Debug)]
enum Trouble {
    Refused(Refusal),
    Delay(Duration),
    Hang,
}

/// How a fault ends a request.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// With this error in place of an answer.
    Status(Failure),
    /// With no answer at all.
    Disconnect,
}

/// Something that goes wrong for certain requests until it is lifted. Without further words it is a broken connection.
#[derive(Clone)]
pub struct Fault {
    filter: Filter,
    point: Point,
    trouble: Trouble,
    skip: usize,
    times: usize,
}

impl Fault {
    /// A fault that requests meet before they are carried out: they never are, unless it only holds them up.
    pub fn before(filter: Filter) -> Self {
        Self {
            filter,
            point: Point::Before,
            trouble: Trouble::Refused(Refusal::Disconnect),
            skip: 0,
            times: usize::MAX,
        }
    }

    /// A fault that requests meet once they are carried out: the reply is lost, late or another one.
    pub fn after(filter: Filter) -> Self {
        Self {
            point: Point::After,
            ..Self::before(filter)
        }
    }

    /// An error of the API server, such as 503 `ServiceUnavailable` or 403 `Forbidden`.
    #[must_use]
    pub fn status(mut self, code: u16, reason: &str) -> Self {
        let failure = Failure::injected(code, reason, &format!("simulated fault: {reason}"));
        self.trouble = Trouble::Refused(Refusal::Status(failure));
        self
    }

    /// What the API server says with that error, in place of words of its own.
    #[must_use]
    pub fn saying(mut self, words: &str) -> Self {
        if let Trouble::Refused(Refusal::Status(failure)) = &mut self.trouble {
            words.clone_into(&mut failure.message);
        }
        self
    }

    /// The connection breaks.
    #[must_use]
    pub fn disconnect(mut self) -> Self {
        self.trouble = Trouble::Refused(Refusal::Disconnect);
        self
    }

    /// The request, or its reply, is late by `duration` and then goes on.
    #[must_use]
    pub fn delay(mut self, duration: Duration) -> Self {
        self.trouble = Trouble::Delay(duration);
        self
    }

    /// The request, or its reply, hangs until the fault is lifted and then goes on.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.trouble = Trouble::Hang;
        self
    }

    /// Lets the first `count` matching requests pass.
    #[must_use]
    pub fn skip(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Meets no more than `count` requests.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }
}

/// A fault in force. It stays so when this is dropped.
pub struct Injected {
    active: Arc<Active>,
}

impl Injected {
    /// Ends the fault; what hangs on it goes on.
    pub fn lift(&self) {
        self.active.lifted.send_replace(true);
    }

    /// How many requests have met it.
    pub fn hits(&self) -> usize {
        let fault = &self.active.fault;
        self.active
            .seen
            .load(Ordering::SeqCst)
            .saturating_sub(fault.skip)
            .min(fault.times)
    }
}

struct Active {
    fault: Fault,
    seen: AtomicUsize,
    lifted: watch::Sender<bool>,
}

impl Active {
    /// Whether `request` meets this fault at `point`; counts it if so.
    fn catches(&self, point: Point, request: &Request) -> bool {
        if self.fault.point != point || *self.lifted.borrow() || !self.fault.filter.matches(request)
        {
            return false;
        }
        let before = self.seen.fetch_add(1, Ordering::SeqCst);
        before
            .checked_sub(self.fault.skip)
            .is_some_and(|nth| nth < self.fault.times)
    }
}

/// The faults in force, in the order in which they were injected.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Arc<Active>>>);

impl Faults {
    fn active(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Active>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inject(&self, fault: Fault) -> Injected {
        let active = Arc::new(Active {
            fault,
            seen: AtomicUsize::new(0),
            lifted: watch::Sender::new(false),
        });
        self.active().push(active.clone());
        Injected { active }
    }

    /// Lets `request` meet the faults at this point.
    pub(crate) async fn meet(&self, point: Point, request: &Request) -> Result<(), Refusal> {
        let candidates: Vec<_> = {
            let mut active = self.active();
            active.retain(|fault| !*fault.lifted.borrow());
            active.clone()
        };
        for active in candidates {
            if !active.catches(point, request) {
                continue;
            }
            match active.fault.trouble.clone() {
                Trouble::Refused(refusal) => return Err(refusal),
                Trouble::Delay(duration) => tokio::time::sleep(duration).await,
                // An error here means that the sender is gone, which `active` itself holds.
                Trouble::Hang => drop(active.lifted.subscribe().wait_for(|lifted| *lifted).await),
            }
        }
        Ok(())
    }
}
