//! One watch: lists, then follows what happens, and tells the engine.
//!
//! A watch that ends or breaks is resumed at the last resourceVersion; it lists again where the API server has forgotten that one,
//! or where a watch fell silent. A kind whose first list fails is *lost* in that context, with the reason. One that was known is
//! lost only once nothing has worked for [`GRACE`], and then until what failed works again. No decision is made here, and nothing is
//! written to an API server.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use kube::api::WatchParams;
use pilothouse_core::cache::Health;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, error, warn};

use crate::answer::Failed;
use crate::api::Api;
use crate::contract::{Unavailable, UnavailableReason};
use crate::target::Target;

/// The API server ends a watch after this long.
const WATCH_SECONDS: u32 = 30;
/// A watch is given up so long after it should have ended.
const SILENCE: Duration = Duration::from_secs(10);
/// A kind that was never listed is lost when its first list takes longer than this. The list goes on.
const FIRST_LIST: Duration = Duration::from_secs(10);
/// A kind that was known is lost when nothing has worked for so long.
const GRACE: Duration = Duration::from_secs(15);
/// A list has at least so long, however long nothing has worked before.
const SHORTEST_LIST: Duration = Duration::from_secs(5);
/// A watch that lived for so long was not refused.
const LIVED: Duration = Duration::from_secs(5);
/// The delays between attempts.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(15);
/// No API server is left alone for longer, whatever it asks for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// After so many watches in a row that ended at once, the log says so, and there is a list between them.
const OFTEN: u32 = 5;
/// For how long a watch may say nothing, not even how far it is: API servers say that shortly before a watch ends. One that
/// was set up again and counts its resourceVersions from the beginning says nothing before it gets to where the watch began.
const UNHEARD: Duration = Duration::from_secs(25);

/// Watches, for ever.
pub async fn watch(target: Target) {
    loop {
        let mut watch = Watch::new(&target);
        if AssertUnwindSafe(watch.run()).catch_unwind().await.is_err() {
            let (kind, context) = target.names();
            error!(%kind, context, "the watch panicked, and begins anew");
            let why = Unavailable::new(UnavailableReason::Unreachable, "the host panicked");
            target.set_health(Health::Lost(why));
            sleep(LONGEST_RETRY).await;
        }
    }
}

/// How far a watch is.
struct Watch<'a> {
    target: &'a Target,
    /// The resourceVersion up to which everything was told.
    version: String,
    /// When a list or a watch has said something last.
    heard: Instant,
    /// Whether a list has succeeded.
    is_known: bool,
    /// Since when nothing works, and the same for people.
    failing_since: Option<(Instant, u64)>,
    /// Whether the kind is lost.
    is_lost: bool,
    /// Whether it was lost while it was to be watched: a list alone does not end that.
    cannot_watch: bool,
    /// How many attempts in a row have come to nothing.
    attempts: u32,
}

/// How a watch has ended.
enum Ended {
    /// When it was to end.
    InTime,
    /// There was no sign of life beyond that time.
    Silent,
    /// The API server does not remember what happened since that resourceVersion, or it never was.
    Expired,
    Broken(Failed),
}

impl<'a> Watch<'a> {
    fn new(target: &'a Target) -> Self {
        Self {
            target,
            version: String::new(),
            heard: Instant::now(),
            is_known: false,
            failing_since: None,
            is_lost: false,
            cannot_watch: false,
            attempts: 0,
        }
    }

    async fn run(&mut self) -> Infallible {
        loop {
            match self.list().await {
                Ok(api) => self.follow(&api).await,
                Err(failed) => {
                    self.failed(&failed);
                    self.pause(failed.retry_after).await;
                }
            }
        }
    }

    /// Lists all objects, and tells the engine.
    async fn list(&mut self) -> Result<Api, Failed> {
        let mut listing = pin!(self.target.list());
        let listed = match self.patience() {
            None => listing.await,
            Some(patience) => match timeout(patience, listing.as_mut()).await {
                Ok(listed) => listed,
                Err(_) => {
                    let message = format!("no answer to a list within {} s", patience.as_secs());
                    self.lose(UnavailableReason::Unreachable, message);
                    listing.await
                }
            },
        };
        let (api, version) = listed?;
        self.version = version;
        self.heard = Instant::now();
        if !self.is_known {
            self.is_known = true;
            self.attempts = 0;
        }
        if !self.cannot_watch {
            self.well();
        }
        Ok(api)
    }

    /// How long a list may take before the kind is lost, if it is not.
    fn patience(&self) -> Option<Duration> {
        let limit = if self.is_known { GRACE } else { FIRST_LIST };
        let left = limit.saturating_sub(self.failing());
        (!self.is_lost).then(|| left.max(SHORTEST_LIST))
    }

    /// Watches, until it is better to list again.
    async fn follow(&mut self, api: &Api) {
        loop {
            let outdated = self.target.outdated();
            let (ended, answered) = tokio::select! {
                ended = self.watch(api) => ended,
                () = outdated => (Ended::Expired, None),
            };
            let retry_after = match &ended {
                Ended::Broken(failed) => {
                    self.cannot_watch |= self.failed(failed);
                    failed.retry_after
                }
                _ => None,
            };
            let (kind, context) = self.target.names();
            match answered.map(|it| it.elapsed()) {
                None => {}
                Some(lived) if lived >= LIVED => self.attempts = 0,
                Some(_) if self.attempts == OFTEN => {
                    warn!(%kind, context, "watches keep ending at once; is there a proxy that cuts them?");
                }
                Some(_) => {}
            }
            self.pause(retry_after).await;
            match ended {
                Ended::InTime if self.heard.elapsed() < UNHEARD => {}
                // One that is answered and never gets past the same event would hide all that comes after it.
                Ended::Broken(_) if answered.is_some() && self.attempts > OFTEN => return,
                Ended::Broken(_) if !self.cannot_watch => {}
                _ => return,
            }
        }
    }

    /// One watch, to its end; and when the API server began to answer, if it did.
    async fn watch(&mut self, api: &Api) -> (Ended, Option<Instant>) {
        let length = Duration::from_secs(WATCH_SECONDS.into()) + SILENCE;
        let deadline = Instant::now() + length;
        let params = WatchParams::default().timeout(WATCH_SECONDS);
        let events = match timeout_at(deadline, api.watch(&params, &self.version)).await {
            Ok(Ok(events)) => events,
            Ok(Err(failed)) => return (Ended::of(failed), None),
            Err(_) => {
                let (kind, context) = self.target.names();
                warn!(%kind, context, "a watch is not answered: listing instead");
                return (Ended::Silent, None);
            }
        };
        let answered = Some(Instant::now());
        self.cannot_watch = false;
        self.well();
        let mut events = pin!(events);
        let ended = loop {
            match timeout_at(deadline, events.next()).await {
                Ok(Some(Ok(event))) => {
                    self.version = self.target.tell(event);
                    self.heard = Instant::now();
                }
                Ok(Some(Err(failed))) => break Ended::of(failed),
                Ok(None) => break Ended::InTime,
                Err(_) => break Ended::Silent,
            }
        };
        (ended, answered)
    }

    /// Something has failed. True if the kind is lost by that.
    fn failed(&mut self, failed: &Failed) -> bool {
        let message = &failed.cause.message;
        let (kind, context) = self.target.names();
        debug!(%kind, context, "the watch failed: {message}");
        let is_lost = !self.is_known || self.failing() >= GRACE;
        if is_lost {
            self.lose(why(failed), message.clone());
        } else {
            self.fail();
        }
        is_lost
    }

    /// For how long nothing has worked.
    fn failing(&self) -> Duration {
        let since = self.failing_since;
        since.map_or(Duration::ZERO, |(since, _)| since.elapsed())
    }

    /// Since when it fails, for people.
    fn fail(&mut self) -> u64 {
        let wall = self.target.shared.wall();
        self.failing_since
            .get_or_insert_with(|| (Instant::now(), wall))
            .1
    }

    fn lose(&mut self, reason: UnavailableReason, message: String) {
        let since = Some(self.fail());
        self.is_lost = true;
        self.target.set_health(Health::Lost(Unavailable {
            reason,
            since,
            message,
        }));
    }

    fn well(&mut self) {
        self.failing_since = None;
        self.is_lost = false;
        self.target.set_health(Health::Synced);
    }

    /// Waits before the next attempt: not at all before the first one after a good one.
    async fn pause(&mut self, retry_after: Option<Duration>) {
        let own = match self.attempts {
            0 => Duration::ZERO,
            n => (FIRST_RETRY * 2_u32.saturating_pow(n - 1)).min(LONGEST_RETRY),
        };
        self.attempts = self.attempts.saturating_add(1);
        let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        sleep(own.max(asked)).await;
    }
}

impl Ended {
    fn of(failed: Failed) -> Self {
        match failed.code {
            Some(410) => Self::Expired,
            _ => Self::Broken(failed),
        }
    }
}

/// What an API server's answer says of the kind; without an answer, it is unreachable.
fn why(failed: &Failed) -> UnavailableReason {
    match failed.code {
        _ if failed.is_unreachable() => UnavailableReason::Unreachable,
        Some(403) => UnavailableReason::Forbidden,
        Some(404) => UnavailableReason::NotServed,
        _ => UnavailableReason::Unreachable,
    }
}

#[cfg(test)]
mod tests;
