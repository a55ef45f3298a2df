//! Moments in time: read from Kubernetes' RFC 3339 texts and from the snapshot, written as whole seconds in UTC.
//!
//! No clock is read here: the only "now" is the one that comes with a snapshot.

use std::fmt;

use jiff::Timestamp;

/// A moment, in milliseconds since the Unix epoch, within the years that RFC 3339 can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// The moment of a snapshot. One beyond the year 9999 counts as the last that can be written.
    pub fn from_millis(millis: u64) -> Time {
        Time::clamped(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Reads an RFC 3339 text; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Time> {
        text.parse::<Timestamp>()
            .ok()
            .map(|timestamp| Time::clamped(timestamp.as_millisecond()))
    }

    /// The moment that many seconds later.
    pub fn plus_seconds(self, seconds: i64) -> Time {
        Time::clamped(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The milliseconds from `now` to this moment; 0 if it has come.
    pub fn millis_from(self, now: Time) -> u64 {
        u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0)
    }

    fn clamped(millis: i64) -> Time {
        Time(millis.clamp(
            Timestamp::UNIX_EPOCH.as_millisecond(),
            Timestamp::MAX.as_millisecond(),
        ))
    }
}

impl fmt::Display for Time {
    /// As Kubernetes writes times: `2022-12-15T19:44:25Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1000);
        // In range, since every moment was clamped when it was made.
        let timestamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        write!(f, "{timestamp}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_whole_seconds_in_utc() {
        for (input, output) in [
            ("2022-12-15T19:44:25Z", "2022-12-15T19:44:25Z"),
            ("2022-12-15T19:44:25.999Z", "2022-12-15T19:44:25Z"),
            ("2022-12-15T21:44:25+02:00", "2022-12-15T19:44:25Z"),
        ] {
            assert_eq!(Time::parse(input).unwrap().to_string(), output);
        }
        assert_eq!(Time::from_millis(1_999).to_string(), "1970-01-01T00:00:01Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "yesterday", "2022-13-01T00:00:00Z", "1671133465"] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_far_future_is_clamped() {
        let last = Time::from_millis(u64::MAX);
        assert_eq!(last.to_string(), "9999-12-30T22:00:00Z");
        assert_eq!(last.plus_seconds(i64::MAX), last);
        assert_eq!(
            Time::from_millis(0)
                .plus_seconds(i64::MIN)
                .millis_from(last),
            0
        );
        assert_eq!(
            Time::from_millis(1_500).millis_from(Time::from_millis(400)),
            1_100
        );
    }
}
