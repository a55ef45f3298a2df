//! What time it is, for snapshots and events. Handed in, so that a test can own the time.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
pub fn system() -> Clock {
    Arc::new(Timestamp::now)
}

/// Milliseconds since the Unix epoch, as the contract counts; a time before 1970 is 0.
pub fn instant(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}
