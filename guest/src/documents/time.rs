//! Points in time: read from Kubernetes' RFC 3339 texts and from the snapshot, written as whole seconds in UTC.
//!
//! No clock is read here: the only "now" is the one that comes with a snapshot.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A point in time since the Unix epoch, within the years that RFC 3339 can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Timestamp);

impl Time {
    pub const EPOCH: Time = Time(Timestamp::UNIX_EPOCH);

    /// The time of a snapshot. One beyond the year 9999 counts as the last that can be written.
    pub fn from_millis(millis: u64) -> Time {
        let moment = i64::try_from(millis).map(Timestamp::from_millisecond);
        Time(moment.ok().and_then(Result::ok).unwrap_or(Timestamp::MAX))
    }

    /// Reads an RFC 3339 text; `None` if it is not one as Go reads it.
    pub fn parse(text: &str) -> Option<Time> {
        let moment = is_go_time(text).then(|| text.parse().ok())?;
        moment.map(Time::not_before_the_epoch)
    }

    pub fn read(field: &Value) -> Option<Time> {
        Time::parse(field.as_str()?)
    }

    /// The time that many seconds later; the last one that can be written, if it is later still.
    pub fn plus_seconds(self, seconds: i64) -> Time {
        let moment = self.0.checked_add(SignedDuration::from_secs(seconds));
        Time::not_before_the_epoch(moment.unwrap_or(Timestamp::MAX))
    }

    /// The milliseconds from `now` to this time; 0 if it has come.
    pub fn millis_from(self, now: Time) -> u64 {
        u64::try_from(self.0.duration_since(now.0).as_millis()).unwrap_or(0)
    }

    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millisecond()).unwrap_or(0)
    }

    fn not_before_the_epoch(moment: Timestamp) -> Time {
        Time(moment.max(Timestamp::UNIX_EPOCH))
    }
}

/// Whether Go's `time.RFC3339`, and with it every operator, takes it for a time, if its numbers are in range. jiff accepts
/// more: one such scheduledTime would keep cass-operator from listing any CassandraTask at all.
fn is_go_time(text: &str) -> bool {
    const TIME: &[u8] = b"0000-00-00T00:00:00";
    let Some((time, zone)) = text.as_bytes().split_at_checked(TIME.len()) else {
        return false;
    };
    let is_zone = match without_fraction(zone) {
        b"Z" => true,
        // jiff takes offsets of more than a day.
        [b'+' | b'-', offset @ ..] => has_form(offset, b"00:00") && offset < b"24",
        _ => false,
    };
    // jiff takes a leap second for the one before.
    has_form(time, TIME) && !time.ends_with(b"60") && is_zone
}

/// Whether a text is like this one, with any digit for a 0.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    let mut pairs = text.iter().zip(form);
    text.len() == form.len()
        && pairs.all(|(byte, form)| byte == form || (*form == b'0' && byte.is_ascii_digit()))
}

/// What comes after a second and its fraction, if it has one.
fn without_fraction(text: &[u8]) -> &[u8] {
    match text {
        [b'.', b'0'..=b'9', rest @ ..] => {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit());
            end.and_then(|end| rest.get(end..)).unwrap_or_default()
        }
        _ => text,
    }
}

impl fmt::Display for Time {
    /// As Kubernetes writes times: `2022-12-15T19:44:25Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_whole_seconds_in_utc() {
        for text in [
            "2022-12-15T19:44:25Z",
            "2022-12-15T19:44:25.999Z",
            "2022-12-15T21:44:25+02:00",
            "2022-12-15T17:14:25.5-02:30",
        ] {
            let time = Time::parse(text).unwrap();
            assert_eq!(time.to_string(), "2022-12-15T19:44:25Z");
        }
        assert_eq!(Time::from_millis(1_999).to_string(), "1970-01-01T00:00:01Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        let table = "
            yesterday
            20221215T194425Z
            2022-13-01T00:00:00Z
            2022-12-15T25:00:00Z
            2022-12-15t19:44:25Z
            2022-12-15 19:44:25Z
            2022-12-15T19:44:25z
            2022-12-15T19:44Z
            2022-12-15T19:44:60Z
            2022-12-15T19:44:25.Z
            2022-12-15T19:44:25,5Z
            2022-12-15T19:44:25
            2022-12-15T19:44:25+02
            2022-12-15T19:44:25+0200
            2022-12-15T19:44:25+25:00
            2022-12-15T19:44:25Z[UTC]
            2022-12-15T19:44:25éZ";
        for text in table.lines().map(str::trim) {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_far_future_is_clamped() {
        let last = Time::from_millis(u64::MAX);
        assert_eq!(last.to_string(), "9999-12-30T22:00:00Z");
        assert_eq!(last.plus_seconds(i64::MAX), last);
        let later = Time::from_millis(1_500);
        assert_eq!(later.millis_from(Time::from_millis(400)), 1_100);
    }
}
