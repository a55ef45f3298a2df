//! When a CassandraTask that nobody takes up is said to be stuck.
//!
//! cass-operator writes nothing at all while a task waits for its time or for another task, so silence says nothing by
//! itself; only how long it lasts does.

use crate::cassandra_task::CassandraTask;
use crate::targets::{Datacenter, Sight};
use crate::time::Time;

/// How long a CassandraTask may have no status after its time has come, in seconds.
pub const PATIENCE: i64 = 5 * 60;

/// What a CassandraTask that has no status is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It has not been silent for long; it is from that moment on, if it says when it was created.
    Patient(Option<Time>),
    /// It is said to be stuck, for it could have been taken up since then.
    Stuck(Time),
}

/// The silence of a datacenter's CassandraTask; `None` where it was taken up, is on its way out or there is none.
pub fn silence(datacenter: &Datacenter<'_>, now: Time) -> Option<Silence> {
    match &datacenter.sight {
        Sight::Found(child) if !child.progress.has_begun && !child.is_being_deleted() => {
            Some(of(child, now))
        }
        _ => None,
    }
}

fn of(child: &CassandraTask, now: Time) -> Silence {
    match child.due() {
        Some(due) if due.plus_seconds(PATIENCE) <= now => Silence::Stuck(due),
        due => Silence::Patient(due.map(|due| due.plus_seconds(PATIENCE))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(
        status: Value,
        created: &str,
        scheduled: Option<&str>,
        now: &str,
        expected: Option<Silence>,
    ) {
        let document = json!({
            "metadata": {"creationTimestamp": created},
            "spec": {"scheduledTime": scheduled},
            "status": status,
        });
        let sight = Sight::Found(CassandraTask::read(None, &document.to_string()).into());
        let datacenter = Datacenter::dropped("dc1", sight, None);
        assert_eq!(silence(&datacenter, Time::parse(now).unwrap()), expected);
    }

    #[test]
    fn silence_is_stuck_after_five_minutes() {
        let time = |text| Time::parse(text).unwrap();
        let (created, scheduled) = ("2022-12-15T10:00:00Z", "2022-12-15T12:00:00Z");
        let patient = |until| Some(Silence::Patient(Some(time(until))));
        check(
            json!(null),
            created,
            None,
            created,
            patient("2022-12-15T10:05:00Z"),
        );
        check(
            json!({}),
            created,
            None,
            "2022-12-15T10:04:59Z",
            patient("2022-12-15T10:05:00Z"),
        );
        check(
            json!({}),
            created,
            None,
            "2022-12-15T10:05:00Z",
            Some(Silence::Stuck(time(created))),
        );
        check(
            json!({}),
            created,
            Some(scheduled),
            "2022-12-15T11:00:00Z",
            patient("2022-12-15T12:05:00Z"),
        );
        check(
            json!({}),
            created,
            Some(scheduled),
            "2022-12-15T12:05:00Z",
            Some(Silence::Stuck(time(scheduled))),
        );
        check(
            json!({"startTime": created}),
            created,
            None,
            "2022-12-15T11:00:00Z",
            None,
        );
        check(
            json!({}),
            "nonsense",
            None,
            created,
            Some(Silence::Patient(None)),
        );
    }
}
