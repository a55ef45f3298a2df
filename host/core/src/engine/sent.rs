//! A request that is under way, and what a watch shows of its object meanwhile.

use super::Engine;
use super::run::{Run, work};
use crate::cache::Caches;
use crate::failures::Cause;
use crate::ledger::Unconfirmed;
use crate::object::{Object, ObjectKey, Resource};
use crate::work::{End, Next, Request, Task};

/// A request that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// What it is about.
    pub(super) write: Unconfirmed,
    /// The uid of the object that was known when it was sent. An answer tells what was when the API server gave it: by the time it
    /// comes, there may be another object.
    pub(super) known: Option<String>,
    pub(super) is_create: bool,
    kind: Kind,
    /// What the watch has shown of the object since, by the resourceVersion, or that it is gone: it may be what the request has made.
    shown: Vec<Option<String>>,
}

/// What an answer can say that the policy does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing: the plan has asked for it.
    Write,
    /// Nothing: the policy is asked afterwards.
    ReadBefore,
    /// What somebody else has made of the object.
    ReadAfter,
    /// It has been answered, or says nothing of the object.
    Other,
}

impl Sent {
    pub(super) fn new(run: &Run, request: &Request, caches: &Caches) -> Self {
        let (resource, key) = Resource::and_key(&request.object());
        let known = caches.get(&resource, &key);
        Self {
            known: known.map(|known| known.uid.clone()),
            write: Unconfirmed { resource, key },
            is_create: matches!(request, Request::Create { .. }),
            kind: match (run, request) {
                (_, Request::RecordEvent { .. }) => Kind::Other,
                (Run::ReadingBack(..), _) => Kind::ReadBefore,
                (_, Request::Read { .. }) => Kind::ReadAfter,
                _ => Kind::Write,
            },
            shown: Vec::new(),
        }
    }

    /// The answer has come, or will not come: whether the watch has shown anything that this request has not made.
    fn is_answered(&mut self, reply: Option<&Result<Option<Object>, Cause>>) -> bool {
        if self.kind == Kind::Write {
            self.kind = Kind::Other;
        }
        let made = match reply {
            Some(Ok(object)) => Some(object.as_ref().map(|it| it.resource_version.clone())),
            _ => None,
        };
        self.shown.drain(..).any(|shown| Some(shown) != made)
    }
}

impl Engine {
    /// Sends a request, as soon as there may be one more to its context.
    pub(super) fn send(&mut self, primary: &ObjectKey, run: Run, request: Request) -> Next {
        let context = request.context();
        if context.is_none_or(|context| self.slots.take(context, primary)) {
            self.send_now(primary, run, request)
        } else {
            self.parked.insert(primary.clone(), (run, request));
            Next::Ended(End::Waiting)
        }
    }

    pub(super) fn send_now(&mut self, primary: &ObjectKey, run: Run, request: Request) -> Next {
        if let Some(context) = request.context() {
            self.breakers.sent(context, primary);
        }
        if !matches!(request, Request::Read { .. }) {
            self.budgets.write(primary);
        }
        let sent = Sent::new(&run, &request, &self.caches);
        self.sent.insert(primary.clone(), sent);
        self.runs.insert(primary.clone(), run);
        work(primary, Task::Send(request))
    }

    /// Whether a change is perhaps what a request has made that is under way for a primary: its answer will tell.
    pub(super) fn may_be_own(
        &mut self,
        primary: &ObjectKey,
        resource: &Resource,
        key: &ObjectKey,
    ) -> bool {
        let Some(sent) = self.sent.get_mut(primary) else {
            return false;
        };
        let is_meant = (&sent.write.resource, &sent.write.key) == (resource, key);
        if !is_meant || sent.kind != Kind::Write {
            return false;
        }
        let object = self.caches.get(resource, key);
        sent.shown
            .push(object.map(|it| it.resource_version.clone()));
        true
    }

    /// What the watch has shown of the object of a request wakes the primary now, if that is not the request's own doing.
    pub(super) fn reply_came(
        &mut self,
        primary: &ObjectKey,
        reply: Option<&Result<Option<Object>, Cause>>,
    ) {
        let sent = self.sent.get_mut(primary);
        if sent.is_some_and(|sent| sent.is_answered(reply)) {
            self.wake([primary.clone()]);
        }
    }

    /// The primary that an answer is for, unless it tells what somebody else has made.
    pub(super) fn writer(&self) -> Option<ObjectKey> {
        let primary = self.called_for.as_ref()?;
        let sent = self.sent.get(primary);
        let is_news = sent.is_some_and(|sent| sent.kind == Kind::ReadAfter);
        (!is_news).then(|| primary.clone())
    }
}
