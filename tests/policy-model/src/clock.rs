//! The model's clock: a few moments, far enough apart for what depends on time.
//!
//! Comes in: a reading of the clock. Goes out: times as Kubernetes writes them, and as the contract does. Time stands still
//! between two readings: nothing the policy decides depends on the seconds.

/// Midnight of 2022-12-15 in seconds since the Unix epoch.
const MIDNIGHT: u64 = 1_671_062_400;

/// What happens at a reading, in the order in which the clocks of the world would show it.
#[derive(Clone, Copy)]
pub enum At {
    /// The K8ssandraTask is created.
    Created,
    /// A CassandraTask is created.
    Born,
    /// cass-operator begins with it.
    Started,
    /// cass-operator begins with it once more.
    Restarted,
    /// It ends.
    Ended,
    /// The host decides.
    Now,
    /// A second controller creates a CassandraTask.
    Later,
}

/// Seconds since midnight of the first day: the second reading is half an hour after the first, beyond the time in which a CassandraTask should be picked up;
/// each later one is days after the one before, beyond the TTL.
fn seconds(reading: u8, dc: usize, at: At) -> u64 {
    let base = match reading {
        0 => 10 * 3600,
        1 => 10 * 3600 + 1800,
        days => u64::from(days - 1) * 3 * 86_400 + 10 * 3600,
    };
    let dc = dc as u64;
    base + match at {
        At::Created | At::Born => 0,
        At::Started => 10 + dc,
        At::Restarted => 20 + dc,
        At::Ended => 30 + dc,
        At::Now => 40,
        At::Later => 50,
    }
}

/// A moment as Kubernetes writes it.
pub fn stamp(reading: u8, dc: usize, at: At) -> String {
    let seconds = seconds(reading, dc, at);
    let (day, rest) = (15 + seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("2022-12-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The host's clock, in the contract's unit.
pub fn now(reading: u8) -> u64 {
    (MIDNIGHT + seconds(reading, 0, At::Now)) * 1000
}
