//! Watches: what comes in are the store's changes, what goes out is a stream of lines, one for each change that the
//! client is to see, until its time is up, its version is too old, or the connection is cut.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};
use tower::BoxError;

use super::{
    inner::Inner,
    page::resource_version,
    path::Query,
    view::{View, line},
};
use crate::store::{failure::Failure, selector::Selector, state::State, tables::Change};

/// How long a watch lasts if its client does not say.
const LIFETIME: Duration = Duration::from_secs(1_800);
/// How often a watch says how far it has come.
const BOOKMARK: Duration = Duration::from_secs(60);
/// How long before the end of a watch it says a last time how far it is.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

/// What all watches of a cluster follow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signal {
    /// The resource version of the last write.
    pub rv: u64,
    /// How often all watches were cut.
    pub cuts: u64,
    /// Whether watches are to keep quiet.
    pub held: bool,
    /// Whether the cluster cannot be reached.
    pub unreachable: bool,
}

/// One watch of one client.
pub(crate) struct Watch {
    inner: Arc<Inner>,
    view: View,
    namespace: Option<String>,
    selector: Selector,
    /// The version up to which the client knows everything.
    position: u64,
    /// What the client is told first.
    initial: Option<String>,
    signal: watch::Receiver<Signal>,
    cuts: u64,
    ends: Instant,
    /// When the next bookmark is due; none if the client wants none.
    bookmark: Option<Instant>,
    over: bool,
}

impl Watch {
    /// Opens a watch in `state`, which is that of `inner`, locked.
    pub fn open(
        inner: &Arc<Inner>,
        state: &State,
        view: View,
        namespace: Option<&str>,
        selector: Selector,
        query: &Query,
    ) -> Result<Self, Failure> {
        let asked = resource_version(query)?;
        let (signal, now) = (inner.signal.subscribe(), Instant::now());
        let timeout = query
            .get("timeoutSeconds")
            .and_then(|seconds| seconds.parse().ok())
            .filter(|seconds| *seconds > 0);
        let bookmarks = query.flag("allowWatchBookmarks");
        let cuts = signal.borrow().cuts;
        let ends = now + timeout.map_or(LIFETIME, Duration::from_secs);
        let mut watch = Self {
            inner: inner.clone(),
            view,
            namespace: namespace.map(str::to_owned),
            selector,
            position: asked.unwrap_or_else(|| state.tables.rv()),
            initial: None,
            signal,
            cuts,
            ends,
            bookmark: bookmarks.then(|| next_bookmark(now, ends)),
            over: false,
        };
        if asked.is_none() {
            let now = inner.now();
            let all = state.tables.list(&watch.view.kind.table, namespace);
            let wanted = all.iter().filter(|it| watch.selector.matches(&it.value));
            let lines: String = wanted
                .map(|it| watch.view.event("ADDED", it, now))
                .collect();
            watch.initial = (!lines.is_empty()).then_some(lines);
        }
        Ok(watch)
    }

    /// The next lines; none when the watch is over, an error when its connection is broken.
    pub async fn next(&mut self) -> Option<Result<Bytes, BoxError>> {
        loop {
            if self.over {
                return None;
            }
            let signal = *self.signal.borrow_and_update();
            if signal.cuts != self.cuts {
                self.over = true;
                let reset =
                    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the watch was cut");
                return Some(Err(reset.into()));
            }
            if !signal.held
                && let Some(lines) = self
                    .initial
                    .take()
                    .or_else(|| self.news())
                    .or_else(|| self.due_bookmark())
            {
                return Some(Ok(lines.into()));
            }
            if Instant::now() >= self.ends {
                return None;
            }
            let wake = self
                .bookmark
                .filter(|_| !signal.held)
                .map_or(self.ends, |bookmark| bookmark.min(self.ends));
            tokio::select! {
                changed = self.signal.changed() => changed.ok()?,
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// The lines of all changes since the last ones.
    fn news(&mut self) -> Option<String> {
        let (inner, now) = (self.inner.clone(), self.inner.now());
        let state = inner.state();
        if self.position < state.tables.compacted() {
            self.over = true;
            let message = format!(
                "too old resource version: {} ({})",
                self.position,
                state.tables.compacted()
            );
            return Some(line("ERROR", &Failure::expired(message).to_value()));
        }
        let changes = state.tables.since(self.position);
        let lines: String = changes.filter_map(|it| self.line(it, now)).collect();
        self.position = self.position.max(state.tables.rv());
        (!lines.is_empty()).then_some(lines)
    }

    /// What the client sees of a change, if anything.
    fn line(&self, change: &Change, now: Timestamp) -> Option<String> {
        let object = &change.object;
        let namespace = self.namespace.as_deref();
        let is_meant = change.place.table == self.view.kind.table
            && namespace.is_none_or(|namespace| object.meta("namespace") == namespace)
            && self.selector.matches(&object.value);
        let type_ = match &change.before {
            _ if change.deleted => "DELETED",
            None => "ADDED",
            Some(_) => "MODIFIED",
        };
        is_meant.then(|| self.view.event(type_, object, now))
    }

    fn due_bookmark(&mut self) -> Option<String> {
        let now = Instant::now();
        self.bookmark.filter(|due| *due <= now)?;
        self.bookmark = Some(next_bookmark(now, self.ends));
        Some(self.view.bookmark(self.position))
    }
}

/// Now and then, and shortly before the end.
fn next_bookmark(now: Instant, ends: Instant) -> Instant {
    let (next, last) = (now + BOOKMARK, ends - LAST_BOOKMARK);
    if now < last { next.min(last) } else { next }
}
