//! Rule 1, "being deleted": a task takes its CassandraTasks with it, and goes when they are gone (cluster-tasks, Ownerships and
//! cascade deletion), whatever the cluster and the list of datacenters say by then.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::waiting::{DEADLINE_SECONDS, Refusal, Waiting};
use super::{is_refused, refusals};
use crate::contract::{Deletion, Operation, UnavailableReason};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::names;
use crate::documents::time::Time;
use crate::observation::answers::{Unavailable, context_name};
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
pub fn decide(observation: &Observation<'_>) -> Removal {
    if !observation.task.has_finalizer() {
        return Removal::NotOurs;
    }
    let blocks = blocks(observation);
    if observation.children.is_empty() && blocks.is_empty() {
        return Removal::Done {
            left_behind: left_behind(observation),
            refused: refusals(observation, Operation::PatchMetadata)
                .next()
                .map(|failure| Waiting::DeletionRefused {
                    what: "remove the finalizer".to_owned(),
                    failure: Refusal::of(failure),
                }),
        };
    }
    Removal::Waiting {
        deletions: deletions(observation),
        waiting: blocks.into_iter().chain(remaining(observation)).collect(),
        is_status_first: is_status_first(observation),
    }
}

/// The deletions, those that have failed last, the longest ago first, so that none keeps the others from being tried.
fn deletions(observation: &Observation<'_>) -> Vec<Deletion> {
    let children = observation
        .children
        .iter()
        .filter(|child| !child.is_being_deleted());
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
    let last = observation
        .failures
        .iter()
        .max_by_key(|failure| (failure.last, failure.operation == Operation::Delete));
    last.is_some_and(|failure| failure.operation == Operation::Delete)
}

/// What is said of the CassandraTasks that are still there.
fn remaining(observation: &Observation<'_>) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for child in &observation.children {
        waiting.push(match child.deletion() {
            Some(_) => Waiting::DeletionTerminating {
                child: named(child),
                since: child.deleted(),
                finalizers: child.finalizers().map(str::to_owned).collect(),
            },
            None => Waiting::DeletionNameless {
                context: context_name(child.context.as_deref()),
            },
        });
        let failed = observation.failure(Operation::Delete, &child.reference());
        let refused = failed.filter(|failure| is_refused(failure));
        waiting.extend(refused.map(|failure| Waiting::DeletionRefused {
            what: format!("delete CassandraTask {}", named(child)),
            failure: Refusal::of(failure),
        }));
    }
    waiting
}

/// The contexts where a CassandraTask of the task is recorded or was seen, and that give no answer: unless the user has given
/// them up, or they serve no CassandraTasks, or they are not registered any more and what is there is over.
fn blocks(observation: &Observation<'_>) -> Vec<Waiting> {
    let mut contexts = BTreeSet::new();
    let mut blocks = Vec::new();
    for (datacenter, why) in unanswered(observation) {
        let is_left = why.reason == UnavailableReason::NotRegistered && is_over(datacenter);
        if why.reason == UnavailableReason::NotServed
            || is_left
            || !contexts.insert(why.context.clone())
        {
            continue;
        }
        blocks.push(Waiting::DeletionUnavailable {
            child: child_name(observation, datacenter),
            why: why.clone(),
        });
    }
    blocks.extend(unclear(observation));
    blocks
}

/// A task that another controller started has CassandraTasks without our mark. While its cluster cannot be read, nobody can say
/// whether those that are not recorded belong to it.
fn unclear(observation: &Observation<'_>) -> Option<Waiting> {
    let task = observation.task;
    let why = match &observation.cluster {
        ClusterState::Unreadable(wrong) => wrong.clone(),
        ClusterState::Unavailable(cluster, why) => {
            let is_given_up = task.abandoned().contains(&None);
            if why.reason == UnavailableReason::NotServed || is_given_up {
                return None;
            }
            let remedy = why.remedy();
            format!(
                "cannot read K8ssandraCluster {cluster}: {why}; {remedy}, or annotate the task with {}={} to leave it there",
                names::ABANDON,
                names::CONTROL_PLANE
            )
        }
        _ => return None,
    };
    let may_belong =
        |child: &&Rc<CassandraTask>| child.created_for().is_none() && is_of_this_task(task, child);
    let unmarked = observation.foreign.iter().filter(may_belong);
    let children: Vec<String> = unmarked.map(|child| named(child)).collect();
    let is_unclear = task.is_taken_over() && !children.is_empty();
    is_unclear.then_some(Waiting::DeletionUnclear { children, why })
}

/// The datacenters whose context cannot say whether their CassandraTask is there: those that are recorded, and those that another
/// controller may have created before it recorded them.
fn unanswered<'a>(
    observation: &'a Observation<'_>,
) -> impl Iterator<Item = (&'a Datacenter, &'a Unavailable)> {
    observation.datacenters.iter().filter_map(|datacenter| {
        let Found::Unavailable(why) = &datacenter.found else {
            return None;
        };
        let may_be_there = observation.task.has_recorded(&datacenter.name)
            || observation.may_be_anothers(datacenter);
        may_be_there.then_some((datacenter, why))
    })
}

fn is_over(datacenter: &Datacenter) -> bool {
    matches!(datacenter.state, State::Done | State::Failed | State::Lost)
}

/// What stays behind when the task goes: objects with its labels that do not belong to it, and what is in contexts that were given
/// up or are not registered any more.
fn left_behind(observation: &Observation<'_>) -> Vec<String> {
    let foreign = observation.foreign.iter().chain(&observation.conflicting);
    let foreign = foreign.map(|child| {
        format!(
            "CassandraTask {} (not managed by this K8ssandraTask)",
            named(child)
        )
    });
    let given_up = observation
        .datacenters
        .iter()
        .filter(|it| observation.task.has_recorded(&it.name));
    let given_up = given_up.filter_map(|datacenter| match &datacenter.found {
        Found::Abandoned(why) => Some(format!(
            "CassandraTask {} ({why})",
            child_name(observation, datacenter)
        )),
        Found::Unavailable(why) if why.reason == UnavailableReason::NotRegistered => Some(format!(
            "CassandraTask {} ({why})",
            child_name(observation, datacenter)
        )),
        _ => None,
    });
    given_up.chain(foreign).collect()
}

fn child_name(observation: &Observation<'_>, datacenter: &Datacenter) -> String {
    let unknown = || format!("{}-{}", observation.task.metadata.name, datacenter.name);
    datacenter
        .place
        .as_ref()
        .map_or_else(unknown, Place::to_string)
}

/// A CassandraTask that was observed, for people.
pub fn named(child: &CassandraTask) -> String {
    let context = child
        .context
        .as_deref()
        .map(|name| format!(" in {}", context_name(Some(name))));
    format!(
        "{}.{}{}",
        child.namespace(),
        child.name(),
        context.unwrap_or_default()
    )
}

/// When one that is being deleted has been so for long, although nothing changes.
pub fn deadline(observation: &Observation<'_>) -> Option<Time> {
    let since = observation
        .children
        .iter()
        .filter_map(|child| child.deleted());
    let deadlines = since.map(|since| since.plus_seconds(DEADLINE_SECONDS));
    deadlines
        .filter(|deadline| *deadline > observation.now)
        .min()
}

/// The patch that removes our finalizer, and leaves those of others.
pub fn without_finalizer(finalizers: &[String]) -> Vec<&str> {
    finalizers
        .iter()
        .map(String::as_str)
        .filter(|name| *name != names::FINALIZER)
        .collect()
}
