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
use crate::store::{
    failure::Failure, field_error::FieldError, object::Object, read::selects, selector::Selector,
    state::State, tables::Change,
};

/// How long a watch lasts if its client does not say.
const LIFETIME: Duration = Duration::from_secs(1_800);
/// How often a watch says how far it has come.
const BOOKMARK: Duration = Duration::from_secs(60);

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
    initial: Option<Vec<u8>>,
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
        let (asked, initial_events) = (resource_version(query)?, initial_events(query)?);
        let (signal, now) = (inner.signal.subscribe(), Instant::now());
        let timeout = query
            .get("timeoutSeconds")
            .and_then(|seconds| seconds.parse().ok())
            .filter(|seconds| *seconds > 0);
        let bookmarks = query.flag("allowWatchBookmarks");
        let cuts = signal.borrow().cuts;
        let mut watch = Self {
            inner: inner.clone(),
            view,
            namespace: namespace.map(str::to_owned),
            selector,
            position: asked.unwrap_or_else(|| state.tables.rv()),
            initial: None,
            signal,
            cuts,
            ends: now + timeout.map_or(LIFETIME, Duration::from_secs),
            bookmark: bookmarks.then_some(now + BOOKMARK),
            over: false,
        };
        if initial_events.unwrap_or(asked.is_none()) {
            watch.position = state.tables.rv();
            watch.begin_with_everything(state, initial_events.is_some() && bookmarks);
        }
        Ok(watch)
    }

    fn begin_with_everything(&mut self, state: &State, say_when_done: bool) {
        let (kind, now) = (self.view.kind.clone(), self.inner.now());
        let all = state.tables.list(&kind.table, self.namespace.as_deref());
        let mut lines: Vec<u8> = all
            .iter()
            .filter(|object| selects(&kind, &self.selector, object))
            .flat_map(|object| self.view.event("ADDED", object, now))
            .collect();
        if say_when_done {
            lines.extend(self.view.bookmark(self.position, true));
        }
        self.initial = (!lines.is_empty()).then_some(lines);
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
    fn news(&mut self) -> Option<Vec<u8>> {
        let (inner, now) = (self.inner.clone(), self.inner.now());
        let state = inner.state();
        if self.position < state.tables.compacted() {
            self.over = true;
            let message = format!(
                "too old resource version: {} ({})",
                self.position,
                state.tables.compacted()
            );
            return Some(line(
                "ERROR",
                Failure::expired(message).to_value().to_string().as_bytes(),
            ));
        }
        let lines: Vec<u8> = state
            .tables
            .since(self.position)
            .filter_map(|change| self.line(change, now))
            .flatten()
            .collect();
        self.position = self.position.max(state.tables.rv());
        (!lines.is_empty()).then_some(lines)
    }

    /// What the client sees of a change, if anything: an object that comes to match its selector is new to it, one that
    /// ceases to match is gone.
    fn line(&self, change: &Change, now: Timestamp) -> Option<Vec<u8>> {
        let kind = &self.view.kind;
        let elsewhere = self
            .namespace
            .as_deref()
            .is_some_and(|namespace| change.object.meta("namespace") != namespace);
        if change.place.table != kind.table || elsewhere {
            return None;
        }
        let selects = |object: &Object| selects(kind, &self.selector, object);
        let before = change.before.as_deref().filter(|object| selects(object));
        let after = (!change.deleted && selects(&change.object)).then_some(&*change.object);
        match (before, after) {
            (None, None) => None,
            (None, Some(object)) => Some(self.view.event("ADDED", object, now)),
            (Some(_), Some(object)) => Some(self.view.event("MODIFIED", object, now)),
            (Some(last), None) => Some(self.view.event(
                "DELETED",
                &Object::new(last.value.clone(), change.rv),
                now,
            )),
        }
    }

    fn due_bookmark(&mut self) -> Option<Vec<u8>> {
        let now = Instant::now();
        self.bookmark.filter(|due| *due <= now)?;
        self.bookmark = Some(now + BOOKMARK);
        Some(self.view.bookmark(self.position, false))
    }
}

/// Whether the client wants to begin with everything; none where it does not say.
fn initial_events(query: &Query) -> Result<Option<bool>, Failure> {
    let wanted = query.get("sendInitialEvents").map(|text| text == "true");
    if wanted.is_some() && query.get("resourceVersionMatch") != Some("NotOlderThan") {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        let error = FieldError::forbidden("resourceVersionMatch", why);
        return Err(Failure::invalid_options("ListOptions", error));
    }
    Ok(wanted)
}
