//! What a task waits for: each "not now" is a variant with a code, a sentence and, where it needs somebody, the reason of the
//! condition `Stalled`. Conditions, events and a plan's reasons all take their words from here.

use std::fmt;
use std::rc::Rc;

use super::pods::Pods;
use crate::contract::Failure;
use crate::documents::status::stalled;
use crate::documents::time::Time;
use crate::observation::answers::Unavailable;
use crate::observation::targets::Place;

/// How long something may take before somebody is asked to look, in seconds.
pub const DEADLINE_SECONDS: i64 = 300;

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
    Stuck { place: Place, is_former: bool },
    /// It is done, and its CassandraTask lacks the condition Complete; when it ended.
    NotComplete { since: Option<Time> },
    /// It is done, and its context cannot say whether its CassandraTask has the condition Complete.
    NotConfirmed { why: Unavailable },
    /// It is cancelled, and its context has not confirmed that nothing runs there.
    Cancelled { why: Unavailable },
    /// Its CassandraTask is being deleted.
    Terminating { since: Option<Time> },
    /// It was started in a context that cannot say how it is now.
    LastSeen { has_started: bool, why: Unavailable },
    /// It was started, and an object that does not belong to the task has its name now.
    Foreign {
        object: String,
        has_ended: bool,
        has_started: bool,
        is_former: bool,
    },

    /// A task cannot be deleted while that context does not respond.
    DeletionUnavailable { child: String, why: Unavailable },
    /// Nobody can say whether those CassandraTasks belong to the task while its cluster cannot be read.
    DeletionUnclear { children: Vec<String>, why: String },
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
            | Waiting::NotConfirmed { .. }
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
            | Waiting::NotConfirmed { why }
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
            | Waiting::NotConfirmed { why }
            | Waiting::DeletionUnavailable { why, .. }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_many_are_named() {
        let turn = |behind: &[&str]| Waiting::Turn {
            behind: behind.iter().map(|name| (*name).to_owned()).collect(),
        };
        let many = ["dc1", "dc2", "dc3", "dc4", "dc5"];
        assert_eq!(turn(&many[..4]).to_string(), "waits for dc1, dc2, dc3, dc4");
        assert_eq!(
            turn(&many).to_string(),
            "waits for dc1, dc2, dc3 and 2 others"
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
