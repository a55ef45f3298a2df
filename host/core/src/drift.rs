//! Whether the wall clock was set, or the machine was suspended: then the wall clock has gone further than the time that has passed,
//! or less far.

use crate::work::Now;

/// So far the two may part between two looks, in milliseconds.
const MAX_DRIFT: u64 = 5_000;

/// How far the wall clock is ahead of the time that has passed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drift {
    ahead: Option<i128>,
}

impl Drift {
    /// Whether that has changed at once since the last look.
    pub fn has_jumped(&mut self, now: Now) -> bool {
        let passed = i128::try_from(now.elapsed.as_millis()).unwrap_or(i128::MAX);
        let ahead = i128::from(now.wall).saturating_sub(passed);
        let before = self.ahead.replace(ahead);
        before.is_some_and(|before| ahead.abs_diff(before) > MAX_DRIFT.into())
    }
}
