//! What becomes of a write without an answer.
//!
//! Comes in: such a write; later, the question what became of it. Goes out: the place of the write in doubt, and out of doubt
//! once an API server says what is there. A write that was refused raises no doubt: the answer says that nothing was done.

use super::caches::lay_over_context;
use crate::config::Config;
use crate::plan::Step;
use crate::state::State;

/// It may have been done: until it is known, what the caches show of its place is no answer either.
pub(super) fn raise(config: &Config, next: &mut State, step: &Step, reason: &str) {
    let is_silence = matches!(reason, "Timeout" | "Unreachable");
    if !is_silence || config.believes_silence {
        return;
    }
    match step {
        Step::Create(dc) | Step::DeleteChild(dc, _) => next.dcs[*dc].in_doubt = true,
        Step::Metadata(..) | Step::Status(_) | Step::DeleteTask(_) => next.host.in_doubt = true,
    }
}

/// The host asks, and lays the answers over its caches; whether there was any.
pub(super) fn ask(next: &mut State) -> bool {
    let mut is_answered = std::mem::take(&mut next.host.in_doubt);
    if is_answered {
        next.host.task = next.task;
    }
    for dc in next.dcs.iter_mut().filter(|dc| dc.in_doubt && dc.link) {
        is_answered = true;
        dc.in_doubt = false;
        let child = dc.child;
        lay_over_context(dc, |_| child);
    }
    is_answered
}
