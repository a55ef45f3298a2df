//! Whether a plan may go on: the primary is still the one that was decided upon, as far as is known here, and before something is
//! created, as the API server says.

use pilothouse_contract::FailureClass;

use super::Engine;
use super::run::{Execution, Run, Verdict};
use crate::failures::Cause;
use crate::object::{Object, ObjectKey};
use crate::work::{End, Next, Now, Request};

impl Engine {
    /// Whether something else is known by now than what was decided upon: another primary, or none that
    /// can be watched, or an API server that was set back.
    pub(super) fn has_changed(&self, primary: &ObjectKey, execution: &Execution) -> bool {
        let (known, decided) = (self.caches.get(&self.home(), primary), &execution.primary);
        let is_same = known.is_some_and(|known| {
            (&known.uid, &known.resource_version) == (&decided.uid, &decided.resource_version)
        });
        let home = self.home().object(primary);
        let is_unknown = self.is_pending(&home) || self.is_lost(&home);
        !is_same || is_unknown || execution.set_backs != self.set_backs
    }

    /// What is left of a plan is not carried out: it is decided anew.
    pub(super) fn leave(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        execution: Box<Execution>,
    ) -> Next {
        self.wake([primary.clone()]);
        let end = End::Decided(Box::new(execution.decided));
        self.end(now, primary, Verdict::Done(None), end)
    }

    /// Reads the primary: the first create of a plan that has not patched it comes after that.
    pub(super) fn read_first(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        execution: Box<Execution>,
    ) -> Next {
        let request = Request::Read {
            resource: self.home(),
            key: primary.clone(),
        };
        match self.not_sent(now, primary, &request) {
            Some(cause) => self.unread(now, primary, execution, cause),
            None => self.send(primary, Run::Confirming(execution), request),
        }
    }

    /// The API server's answer. One that has changed is decided upon anew.
    pub(super) fn confirm(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        mut execution: Box<Execution>,
        reply: Result<Option<Object>, Cause>,
    ) -> Next {
        let decided = &execution.primary;
        let home = self.home();
        match reply {
            Ok(Some(found))
                if (&found.uid, &found.resource_version)
                    == (&decided.uid, &decided.resource_version) =>
            {
                execution.is_confirmed = true;
                return self.execute(now, primary, execution);
            }
            Ok(Some(found)) => self.overlay(&home, found),
            Ok(None) => self.overlay_gone(&home, primary, &decided.uid.clone()),
            Err(cause) => return self.unread(now, primary, execution, cause),
        }
        let end = End::Decided(Box::new(execution.decided));
        self.end(now, primary, Verdict::Failed, end)
    }

    /// Nothing was created, whatever has become of the read.
    fn unread(
        &mut self,
        now: Now,
        primary: &ObjectKey,
        mut execution: Box<Execution>,
        mut cause: Cause,
    ) -> Next {
        let Some(step) = execution.steps.pop_front() else {
            return self.execute(now, primary, execution);
        };
        if cause.class == FailureClass::UnknownOutcome {
            cause.class = FailureClass::Throttled;
        }
        cause.message = format!("the primary cannot be read before: {}", cause.message);
        self.failed(now, primary, execution, &step, cause)
    }
}
