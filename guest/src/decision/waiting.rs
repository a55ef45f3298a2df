//! What a task waits for: each "not now" is a variant with a code, a sentence and, where it needs somebody, the reason of the
//! condition `Stalled`. Conditions, events and a plan's reasons all take their words from here.

use std::fmt;
use std::rc::Rc;

use super::pods::Pods;
use crate::contract::{Failure, ObjectRef, UnavailableReason};
use crate::documents::names;
use crate::documents::status::stalled;
use crate::documents::time::Time;
use crate::observation::answers::Unavailable;
use crate::observation::targets::Place;

/// How long something may take before somebody is asked to look, in seconds.
pub const DEADLINE_SECONDS: i64 = 300;

/// How many of the datacenters that one waits for are named, if there are at least two more: each that waits names them.
const MAX_NAMED: usize = 3;

/// What is waited for. The sentences of those that are about a datacenter follow its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// It was restored from a backup without its status; what of it still runs, and what shows that it has run.
    StatusLost {
        running: Vec<String>,
        signs: Vec<String>,
    },
    /// Its cluster is gone.
    ClusterNotFound { cluster: String },
    /// Its cluster cannot be read.
    ClusterUnavailable { cluster: String, why: Unavailable },
    /// Its cluster is being deleted.
    ClusterTerminating { cluster: String, since: String },
    /// Its specification is invalid.
    InvalidSpec { is_stopped: bool },

    /// The API server refuses the metadata patch that comes before the first create.
    RecordRefused { failure: Refusal },

    /// Another datacenter comes first: those that it waits for; none where the whole task waits.
    Turn { behind: Rc<[String]> },
    /// A context cannot say whether its CassandraTask exists.
    Context(Unavailable),
    /// A second controller is at work on it.
    Conflict { object: String },
    /// The API server refused its CassandraTask; it is tried again at that time.
    CreateRefused {
        place: Place,
        failure: Refusal,
        retry: Time,
    },
    /// Its CassandraTask was created, and has no status yet.
    NotStarted { since: Option<Time> },
    /// Its CassandraTask starts at that time.
    Scheduled { at: Time },
    /// Its CassandraTask has had no status for long.
    NotPickedUp { place: Place, since: Time },
    /// Its CassandraTask is at work; since when no pod was begun, if that is long ago.
    Running {
        is_running: bool,
        pods: Pods,
        since: Option<Time>,
        no_pod_since: Option<Time>,
    },
    /// cass-operator has stopped between two writes and never goes on.
    Stuck { place: Place },
    /// It is done, and its CassandraTask lacks the condition Complete; when it ended.
    NotComplete { since: Option<Time> },
    /// It is cancelled, and its context has not confirmed that nothing runs there.
    Cancelled { why: Unavailable },
    /// Its CassandraTask is being deleted.
    Terminating { since: Option<Time> },
    /// It was started in a context that cannot say how it is now.
    LastSeen { has_started: bool, why: Unavailable },
    /// It was started, and an object that does not belong to the task has its name now.
    Foreign { object: String, has_ended: bool },

    /// A task cannot be deleted while that context does not respond.
    DeletionUnavailable { child: String, why: Unavailable },
    /// Nobody can say whether those CassandraTasks belong to the task while its cluster cannot be read.
    DeletionUnclear {
        children: Vec<String>,
        cluster: String,
        why: Unavailable,
    },
    /// The API server refused to delete a CassandraTask, or to remove the finalizer (no place).
    DeletionRefused { what: String, failure: Refusal },
    /// A CassandraTask is being deleted.
    DeletionTerminating {
        child: String,
        since: Option<Time>,
        finalizers: Vec<String>,
    },
    /// A CassandraTask cannot be named.
    DeletionNameless { context: String },
    /// A finished task is not deleted while that context does not respond.
    Expiry { at: Time, why: Unavailable },
}

/// How an API server refused something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The API server's reason.
    pub reason: String,
    /// What it says.
    pub message: String,
    /// Since when.
    pub since: Time,
}

impl Refusal {
    /// What a failure says.
    pub fn of(failure: &Failure) -> Refusal {
        Refusal {
            reason: failure.reason.clone(),
            message: failure.message.trim().to_owned(),
            since: Time::from_millis(failure.first),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(&self.reason),
            message => write!(f, "{}: {message}", self.reason),
        }
    }
}

impl Waiting {
    /// A word for it, in CamelCase.
    pub fn code(&self) -> &'static str {
        match self {
            Waiting::StatusLost { .. } => stalled::STATUS_LOST,
            Waiting::ClusterNotFound { .. } => stalled::CLUSTER_NOT_FOUND,
            Waiting::ClusterUnavailable { .. } => "ClusterUnavailable",
            Waiting::ClusterTerminating { .. } => "ClusterTerminating",
            Waiting::InvalidSpec { .. } => "InvalidSpec",
            Waiting::RecordRefused { .. } => stalled::RECORD_REFUSED,
            Waiting::Turn { .. } => "Waiting",
            Waiting::Context(_)
            | Waiting::Cancelled { .. }
            | Waiting::LastSeen { .. }
            | Waiting::Expiry { .. } => stalled::CONTEXT_UNAVAILABLE,
            Waiting::Conflict { .. } => "ConflictingController",
            Waiting::Foreign { .. } => stalled::NAME_CONFLICT,
            Waiting::CreateRefused { .. } => stalled::CREATE_REFUSED,
            Waiting::NotStarted { .. } => "Created",
            Waiting::Scheduled { .. } => "Scheduled",
            Waiting::NotPickedUp { .. } => stalled::NOT_PICKED_UP,
            Waiting::Running {
                is_running: true, ..
            } => "Running",
            Waiting::Running {
                is_running: false, ..
            } => "Started",
            Waiting::Stuck { .. } => stalled::NOT_PROGRESSING,
            Waiting::NotComplete { .. } => "NotComplete",
            Waiting::Terminating { .. } => "Terminating",
            Waiting::DeletionUnavailable { .. }
            | Waiting::DeletionUnclear { .. }
            | Waiting::DeletionRefused { .. }
            | Waiting::DeletionNameless { .. } => stalled::DELETION_BLOCKED,
            Waiting::DeletionTerminating { .. } => "Terminating",
        }
    }

    /// From when on somebody has to look, and the reason that `Stalled` then has; `None` for what passes by itself.
    pub fn stalls(&self) -> Option<(Time, &'static str)> {
        let long = |since: Option<Time>| {
            since.map_or(Time::EPOCH, |since| since.plus_seconds(DEADLINE_SECONDS))
        };
        match self {
            Waiting::ClusterUnavailable { why, .. }
            | Waiting::Cancelled { why }
            | Waiting::Context(why)
            | Waiting::LastSeen { why, .. }
            | Waiting::Expiry { why, .. } => Some((long(why.since), stalled::CONTEXT_UNAVAILABLE)),
            Waiting::DeletionTerminating { since, .. } => {
                Some((long(Some((*since)?)), stalled::DELETION_BLOCKED))
            }
            Waiting::NotComplete { since } => {
                Some((long(Some((*since)?)), stalled::NOT_PROGRESSING))
            }
            Waiting::StatusLost { .. }
            | Waiting::ClusterNotFound { .. }
            | Waiting::RecordRefused { .. }
            | Waiting::CreateRefused { .. }
            | Waiting::Foreign { .. }
            | Waiting::NotPickedUp { .. }
            | Waiting::Stuck { .. }
            | Waiting::DeletionUnavailable { .. }
            | Waiting::DeletionUnclear { .. }
            | Waiting::DeletionRefused { .. }
            | Waiting::DeletionNameless { .. } => Some((Time::EPOCH, self.code())),
            _ => None,
        }
    }

    /// Since when, if that is known.
    pub fn since(&self) -> Option<Time> {
        match self {
            Waiting::ClusterUnavailable { why, .. }
            | Waiting::Cancelled { why }
            | Waiting::Context(why)
            | Waiting::LastSeen { why, .. }
            | Waiting::DeletionUnavailable { why, .. }
            | Waiting::DeletionUnclear { why, .. }
            | Waiting::Expiry { why, .. } => why.since,
            Waiting::ClusterTerminating { since, .. } => Time::parse(since),
            Waiting::RecordRefused { failure }
            | Waiting::CreateRefused { failure, .. }
            | Waiting::DeletionRefused { failure, .. } => Some(failure.since),
            Waiting::NotStarted { since }
            | Waiting::Terminating { since }
            | Waiting::Running { since, .. }
            | Waiting::DeletionTerminating { since, .. } => *since,
            Waiting::NotPickedUp { since, .. } => Some(*since),
            _ => None,
        }
    }

    /// What to do about it, where its sentence does not say so: for a datacenter, or for the whole task.
    pub fn advice(&self, datacenter: Option<&str>) -> Option<String> {
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
            Waiting::Context(why) => {
                let remove =
                    datacenter.map(|name| format!(", or remove {name} from spec.datacenters"));
                Some(format!("{}{}", why.remedy(), remove.unwrap_or_default()))
            }
            Waiting::LastSeen { why, .. } | Waiting::Cancelled { why } => Some(abandon(why)),
            Waiting::ClusterUnavailable { why, .. } => Some(why.remedy()),
            Waiting::NotComplete { .. } => Some(
                "check cass-operator, or delete the CassandraTask: the datacenter counts as done"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The sentence, for one or for several datacenters.
    pub fn predicate(&self, is_plural: bool) -> String {
        let text = self.to_string();
        let plurals = [("waits", "wait"), ("has ", "have "), ("is ", "are ")];
        let plural =
            |(one, many): &(&str, &str)| text.strip_prefix(one).map(|rest| format!("{many}{rest}"));
        plurals
            .iter()
            .find_map(plural)
            .filter(|_| is_plural)
            .unwrap_or(text)
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
            Waiting::Stuck { place } => write!(
                f,
                "is stuck: cass-operator labelled CassandraTask {place} completed and never wrote its status; check what its pods \
                 did, then delete it, which counts as a failure"
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
                f.write_str(if *has_started {
                    "was last seen running"
                } else {
                    "may have been created"
                })?;
                write!(f, ": {why}")
            }
            Waiting::Foreign { object, has_ended } => write!(
                f,
                "was last seen running, and CassandraTask {object} does not belong to this K8ssandraTask; {}, and it counts as failed",
                if *has_ended {
                    "it has finished: delete it"
                } else {
                    "wait until it has finished, then delete it"
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
            Waiting::DeletionUnclear {
                children,
                cluster,
                why,
            } => write!(
                f,
                "cannot say whether CassandraTask {} belongs to this task without K8ssandraCluster {cluster}: {why}; {}, or annotate the \
                 task with pilothouse.dev/abandon=control-plane to leave it there",
                children.join(", "),
                why.remedy()
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

    /// The object that is waited for, if it is one alone: the CassandraTask of that place unless it is another.
    pub fn about(&self, place: Option<&Place>) -> Option<ObjectRef> {
        match self {
            Waiting::CreateRefused { place, .. }
            | Waiting::NotPickedUp { place, .. }
            | Waiting::Stuck { place } => Some(place.reference()),
            _ => place.map(Place::reference),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_datacenters_share_a_sentence() {
        let turn = |behind: &[&str]| Waiting::Turn {
            behind: behind.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(turn(&["dc1"]).predicate(false), "waits for dc1");
        assert_eq!(turn(&["dc1"]).predicate(true), "wait for dc1");
        assert_eq!(turn(&[]).predicate(true), "wait");
        let many = ["dc1", "dc2", "dc3", "dc4", "dc5"];
        assert_eq!(turn(&many[..4]).to_string(), "waits for dc1, dc2, dc3, dc4");
        assert_eq!(
            turn(&many).to_string(),
            "waits for dc1, dc2, dc3 and 2 others"
        );
        assert_eq!(
            Waiting::NotStarted { since: None }.predicate(true),
            "have not started"
        );
    }

    #[test]
    fn an_unavailable_context_stalls_after_the_deadline_or_at_once() {
        let since = |since: Option<Time>| Unavailable {
            since,
            ..Unavailable::not_registered(&None, "CassandraTask")
        };
        let stalls = |why| {
            Waiting::Context(why)
                .stalls()
                .map(|(from, _)| from.millis())
        };
        assert_eq!(stalls(since(Some(Time::from_millis(1_000)))), Some(301_000));
        assert_eq!(stalls(since(None)), Some(0));
    }
}
