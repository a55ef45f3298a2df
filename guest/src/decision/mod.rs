//! The decision table: an observation in, a [`Decision`] out. The first rule that matches wins. The third layer: nothing is
//! worded or written here.
//!
//! This file chooses the rule; what a rule means is in the file it names.

pub mod deletion;
pub mod finish;
mod job;
pub mod pods;
pub mod sentences;
pub mod sequence;
pub mod standing;
pub mod validation;
pub mod waiting;

use std::collections::BTreeSet;

use sequence::{Step, Target};
use waiting::{Refusal, Waiting};

use crate::contract::{Failure, FailureClass, Operation};
use crate::documents::names;
use crate::observation::{ClusterState, Observation};

/// What the table says.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The targets, and what is done about each.
    pub targets: Vec<Target<'a>>,
    /// Rule 2: it is over, now or as recorded.
    pub is_finished: bool,
    /// Whether the specification is valid.
    pub validity: Validity,
    /// Why nothing is created.
    pub waiting: Option<Waiting>,
    /// That the API server refuses the record, without which nothing is created.
    pub refused: Option<Waiting>,
}

/// What is said of the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// It is invalid: why.
    Invalid(String),
    /// It is valid, or does not matter any more.
    Valid,
    /// Nobody can say: what was recorded stays.
    Unknown,
}

/// Decides for a task that is not being deleted.
pub fn decide<'a>(observation: &'a Observation<'_>) -> Decision<'a> {
    let is_stopped = sequence::is_stopped(observation);
    let (validity, waiting) = rules(observation, is_stopped);
    let targets = sequence::targets(observation, waiting.is_none(), is_stopped);
    // Rule 2, "finished", comes before the others.
    let is_finished =
        observation.task.recorded.is_finished() || finish::is_finished(observation, &targets);
    Decision {
        validity: if is_finished {
            Validity::Valid
        } else {
            validity
        },
        waiting: waiting.filter(|_| !is_finished),
        refused: refusals(observation, Operation::PatchMetadata)
            .next()
            .map(|failure| Waiting::RecordRefused {
                failure: Refusal::of(failure),
            }),
        targets,
        is_finished,
    }
}

/// Rules 3 to 6: whether the specification is valid, and why nothing is created, if so.
fn rules(observation: &Observation<'_>, is_stopped: bool) -> (Validity, Option<Waiting>) {
    // Rule 3, "cluster unknown".
    if let ClusterState::Absent(cluster) = &observation.cluster {
        return cluster_absent(observation, cluster);
    }
    // Rule 3a, "restored without its status".
    if has_lost_status(observation) {
        return (
            Validity::Unknown,
            Some(Waiting::StatusLost {
                running: still_running(observation),
                signs: signs(observation),
            }),
        );
    }
    // Rule 4, "specification invalid".
    let problems = validation::problems(observation, is_stopped);
    if !problems.is_empty() {
        let waiting = Waiting::InvalidSpec { is_stopped };
        return (Validity::Invalid(problems.join("; ")), Some(waiting));
    }
    // Rules 5, "not yet adopted", and 6, "otherwise", need the cluster.
    match &observation.cluster {
        ClusterState::Unavailable(cluster, why) => {
            let (cluster, why) = (cluster.clone(), why.clone());
            (
                Validity::Unknown,
                Some(Waiting::ClusterUnavailable { cluster, why }),
            )
        }
        ClusterState::Known(cluster) => {
            let named = format!("{}.{}", cluster.namespace, cluster.name);
            let terminating = cluster
                .deleted
                .clone()
                .map(|since| Waiting::ClusterTerminating {
                    cluster: named,
                    since,
                });
            (Validity::Valid, terminating)
        }
        _ => (Validity::Unknown, None),
    }
}

/// What an API server has refused, and not done since.
fn refusals<'a>(
    observation: &'a Observation<'_>,
    operation: Operation,
) -> impl Iterator<Item = &'a Failure> {
    observation
        .failures
        .iter()
        .filter(|failure| is_refused(failure))
        .filter(move |failure| failure.operation == operation)
}

/// Whether an API server has refused it.
pub fn is_refused(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Refused | FailureClass::Denied)
}

/// Nothing is started then, and what was started is aggregated.
fn cluster_absent(observation: &Observation<'_>, cluster: &str) -> (Validity, Option<Waiting>) {
    if observation.has_started() {
        let cluster = cluster.to_owned();
        return (
            Validity::Unknown,
            Some(Waiting::ClusterNotFound { cluster }),
        );
    }
    let waiting = Waiting::InvalidSpec { is_stopped: false };
    (
        Validity::Invalid(format!("unknown K8ssandraCluster {cluster}")),
        Some(waiting),
    )
}

/// Whether the task has run before, and its status was lost: API servers drop the status of an object that is created, as a
/// backup tool does. A record of another task than this one proves it, and so does the tool's label beside our finalizer.
fn has_lost_status(observation: &Observation<'_>) -> bool {
    let task = observation.task;
    let is_restored = task.record.is_some() && task.own_record().is_none();
    let is_labelled =
        task.own_record().is_none() && task.is_labelled_restored() && task.has_finalizer();
    task.recorded.datacenters().is_empty() && (is_restored || is_labelled)
}

/// What shows that it has run before, for people.
fn signs(observation: &Observation<'_>) -> Vec<String> {
    let task = observation.task;
    let annotations = [names::RECORD, names::CREATED_IN]
        .into_iter()
        .filter(|name| task.record.is_some() && task.metadata.annotations[*name].is_string());
    let annotations = annotations.map(|name| format!("the annotation {name}"));
    let label = task
        .is_labelled_restored()
        .then(|| format!("the label {}", names::RESTORED_LABEL));
    annotations.chain(label).collect()
}

/// The CassandraTasks of the task as it was before that still run.
fn still_running(observation: &Observation<'_>) -> Vec<String> {
    let all = observation.foreign.iter().chain(&observation.children);
    let running = all.filter(|child| !child.progress.has_ended);
    running.map(|child| deletion::named(child)).collect()
}

impl Decision<'_> {
    /// The targets whose CassandraTasks are created.
    pub fn creates(&self) -> impl Iterator<Item = &Target<'_>> {
        self.targets
            .iter()
            .filter(|target| matches!(target.step, Step::Create(_)))
    }

    /// The datacenters whose create was refused: they are taken out of the record until it is tried again.
    pub fn refused(&self) -> BTreeSet<&str> {
        let refused = self
            .targets
            .iter()
            .filter(|it| matches!(it.step, Step::Wait(Waiting::CreateRefused { .. })));
        refused.map(|it| it.datacenter.name.as_str()).collect()
    }
}

/// Whether a task that has finished must be adopted all the same: it has CassandraTasks to delete, or another controller has
/// finished it, and its TTL counts from when the policy took charge.
pub fn adopts_finished(observation: &Observation<'_>) -> bool {
    !observation.children.is_empty()
        || (observation.task.own_record().is_none() && observation.task.is_taken_over())
}
