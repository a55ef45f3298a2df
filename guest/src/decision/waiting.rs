//! What a task waits for: each "not now" is a variant with a code, a sentence and, where it needs somebody, the reason of the
//! condition `Stalled`. Conditions, events and a plan's reasons all take their words from here.

use std::fmt;
use std::rc::Rc;

use crate::contract::{Failure, FailureClass, Operation};
use crate::documents::names;
use crate::documents::status::stalled;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::answers::Unavailable;
use crate::observation::targets::Place;

/// How long something may take before somebody is asked to look, in seconds.
pub const DEADLINE_SECONDS: i64 = 300;

/// What needs somebody as soon as it is so: these codes are the reason of `Stalled`, too.
const URGENT: [&str; 8] = [
    stalled::STATUS_LOST,
    stalled::CLUSTER_NOT_FOUND,
    stalled::RECORD_REFUSED,
    stalled::CREATE_REFUSED,
    stalled::NAME_CONFLICT,
    stalled::NOT_PICKED_UP,
    stalled::NOT_PROGRESSING,
    stalled::DELETION_BLOCKED,
];

/// What is waited for. The sentences of those that are about a datacenter follow its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// The task was restored from a backup without its status; what of it still runs, and what shows that it has run.
    StatusLost {
        running: Vec<String>,
        signs: Vec<String>,
    },
    /// Its cluster is gone.
    ClusterNotFound { cluster: String },
    /// Its cluster is being deleted.
    ClusterTerminating { cluster: String, since: String },
    /// Its specification is invalid.
    InvalidSpec { is_stopped: bool },
    /// The API server refuses the metadata patch that comes before the first create.
    RecordRefused { failure: Refusal },

    /// A context cannot say something that has to be known: of the task, of a datacenter, or before a deletion.
    Context { unknown: Unknown, why: Unavailable },

    /// Another datacenter comes first: those that it waits for; none where the whole task waits.
    Turn { behind: Rc<[String]> },
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
    /// Its CassandraTask is at work; what is said of its pods, and since when no pod was begun, if that is long ago.
    Running {
        is_running: bool,
        pods: String,
        since: Option<Time>,
        no_pod_since: Option<Time>,
    },
    /// cass-operator has stopped between two writes and never goes on.
    Stuck { place: Place, is_former: bool },
    /// It is over, but for another CassandraTask of it, as one that a backup brought back.
    Namesake {
        object: String,
        since: Option<Time>,
        has_failed: bool,
    },
    /// It is done, and its CassandraTask lacks the condition Complete; when it ended.
    NotComplete { ended: Option<Time> },
    /// Its CassandraTask is being deleted.
    Terminating { since: Option<Time> },
    /// It was started, and an object that does not belong to the task has its name now.
    Foreign {
        object: String,
        has_ended: bool,
        has_started: bool,
        is_former: bool,
    },

    /// While the task is being deleted: the API server refused to delete a CassandraTask, or to remove the finalizer.
    DeletionRefused { what: String, failure: Refusal },
    /// While it is being deleted: so is a CassandraTask.
    DeletionTerminating {
        child: String,
        since: Option<Time>,
        finalizers: Vec<String>,
    },
    /// While it is being deleted: anything else that keeps it.
    DeletionBlocked { why: String },
}

/// What a context cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// What that K8ssandraCluster declares.
    Cluster(String),
    /// Whether the CassandraTask exists, before it is created.
    Existence,
    /// How one is that was started, or is recorded to be.
    Progress { has_started: bool },
    /// Whether one that is done has the condition Complete.
    Completion,
    /// Whether nothing runs in a datacenter that is cancelled.
    Cancellation,
    /// Whether that CassandraTask is there still, of a task that is being deleted.
    Deletion(String),
    /// Whether it has any still, of a task that has finished and expired at that time.
    Expiry(Time),
}

/// How an API server refused something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    text: String,
    since: Time,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Refusal {
    pub fn of(failure: &Failure) -> Refusal {
        let reason = &failure.reason;
        Refusal {
            text: match failure.message.trim() {
                "" => reason.clone(),
                message => format!("{reason}: {message}"),
            },
            since: Time::from_millis(failure.first),
        }
    }

    /// That the API server refuses to do that with the task itself.
    pub fn of_task(observation: &Observation<'_>, operation: Operation) -> Option<Refusal> {
        let mut failures = observation.failures.iter();
        let refused = failures.find(|it| {
            it.operation == operation && it.object.gvk == names::k8ssandra_task() && is_refused(it)
        });
        refused.map(Refusal::of)
    }
}

/// When something has gone on for long that began at that time.
pub fn late(since: Time) -> Time {
    since.plus_seconds(DEADLINE_SECONDS)
}

/// Whether an API server has refused it, so that nothing was done.
pub fn is_refused(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Refused | FailureClass::Denied)
}

impl Waiting {
    pub fn context(unknown: Unknown, why: &Unavailable) -> Waiting {
        let why = why.clone();
        Waiting::Context { unknown, why }
    }

    /// A word for it, in CamelCase, and since when it is so, if that is known.
    fn facts(&self) -> (&'static str, Option<Time>) {
        match self {
            Waiting::StatusLost { .. } => (stalled::STATUS_LOST, None),
            Waiting::ClusterNotFound { .. } => (stalled::CLUSTER_NOT_FOUND, None),
            Waiting::ClusterTerminating { since, .. } => ("ClusterTerminating", Time::parse(since)),
            Waiting::InvalidSpec { .. } => ("InvalidSpec", None),
            Waiting::RecordRefused { failure } => (stalled::RECORD_REFUSED, Some(failure.since)),
            Waiting::Context { unknown, why } => (unknown.code(), why.since),
            Waiting::Turn { .. } => ("Waiting", None),
            Waiting::Conflict { .. } => ("ConflictingController", None),
            Waiting::CreateRefused { failure, .. } => {
                (stalled::CREATE_REFUSED, Some(failure.since))
            }
            Waiting::NotStarted { since } => ("Created", *since),
            Waiting::Scheduled { .. } => ("Scheduled", None),
            Waiting::NotPickedUp { since, .. } => (stalled::NOT_PICKED_UP, Some(*since)),
            Waiting::Running {
                is_running: true,
                since,
                ..
            } => ("Running", *since),
            Waiting::Running { since, .. } => ("Started", *since),
            Waiting::Namesake { since, .. } => ("Started", *since),
            Waiting::Stuck { .. } => (stalled::NOT_PROGRESSING, None),
            Waiting::NotComplete { ended } => ("NotComplete", *ended),
            Waiting::Terminating { since } => ("Terminating", *since),
            Waiting::Foreign { .. } => (stalled::NAME_CONFLICT, None),
            Waiting::DeletionRefused { failure, .. } => {
                (stalled::DELETION_BLOCKED, Some(failure.since))
            }
            Waiting::DeletionTerminating { since, .. } => ("Terminating", *since),
            Waiting::DeletionBlocked { .. } => (stalled::DELETION_BLOCKED, None),
        }
    }

    /// A word for it, in CamelCase.
    pub fn code(&self) -> &'static str {
        self.facts().0
    }

    /// Since when it is so, if that is known.
    pub fn since(&self) -> Option<Time> {
        self.facts().1
    }

    /// From when on somebody has to look, and the reason that `Stalled` then has; `None` for what passes by itself.
    pub fn stalls(&self) -> Option<(Time, &'static str)> {
        let code = self.code();
        match self {
            _ if URGENT.contains(&code) => Some((Time::EPOCH, code)),
            Waiting::Context { why, .. } => {
                let from = why.since.map_or(Time::EPOCH, late);
                Some((from, stalled::CONTEXT_UNAVAILABLE))
            }
            Waiting::NotComplete { ended } => Some((late((*ended)?), stalled::NOT_PROGRESSING)),
            Waiting::DeletionTerminating { since, .. } => {
                Some((late((*since)?), stalled::DELETION_BLOCKED))
            }
            _ => None,
        }
    }

    /// When it stalls, or began to.
    pub fn stalls_at(&self) -> Option<Time> {
        self.stalls().map(|(from, _)| from)
    }
}

impl Unknown {
    fn code(&self) -> &'static str {
        match self {
            Unknown::Cluster(_) => "ClusterUnavailable",
            Unknown::Deletion(_) => stalled::DELETION_BLOCKED,
            _ => stalled::CONTEXT_UNAVAILABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lacks_the_condition_complete_since_it_ended() {
        let ended = Some(Time::EPOCH);
        assert_eq!(Waiting::NotComplete { ended }.since(), ended);
    }
}
