//! The time of a simulated cluster. What comes in is tokio's clock or the system's; what goes out are timestamps for
//! objects, events and logs. Nothing here sleeps.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

/// Tells a cluster what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A clock that shows 2022-12-15T19:43:35Z now and goes on with `tokio::time`, see [`tokio_clock_from`].
pub fn tokio_clock() -> Clock {
    // The moment at which the users' page on cluster tasks starts its example.
    tokio_clock_from(Timestamp::constant(1_671_133_415, 0))
}

/// A clock that shows `start` now and goes on with `tokio::time`. Where tokio's clock is paused, so is this one, and
/// every timestamp of the cluster is the same in every run.
pub fn tokio_clock_from(start: Timestamp) -> Clock {
    let origin = Instant::now();
    Arc::new(move || {
        start
            .saturating_add(origin.elapsed())
            .unwrap_or(Timestamp::MAX)
    })
}

/// The clock of this machine.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::time::seconds;

    #[tokio::test(start_paused = true)]
    async fn follows_tokios_clock() {
        let clock = tokio_clock();
        tokio::time::advance(Duration::from_millis(50_500)).await;
        assert_eq!(seconds(clock()), "2022-12-15T19:44:25Z");
    }
}
