//! Requests that have to wait for others to the same context, and those that are not sent at all.

use pilothouse_contract::{UnavailableReason, context_name};

use super::Engine;
use super::run::Run;
use crate::cache::Unknown;
use crate::failures::{Cause, NOT_REGISTERED, NOT_WATCHED};
use crate::object::{Object, ObjectKey};
use crate::work::{End, Next, Now, Request};

impl Engine {
    /// Why a request cannot be sent: nothing is changed by it, and nobody need ask what became of it.
    pub(super) fn not_sent(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        request: &Request,
    ) -> Option<Cause> {
        let context = request.context()?;
        if !self.contexts.contains(context) {
            let context = context_name(context);
            let message = format!("context {context} is not registered with this host");
            return Some(Cause::because(NOT_REGISTERED, &message));
        }
        if matches!(request, Request::Create { .. } | Request::Delete { .. })
            && let Err(Unknown::Unavailable(why)) = self.caches.object(&request.object())
            && why.reason == UnavailableReason::NotWatched
        {
            // What becomes of it would never be known.
            return Some(Cause::because(NOT_WATCHED, &why.message));
        }
        self.breakers.refuse(context, primary, now.elapsed)
    }

    /// A primary's request is not under way any more: it is answered, or nobody knows what became of it.
    pub(super) fn request_ended(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        reply: Option<&Result<Option<Object>, Cause>>,
    ) {
        if let Some(context) = self.slots.release(primary)
            && self.contexts.contains(&context)
        {
            let waiting = self.breakers.ended(&context, primary, now.elapsed, reply);
            self.wake(waiting);
        }
    }

    /// A request that has waited may be sent. Much may have changed meanwhile.
    pub(super) fn resume(&mut self, now: Now, primary: &ObjectKey) -> Next {
        let Some((run, request)) = self.parked.remove(primary) else {
            return Next::Ended(End::Undecided);
        };
        let cause = self.not_sent(now, primary, &request);
        match (run, cause) {
            (Run::Executing(execution) | Run::Confirming(execution), _)
                if self.has_changed(primary, &execution) =>
            {
                self.leave(now, primary, execution)
            }
            (Run::Executing(mut execution) | Run::Confirming(mut execution), Some(cause)) => {
                self.request_ended(now, primary, None);
                match execution.steps.pop_front() {
                    Some(step) => self.failed(now, primary, execution, &step, cause),
                    None => self.execute(now, primary, execution),
                }
            }
            (Run::ReadingBack(write, mut left), Some(_)) => {
                self.request_ended(now, primary, None);
                left.push(write);
                self.read_next(now, primary, left)
            }
            (run, _) => self.send_now(primary, run, request),
        }
    }
}
