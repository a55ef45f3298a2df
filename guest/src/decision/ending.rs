//! The end of a task. Rule 1, "being deleted": it takes its CassandraTasks with it, and goes when they are gone, whatever the cluster
//! and the list of datacenters say by then (cluster-tasks, Ownerships and cascade deletion). Rule 2, "finished": when it is over,
//! and how long it is kept then.

use std::collections::BTreeSet;

use super::sentences::{named, remedy_or_abandon};
use super::sequence::{self, Step, Target};
use super::waiting::{Refusal, Unknown, Waiting, is_refused};
use crate::contract::{Deletion, Failure, Operation, UnavailableReason};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::status::Recorded;
use crate::documents::time::Time;
use crate::observation::answers::context_name;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::{Place, is_of_this_task};
use crate::observation::{ClusterState, Observation};

/// How many CassandraTasks one plan deletes.
const MAX_DELETIONS: usize = 200;

/// What a deletion comes to.
#[derive(Debug)]
pub enum Removal {
    /// Our finalizer is not on it.
    NotOurs,
    /// Something is still there, or may be.
    Waiting {
        /// The CassandraTasks to delete now.
        deletions: Vec<Deletion>,
        /// What keeps the task.
        waiting: Vec<Waiting>,
        /// Whether the status comes before the deletions: the last plan failed at one of them.
        is_status_first: bool,
    },
    /// All are gone: the finalizer can be removed.
    Done {
        /// What stays behind, for people.
        left_behind: Vec<String>,
        /// That the finalizer could not be removed.
        refused: Option<Waiting>,
    },
}

/// Decides for a task whose deletion was asked for.
pub fn removal(observation: &Observation<'_>) -> Removal {
    if !observation.task.has_finalizer() {
        return Removal::NotOurs;
    }
    let mut waiting = blocks(observation);
    if observation.children.is_empty() && waiting.is_empty() {
        let what = "remove the finalizer".to_owned();
        return Removal::Done {
            left_behind: left_behind(observation),
            refused: Refusal::of_task(observation, Operation::PatchMetadata)
                .map(|failure| Waiting::DeletionRefused { what, failure }),
        };
    }
    let children = observation.children.iter();
    waiting.extend(children.flat_map(|child| remaining(observation, child)));
    Removal::Waiting {
        deletions: deletions(observation),
        waiting,
        is_status_first: is_status_first(observation),
    }
}

/// The deletions, those that have failed last, the longest ago first, so that none keeps the others from being tried.
fn deletions(observation: &Observation<'_>) -> Vec<Deletion> {
    let children = observation.children.iter();
    let children = children.filter(|child| !child.is_being_deleted());
    let mut deletions: Vec<Deletion> = children.filter_map(|child| child.deletion()).collect();
    deletions.sort_by_cached_key(|deletion| {
        let failure = observation.failure(Operation::Delete, &deletion.object);
        failure.map(|failure| failure.last)
    });
    deletions.truncate(MAX_DELETIONS);
    deletions
}

/// Whether the last action that failed was a deletion: then the status that says so comes first.
fn is_status_first(observation: &Observation<'_>) -> bool {
    let is_delete = |failure: &Failure| failure.operation == Operation::Delete;
    let failures = observation.failures.iter();
    let last = failures.max_by_key(|failure| (failure.last, is_delete(failure)));
    last.is_some_and(is_delete)
}

/// What is said of a CassandraTask that is still there.
fn remaining(
    observation: &Observation<'_>,
    child: &CassandraTask,
) -> impl Iterator<Item = Waiting> {
    let context = context_name(child.context.as_deref());
    let waiting = match child.deletion() {
        Some(_) => Waiting::DeletionTerminating {
            child: named(child),
            since: child.deleted(),
            finalizers: child.finalizers().map(str::to_owned).collect(),
        },
        None => Waiting::DeletionBlocked {
            why: format!("cannot delete a CassandraTask without name or uid in {context}"),
        },
    };
    let failed = observation.failure(Operation::Delete, &child.reference());
    let refused = failed.filter(|failure| is_refused(failure));
    let refused = refused.map(|failure| Waiting::DeletionRefused {
        what: format!("delete CassandraTask {}", named(child)),
        failure: Refusal::of(failure),
    });
    [waiting].into_iter().chain(refused)
}

/// The contexts where a CassandraTask of the task is recorded, or another controller may have created one before it recorded it, and
/// that give no answer: unless the user has given them up, or they serve no CassandraTasks, or they are not registered any more
/// and what is there is over.
fn blocks(observation: &Observation<'_>) -> Vec<Waiting> {
    let mut contexts = BTreeSet::new();
    let block = |datacenter: &Datacenter| {
        let Found::Unavailable(why) = &datacenter.found else {
            return None;
        };
        let may_be_there = observation.task.has_recorded(&datacenter.name)
            || observation.may_be_anothers(datacenter);
        let is_over = matches!(datacenter.state, State::Done | State::Failed | State::Lost);
        let is_left = match why.reason {
            UnavailableReason::NotServed => true,
            UnavailableReason::NotRegistered => is_over,
            _ => false,
        };
        let is_block = may_be_there && !is_left && contexts.insert(why.context.clone());
        let child = child_name(observation, datacenter);
        is_block.then(|| Waiting::context(Unknown::Deletion(child), why))
    };
    let blocks = observation.datacenters.iter().filter_map(block);
    blocks.chain(unclear(observation)).collect()
}

/// A task that another controller started has CassandraTasks without our mark. While its cluster cannot be read, nobody can say
/// whether those that are not recorded belong to it.
fn unclear(observation: &Observation<'_>) -> Option<Waiting> {
    let task = observation.task;
    let why = match &observation.cluster {
        ClusterState::Unreadable(wrong) => wrong.clone(),
        ClusterState::Unavailable(cluster, why)
            if why.reason != UnavailableReason::NotServed && !task.abandoned().contains(&None) =>
        {
            let remedy = remedy_or_abandon(why, "leave it there");
            format!("cannot read K8ssandraCluster {cluster}: {why}; {remedy}")
        }
        _ => return None,
    };
    let foreign = observation.foreign.iter();
    let unmarked = foreign.filter(|it| it.created_for().is_none() && is_of_this_task(task, it));
    let children: Vec<String> = unmarked.map(|child| named(child)).collect();
    let children = children.join(", ");
    (task.is_taken_over() && !children.is_empty()).then(|| Waiting::DeletionBlocked {
        why: format!("cannot say whether CassandraTask {children} belongs to this task: {why}"),
    })
}

/// What stays behind when the task goes: what is in contexts that were given up or are not registered any more, and objects with its
/// labels that do not belong to it.
fn left_behind(observation: &Observation<'_>) -> Vec<String> {
    let given_up = observation.datacenters.iter().filter_map(|datacenter| {
        let why = match &datacenter.found {
            Found::Abandoned(why) => why,
            Found::Unavailable(why) if why.reason == UnavailableReason::NotRegistered => why,
            _ => return None,
        };
        let child = child_name(observation, datacenter);
        let is_recorded = observation.task.has_recorded(&datacenter.name);
        is_recorded.then(|| format!("CassandraTask {child} ({why})"))
    });
    let foreign = observation.foreign.iter().chain(&observation.conflicting);
    let foreign = foreign.map(|child| {
        let child = named(child);
        format!("CassandraTask {child} (not managed by this K8ssandraTask)")
    });
    given_up.chain(foreign).collect()
}

fn child_name(observation: &Observation<'_>, datacenter: &Datacenter) -> String {
    let unknown = || format!("{}-{}", observation.task.metadata.name, datacenter.name);
    let place = datacenter.place.as_ref();
    place.map_or_else(unknown, Place::to_string)
}

/// Whether nothing is at work, former targets included, and nothing will be created any more. Where it is not certain what the
/// targets are, only the recorded status can say so.
pub fn is_finished(observation: &Observation<'_>, targets: &[Target<'_>]) -> bool {
    let is_over = |target: &Target<'_>| match target.step {
        // Its context must have said that nothing is there. One that does not serve the kind has none.
        Step::Cancel => {
            target.datacenter.is_confirmed_empty()
                && sequence::conflict(observation, target.datacenter).is_none()
        }
        Step::None => target.datacenter.is_settled(),
        Step::Create | Step::Wait(_) => false,
    };
    observation.targets.are_certain()
        && !observation.datacenters.iter().any(Datacenter::is_active)
        && targets.iter().all(is_over)
}

/// When a finished task is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// Never: why.
    Never(String),
    /// At that time, which is still to come; when it finished.
    Later { finished: Time, expires: Time },
    /// Now; what the API server says, if it refuses that.
    Due {
        finished: Time,
        expires: Time,
        refused: Option<Waiting>,
    },
    /// It is over, and waits for a context.
    Waits(Waiting),
}

/// When a task that has finished with this status is deleted.
pub fn expiry(observation: &Observation<'_>, status: &Recorded) -> Expiry {
    let spec = observation.task.spec.as_ref().map_err(String::clone);
    let ttl = match spec.and_then(|spec| spec.ttl(observation.settings)) {
        Ok(0) => {
            let why = "finished; ttlSecondsAfterFinished is 0: not deleted automatically";
            return Expiry::Never(why.to_owned());
        }
        Ok(ttl) => ttl,
        Err(wrong) => {
            return Expiry::Never(format!("finished; not deleted automatically: {wrong}"));
        }
    };
    let Some(finished) = finished_at(observation, status) else {
        return Expiry::Never("finished at an unknown time; not deleted automatically".to_owned());
    };
    let expires = finished.plus_seconds(ttl);
    if expires > observation.now {
        return Expiry::Later { finished, expires };
    }
    match holding(observation, expires) {
        Some(waiting) => Expiry::Waits(waiting),
        None => Expiry::Due {
            finished,
            expires,
            refused: refused(observation),
        },
    }
}

impl Expiry {
    /// What keeps the task although its time has come.
    pub fn waiting(&self) -> Option<&Waiting> {
        match self {
            Expiry::Waits(waiting) => Some(waiting),
            Expiry::Due { refused, .. } => refused.as_ref(),
            _ => None,
        }
    }
}

/// That the API server refuses to delete the task.
fn refused(observation: &Observation<'_>) -> Option<Waiting> {
    let what = "delete this K8ssandraTask".to_owned();
    Refusal::of_task(observation, Operation::Delete)
        .map(|failure| Waiting::DeletionRefused { what, failure })
}

/// The latest of all that ended it, so that what is found out late is kept as long as anything else: completions, the
/// transitions of Complete and Failed, losses, and the time at which the policy took charge of a task that was taken over.
fn finished_at(observation: &Observation<'_>, status: &Recorded) -> Option<Time> {
    let copies = status.datacenters().values();
    let ends = copies.flat_map(|copy| [copy.end, copy.failed_at.filter(|_| copy.is_lost)]);
    let own = [
        status.completion(),
        status.true_since("Complete"),
        status.true_since("Failed"),
        observation
            .task
            .adopted()
            .filter(|_| observation.task.is_taken_over()),
    ];
    ends.chain(own).flatten().max()
}

/// A context that holds one of its CassandraTasks and cannot say so. A context that does not serve the kind has none.
fn holding(observation: &Observation<'_>, expired: Time) -> Option<Waiting> {
    let held = observation
        .datacenters
        .iter()
        .filter(|it| it.copy.is_some());
    let unavailable = held.filter_map(|datacenter| match &datacenter.found {
        Found::Unavailable(why) if why.reason != UnavailableReason::NotServed => Some(why),
        _ => None,
    });
    let why = unavailable.min_by_key(|why| why.context.clone())?;
    Some(Waiting::context(Unknown::Expiry(expired), why))
}
