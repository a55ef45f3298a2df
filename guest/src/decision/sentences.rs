//! What is waited for, in words: each variant of [`Waiting`] in, one sentence out, and what to do about it.

use std::fmt;

use super::waiting::Waiting;
use crate::contract::UnavailableReason;
use crate::documents::names;
use crate::observation::answers::Unavailable;

/// How many of the datacenters that one waits for are named, if there are at least two more: each that waits names them.
const MAX_NAMED: usize = 3;

/// How a task names its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetList {
    /// There is one alone.
    One,
    /// They are listed.
    Listed,
    /// They are all that the cluster declares.
    All,
}

impl TargetList {
    /// How to go on without one of them.
    fn without(self, datacenter: &str) -> String {
        match self {
            TargetList::One => "delete this K8ssandraTask".to_owned(),
            TargetList::Listed => format!("remove {datacenter} from spec.datacenters"),
            TargetList::All => "list the other datacenters in spec.datacenters".to_owned(),
        }
    }
}

fn last_seen(has_started: bool) -> &'static str {
    if has_started {
        "was last seen running"
    } else {
        "may have been created"
    }
}

impl Waiting {
    /// What to do about it, where its sentence does not say so: for a datacenter, or for the whole task.
    pub fn advice(&self, datacenter: Option<&str>, targets: TargetList) -> Option<String> {
        let abandon = |why: &Unavailable| {
            let context = why.context.as_deref().unwrap_or(names::CONTROL_PLANE);
            let annotation = format!(
                ", or annotate the task with {}={context} to count what is there as gone",
                names::ABANDON
            );
            let is_given_up = why.reason != UnavailableReason::Unconfirmed;
            format!(
                "{}{}",
                why.remedy(),
                if is_given_up {
                    annotation
                } else {
                    String::new()
                }
            )
        };
        match self {
            Waiting::Context(why) => Some(format!(
                "{}, or {}",
                why.remedy(),
                targets.without(datacenter?)
            )),
            Waiting::LastSeen { why, .. }
            | Waiting::NotConfirmed { why }
            | Waiting::Cancelled { why } => Some(abandon(why)),
            Waiting::ClusterUnavailable { why, .. } => Some(why.remedy()),
            Waiting::NotComplete { .. } => Some(
                "check cass-operator, or delete the CassandraTask: the datacenter counts as done"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waiting::Turn { behind } if behind.is_empty() => f.write_str("waits"),
            Waiting::Turn { behind } => match behind.get(..MAX_NAMED) {
                Some(first) if behind.len() > MAX_NAMED + 1 => {
                    let others = behind.len() - MAX_NAMED;
                    write!(f, "waits for {} and {others} others", first.join(", "))
                }
                _ => write!(f, "waits for {}", behind.join(", ")),
            },
            Waiting::Context(why) => write!(f, "waits: {why}"),
            Waiting::Conflict { object } => write!(
                f,
                "waits: another controller has created CassandraTask {object}"
            ),
            Waiting::CreateRefused { place, failure, .. } => {
                write!(
                    f,
                    "waits: failed to create CassandraTask {place}: {failure}"
                )
            }
            Waiting::NotStarted { .. } => f.write_str("has not started"),
            Waiting::Scheduled { at } => write!(f, "is scheduled for {at}"),
            Waiting::NotPickedUp { place, since } => write!(
                f,
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
                write!(f, "{verb}{pods}")?;
                no_pod_since.map_or(Ok(()), |since| {
                    write!(f, "; no pod listed since {since}: check cass-operator's log and the pods' management API")
                })
            }
            Waiting::Stuck { place, is_former } => write!(
                f,
                "is stuck: cass-operator labelled CassandraTask {place} completed and never wrote its status; check what its pods \
                 did, then delete it{}",
                if *is_former {
                    ""
                } else {
                    ", which counts as a failure"
                }
            ),
            Waiting::NotComplete { .. } => {
                f.write_str("is done, but its CassandraTask has no condition Complete")
            }
            Waiting::Cancelled { why } => write!(
                f,
                "is cancelled; cannot confirm that nothing runs there: {why}"
            ),
            Waiting::Terminating { since: Some(since) } => write!(
                f,
                "waits for its CassandraTask to be deleted (since {since})"
            ),
            Waiting::Terminating { since: None } => {
                f.write_str("waits for its CassandraTask to be deleted")
            }
            Waiting::LastSeen { has_started, why } => {
                write!(f, "{}: {why}", last_seen(*has_started))
            }
            Waiting::NotConfirmed { why } => write!(
                f,
                "is done; cannot confirm that its CassandraTask is complete: {why}"
            ),
            Waiting::Foreign {
                object,
                has_ended,
                has_started,
                is_former,
            } => write!(
                f,
                "{}, and CassandraTask {object} does not belong to this K8ssandraTask; {}{}",
                last_seen(*has_started),
                if *has_ended {
                    "it has finished: delete it"
                } else {
                    "wait until it has finished, then delete it"
                },
                if *is_former {
                    ""
                } else {
                    ", and it counts as failed"
                }
            ),
            _ => self.fmt_task(f),
        }
    }
}

impl Waiting {
    /// The sentences about the whole task.
    fn fmt_task(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waiting::StatusLost { running, signs } => {
                write!(
                    f,
                    "the status was lost, as in a restore from a backup, and this task has run before"
                )?;
                if !running.is_empty() {
                    write!(
                        f,
                        "; wait until these have finished: CassandraTask {}",
                        running.join(", ")
                    )?;
                }
                write!(f, "; to run it again, remove {}", signs.join(" and "))
            }
            Waiting::ClusterNotFound { cluster } => {
                write!(
                    f,
                    "K8ssandraCluster {cluster} not found: no further CassandraTasks will be created"
                )
            }
            Waiting::ClusterUnavailable { cluster, why } => {
                write!(f, "cannot read K8ssandraCluster {cluster}: {why}")
            }
            Waiting::ClusterTerminating { cluster, since } => write!(
                f,
                "K8ssandraCluster {cluster} is being deleted since {since}: no further CassandraTasks will be created"
            ),
            Waiting::InvalidSpec { is_stopped: true } => {
                f.write_str("no further CassandraTasks will be created")
            }
            Waiting::InvalidSpec { is_stopped: false } => {
                f.write_str("no further CassandraTasks will be created until the spec is fixed")
            }
            Waiting::RecordRefused { failure } => write!(
                f,
                "failed to patch the metadata of this K8ssandraTask: {failure}"
            ),
            Waiting::DeletionUnavailable { child, why } => write!(
                f,
                "cannot delete CassandraTask {child}: {why}; {}, or annotate the task with pilothouse.dev/abandon={} to leave its \
                 CassandraTasks there",
                why.remedy(),
                why.context.as_deref().unwrap_or(names::CONTROL_PLANE)
            ),
            Waiting::DeletionUnclear { children, why } => write!(
                f,
                "cannot say whether CassandraTask {} belongs to this task: {why}",
                children.join(", ")
            ),
            Waiting::DeletionRefused { what, failure } => write!(f, "failed to {what}: {failure}"),
            Waiting::DeletionTerminating {
                child,
                since,
                finalizers,
            } => {
                write!(f, "waiting for CassandraTask {child} to be deleted")?;
                since.map_or(Ok(()), |since| write!(f, " (since {since})"))?;
                match finalizers.join(", ").as_str() {
                    "" => Ok(()),
                    names => write!(f, "; it has finalizers: {names}"),
                }
            }
            Waiting::DeletionNameless { context } => {
                write!(
                    f,
                    "cannot delete a CassandraTask without name or uid in {context}"
                )
            }
            Waiting::Expiry { at, why } => write!(
                f,
                "expired at {at}; waiting to delete its CassandraTasks: {why}; {}, or annotate the task with pilothouse.dev/abandon={} \
                 to leave them there",
                why.remedy(),
                why.context.as_deref().unwrap_or(names::CONTROL_PLANE)
            ),
            _ => Ok(()),
        }
    }
}
