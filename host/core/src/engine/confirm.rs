//! Before something is created: whether the primary is still the one that was decided upon.

use pilothouse_contract::FailureClass;

use super::Engine;
use super::run::{Execution, Verdict};
use crate::failures::Cause;
use crate::object::{Object, ObjectKey};
use crate::work::{End, Next, Now};

impl Engine {
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
            Err(cause) => {
                let Some(step) = execution.steps.pop_front() else {
                    return self.execute(now, primary, execution);
                };
                return self.failed(now, primary, execution, &step, unread(cause));
            }
        }
        let end = End::Decided(Box::new(execution.decided));
        self.end(now, primary, Verdict::Failed, end)
    }
}

/// Nothing was created, whatever has become of the read.
pub(super) fn unread(mut cause: Cause) -> Cause {
    if cause.class == FailureClass::UnknownOutcome {
        cause.class = FailureClass::Throttled;
    }
    cause.message = format!("the primary cannot be read before: {}", cause.message);
    cause
}
