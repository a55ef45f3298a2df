//! How long something is ago, as `kubectl get` shows it: `47s`, `2m5s`, `3d`. A port of apimachinery's
//! `duration.HumanDuration`, with its steps and its quirks.

use jiff::Timestamp;
use serde_json::Value;

/// The span from `then` to `now` for people; one in the future is `<invalid>`, as kubectl shows it.
pub(crate) fn human(then: Timestamp, now: Timestamp) -> String {
    // Go cuts off towards zero.
    let seconds = now.duration_since(then).as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match () {
        () if seconds < 0 => "0s".to_owned(),
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => two(days, "d", hours % 24, "h"),
        () if days < 730 => format!("{days}d"),
        () if days < 2_920 => two(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit}{small}{small_unit}")
    }
}

/// The cell of a `date` column.
pub(crate) fn cell(value: &Value, now: Timestamp) -> Value {
    let Some(text) = value.as_str() else {
        return Value::Null;
    };
    match text.parse::<Timestamp>() {
        Ok(then) => human(then, now).into(),
        Err(_) => "<invalid>".into(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn as_apimachinery_has_it() {
        let (minute, hour, day) = (60, 3_600, 86_400);
        let year = 365 * day;
        // The cases of apimachinery's own test, and those of the page on cluster tasks.
        for (seconds, expected) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (47, "47s"),
            (114, "114s"),
            (119, "119s"),
            (2 * minute, "2m"),
            (5 * minute + 38, "5m38s"),
            (10 * minute - 1, "9m59s"),
            (10 * minute + 1, "10m"),
            (27 * minute, "27m"),
            (3 * hour - 1, "179m"),
            (3 * hour, "3h"),
            (3 * hour + minute, "3h1m"),
            (8 * hour - 1, "7h59m"),
            (8 * hour + minute, "8h"),
            (2 * day - 1, "47h"),
            (2 * day, "2d"),
            (2 * day + hour, "2d1h"),
            (8 * day - 1, "7d23h"),
            (8 * day + hour, "8d"),
            (2 * year - 1, "729d"),
            (2 * year, "2y"),
            (2 * year + day, "2y1d"),
            (8 * year - 1, "7y364d"),
            (8 * year + day, "8y"),
        ] {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
            assert_eq!(human(Timestamp::UNIX_EPOCH, now), expected, "{seconds}");
        }
    }
}
