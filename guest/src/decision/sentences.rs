//! What is waited for, in words: each variant of [`Waiting`] in, one sentence out, and what to do about it.

use std::fmt;

use super::waiting::{Unknown, Waiting};
use crate::contract::UnavailableReason;
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::names;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::answers::Unavailable;
use crate::observation::targets::Place;

/// How many of the datacenters that one waits for are named, if there are at least two more: each that waits names them.
const MAX_NAMED: usize = 3;

const NO_FURTHER: &str = "no further CassandraTasks will be created";

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl Waiting {
    fn sentence(&self) -> String {
        // That it counts against a datacenter, which a former target is no more.
        let unless = |is_former: &bool, text| if *is_former { "" } else { text };
        match self {
            Waiting::StatusLost { running, signs } => status_lost(running, signs),
            Waiting::ClusterNotFound { cluster } => {
                format!("K8ssandraCluster {cluster} not found: {NO_FURTHER}")
            }
            Waiting::ClusterTerminating { cluster, since } => {
                format!("K8ssandraCluster {cluster} is being deleted since {since}: {NO_FURTHER}")
            }
            Waiting::InvalidSpec { is_stopped: true } => NO_FURTHER.to_owned(),
            Waiting::InvalidSpec { .. } => format!("{NO_FURTHER} until the spec is fixed"),
            Waiting::RecordRefused { failure } => {
                format!("failed to patch the metadata of this K8ssandraTask: {failure}")
            }
            Waiting::Context { unknown, why } => unknown.sentence(why),
            Waiting::Turn { behind } => turn(behind),
            Waiting::Conflict { object } => {
                format!("waits: another controller has created CassandraTask {object}")
            }
            Waiting::CreateRefused { place, failure, .. } => {
                format!("waits: failed to create CassandraTask {place}: {failure}")
            }
            Waiting::NotStarted { .. } => "has not started".to_owned(),
            Waiting::Scheduled { at } => format!("is scheduled for {at}"),
            Waiting::NotPickedUp { place, since } => format!(
                "has not started: CassandraTask {place} not picked up by cass-operator since {since}; check that it is running, \
                 that CassandraDatacenter {dc} exists and that no other task is active in {dc}",
                dc = place.datacenter
            ),
            Waiting::Running {
                is_running,
                pods,
                no_pod_since,
                ..
            } => {
                let verb = if *is_running {
                    "is running"
                } else {
                    "has started"
                };
                let silent = no_pod_since.map(|since| {
                    format!("; no pod listed since {since}: check cass-operator's log and the pods' management API")
                });
                format!("{verb}{pods}{}", silent.unwrap_or_default())
            }
            Waiting::Stuck { place, is_former } => format!(
                "is stuck: cass-operator labelled CassandraTask {place} completed and never wrote its status; check what its pods \
                 did, then delete it{}",
                unless(is_former, ", which counts as a failure")
            ),
            Waiting::Namesake {
                object, has_failed, ..
            } => {
                let is = if *has_failed { "failed" } else { "is done" };
                format!("{is}, but another CassandraTask of it has not ended: {object}")
            }
            Waiting::NotComplete { .. } => {
                "is done, but its CassandraTask has no condition Complete".to_owned()
            }
            Waiting::Terminating { since } => {
                format!(
                    "waits for its CassandraTask to be deleted{}",
                    in_brackets(*since)
                )
            }
            Waiting::Foreign {
                object,
                has_ended,
                has_started,
                is_former,
            } => format!(
                "{}, and CassandraTask {object} does not belong to this K8ssandraTask; {}{}",
                last_seen(*has_started),
                delete_when_finished(*has_ended),
                unless(is_former, ", and it counts as failed")
            ),
            Waiting::DeletionRefused { what, failure } => format!("failed to {what}: {failure}"),
            Waiting::DeletionTerminating {
                child,
                since,
                finalizers,
            } => {
                let since = in_brackets(*since);
                let finalizers = match finalizers.join(", ").as_str() {
                    "" => String::new(),
                    names => format!("; it has finalizers: {names}"),
                };
                format!("waiting for CassandraTask {child} to be deleted{since}{finalizers}")
            }
            Waiting::DeletionBlocked { why } => why.clone(),
        }
    }

    /// What to do about it, where its sentence does not say so: for a datacenter, or for the whole task.
    pub fn advice(&self, observation: &Observation<'_>, name: Option<&str>) -> Option<String> {
        match self {
            Waiting::Context { unknown, why } => match unknown {
                Unknown::Cluster(_) => Some(why.remedy()),
                Unknown::Existence => {
                    let without = without(observation, name?);
                    Some(format!("{}, or {without}", why.remedy()))
                }
                Unknown::Deletion(_) | Unknown::Expiry(_) => None,
                _ => Some(remedy_or_abandon(why, "count what is there as gone")),
            },
            Waiting::NotComplete { .. } => Some(
                "check cass-operator, or delete the CassandraTask: the datacenter counts as done"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl Unknown {
    fn sentence(&self, why: &Unavailable) -> String {
        match self {
            Unknown::Cluster(cluster) => format!("cannot read K8ssandraCluster {cluster}: {why}"),
            Unknown::Existence => format!("waits: {why}"),
            Unknown::Progress { has_started } => format!("{}: {why}", last_seen(*has_started)),
            Unknown::Completion => {
                format!("is done; cannot confirm that its CassandraTask is complete: {why}")
            }
            Unknown::Cancellation => {
                format!("is cancelled; cannot confirm that nothing runs there: {why}")
            }
            Unknown::Deletion(child) => {
                let remedy = remedy_or_abandon(why, "leave its CassandraTasks there");
                format!("cannot delete CassandraTask {child}: {why}; {remedy}")
            }
            Unknown::Expiry(at) => {
                let remedy = remedy_or_abandon(why, "leave them there");
                format!("expired at {at}; waiting to delete its CassandraTasks: {why}; {remedy}")
            }
        }
    }
}

fn status_lost(running: &[String], signs: &[String]) -> String {
    let running = match running.join(", ").as_str() {
        "" => String::new(),
        names => format!("; wait until these have finished: CassandraTask {names}"),
    };
    let signs = signs.join(" and ");
    format!(
        "the status was lost, as in a restore from a backup, and this task has run before{running}; to run it again, remove {signs}"
    )
}

fn turn(behind: &[String]) -> String {
    match behind.get(..MAX_NAMED) {
        _ if behind.is_empty() => "waits".to_owned(),
        Some(first) if behind.len() > MAX_NAMED + 1 => {
            let others = behind.len() - MAX_NAMED;
            format!("waits for {} and {others} others", first.join(", "))
        }
        _ => format!("waits for {}", behind.join(", ")),
    }
}

fn in_brackets(since: Option<Time>) -> String {
    since.map_or(String::new(), |since| format!(" (since {since})"))
}

fn last_seen(has_started: bool) -> &'static str {
    if has_started {
        "was last seen running"
    } else {
        "may have been created"
    }
}

/// How to make way for a CassandraTask of the task's own.
pub fn delete_when_finished(has_ended: bool) -> &'static str {
    if has_ended {
        "it has finished: delete it"
    } else {
        "wait until it has finished, then delete it"
    }
}

/// What to do about a context that cannot say what it has, or how to give it up. One with an unconfirmed write responds otherwise, so
/// it is not gone for good: what is at work there would count as gone.
pub fn remedy_or_abandon(why: &Unavailable, to: &str) -> String {
    let (remedy, annotation) = (why.remedy(), names::ABANDON);
    if why.reason == UnavailableReason::Unconfirmed {
        return remedy;
    }
    let context = why.context.as_deref().unwrap_or(names::CONTROL_PLANE);
    format!("{remedy}, or annotate the task with {annotation}={context} to {to}")
}

/// How the task goes on without a target.
fn without(observation: &Observation<'_>, datacenter: &str) -> String {
    let spec = observation.task.spec.as_ref();
    match observation.targets.places.len() {
        1 => "delete this K8ssandraTask".to_owned(),
        _ if spec.is_ok_and(|spec| !spec.datacenters.is_empty()) => {
            format!("remove {datacenter} from spec.datacenters")
        }
        _ => "list the other datacenters in spec.datacenters".to_owned(),
    }
}

/// A CassandraTask that was observed, written as its [`Place`] would be.
pub fn named(child: &CassandraTask) -> String {
    let place = Place {
        datacenter: String::new(),
        context: child.context.clone(),
        namespace: child.namespace().to_owned(),
        name: child.name().to_owned(),
    };
    place.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_that_one_waits_for_some_are_named() {
        let names = ["dc1", "dc2", "dc3", "dc4", "dc5"].map(str::to_owned);
        assert_eq!(turn(&names[..4]), "waits for dc1, dc2, dc3, dc4");
        assert_eq!(turn(&names), "waits for dc1, dc2, dc3 and 2 others");
    }

    #[test]
    fn a_context_with_an_unconfirmed_write_is_not_to_be_given_up() {
        let why = Unavailable {
            reason: UnavailableReason::Unconfirmed,
            ..Unavailable::not_registered(&Some("east".to_owned()), "CassandraTask")
        };
        for unknown in [
            Unknown::Deletion("ns.task1-dc1 in context east".to_owned()),
            Unknown::Expiry(Time::EPOCH),
        ] {
            let sentence = Waiting::context(unknown, &why).to_string();
            assert!(sentence.ends_with("; restore connectivity"), "{sentence}");
        }
    }
}
