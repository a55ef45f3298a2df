//! What the cluster says of its datacenters: whether a task there has pods to work on.
//!
//! `status.datacenters.<dc>.cassandra` of a K8ssandraCluster is a copy of the CassandraDatacenter's status. It explains
//! why a job does not move; it holds no creation back, since the copy may be old.

use serde_json::Value;

use crate::progress::{condition, is_true, transition};
use crate::sequence::Move;
use crate::situation::Situation;
use crate::targets::{Datacenter, Sight};
use crate::time::Time;

/// That a datacenter is not ready, and since when, where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// It has been ready, or was going to be, and is not.
    Since(Option<Time>),
    /// Nothing is said of readiness yet.
    Yet,
    /// It was stopped by somebody.
    Stopped(Option<Time>),
}

impl Unready {
    /// Reads the status of a CassandraDatacenter, which may be anything; `None` if it is ready, or says nothing at all.
    pub fn read(status: &Value) -> Option<Unready> {
        if let Some(stopped) = condition(status, "Stopped").filter(|stopped| is_true(stopped)) {
            return Some(Unready::Stopped(transition(stopped)));
        }
        match condition(status, "Ready") {
            Some(ready) if is_true(ready) => None,
            Some(ready) => Some(Unready::Since(transition(ready))),
            None => {
                let says_something = status["conditions"]
                    .as_array()
                    .is_some_and(|conditions| !conditions.is_empty());
                says_something.then_some(Unready::Yet)
            }
        }
    }

    fn text(&self, cluster: &str, name: &str) -> String {
        let since =
            |time: &Option<Time>| time.map_or_else(String::new, |time| format!(" since {time}"));
        match self {
            Unready::Since(time) => format!(
                "K8ssandraCluster {cluster} says{} that {name} is not ready",
                since(time)
            ),
            Unready::Yet => {
                format!("K8ssandraCluster {cluster} says that {name} is not ready yet")
            }
            Unready::Stopped(time) => format!(
                "{name} is stopped{}: a task there finds no pods, and completes without doing anything",
                since(time)
            ),
        }
    }
}

/// What is said of a target whose CassandraTask is being created or seen at work, where its datacenter is not ready.
pub fn unready(situation: &Situation<'_>, target: &Datacenter<'_>, step: &Move) -> Option<String> {
    let is_at_work = target.is_active() && matches!(target.sight, Sight::Found(_));
    let is_concerned = is_at_work || matches!(step, Move::Create(_));
    let cluster = situation.cluster.known().filter(|_| is_concerned)?;
    let unready = cluster.unready(&target.name)?;
    Some(unready.text(&cluster.name, &target.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(conditions: Value, expected: Option<&str>) {
        let text = Unready::read(&json!({"conditions": conditions}))
            .map(|unready| unready.text("demo", "dc1"));
        assert_eq!(text.as_deref(), expected, "{conditions}");
    }

    #[test]
    fn what_is_not_ready_is_said_with_its_moment() {
        let said = |kind: &str, status: &str| json!({"type": kind, "status": status, "lastTransitionTime": "2022-12-15T19:00:00Z"});
        check(
            json!([said("Ready", "True"), said("Stopped", "False")]),
            None,
        );
        check(
            json!([said("Initialized", "True"), said("Ready", "False")]),
            Some("K8ssandraCluster demo says since 2022-12-15T19:00:00Z that dc1 is not ready"),
        );
        check(
            json!([{"type": "Ready", "status": "Unknown", "lastTransitionTime": 3}]),
            Some("K8ssandraCluster demo says that dc1 is not ready"),
        );
        check(
            json!([said("Initialized", "False")]),
            Some("K8ssandraCluster demo says that dc1 is not ready yet"),
        );
        check(
            json!([said("Ready", "False"), said("Stopped", "True")]),
            Some(
                "dc1 is stopped since 2022-12-15T19:00:00Z: a task there finds no pods, and completes without doing anything",
            ),
        );
        for nothing in [json!(null), json!([]), json!({"Ready": false}), json!(7)] {
            check(nothing, None);
        }
        assert_eq!(Unready::read(&json!("x")), None);
    }
}
