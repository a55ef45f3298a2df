//! The decision table: an observation in, a [`Decision`] out. The first rule that matches wins. The third layer: nothing is
//! worded or written here.
//!
//! This file chooses the rule; what a rule means is in the file it names.

pub mod ending;
pub mod sentences;
pub mod sequence;
pub mod standing;
pub mod validation;
pub mod waiting;

use std::collections::BTreeSet;

use sentences::named;
use sequence::{Step, Target};
use waiting::{Refusal, Unknown, Waiting};

use crate::contract::Operation;
use crate::documents::names;
use crate::observation::{ClusterState, Observation};

/// What the table says of a task that is not being deleted.
#[derive(Debug)]
pub struct Decision<'a> {
    pub targets: Vec<Target<'a>>,
    /// Rule 2: it is over, now or as recorded.
    pub is_finished: bool,
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
        observation.task.recorded.is_finished() || ending::is_finished(observation, &targets);
    Decision {
        targets,
        is_finished,
        validity: if is_finished {
            Validity::Valid
        } else {
            validity
        },
        waiting: waiting.filter(|_| !is_finished),
        refused: Refusal::of_task(observation, Operation::PatchMetadata)
            .map(|failure| Waiting::RecordRefused { failure }),
    }
}

/// Rules 3 to 6: whether the specification is valid, and why nothing is created, if so.
fn rules(observation: &Observation<'_>, is_stopped: bool) -> (Validity, Option<Waiting>) {
    // Rule 3, "cluster unknown": nothing is started then, and what was started is aggregated.
    if let ClusterState::Absent(cluster) = &observation.cluster {
        if observation.has_started() {
            let cluster = cluster.clone();
            return (
                Validity::Unknown,
                Some(Waiting::ClusterNotFound { cluster }),
            );
        }
        let problem = format!("unknown K8ssandraCluster {cluster}");
        let waiting = Waiting::InvalidSpec { is_stopped: false };
        return (Validity::Invalid(problem), Some(waiting));
    }
    // Rule 3a, "restored without its status".
    if has_lost_status(observation) {
        let (running, signs) = (still_running(observation), signs(observation));
        let waiting = Waiting::StatusLost { running, signs };
        return (Validity::Unknown, Some(waiting));
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
            let waiting = Waiting::context(Unknown::Cluster(cluster.clone()), why);
            (Validity::Unknown, Some(waiting))
        }
        ClusterState::Known(cluster) => {
            let deleted = cluster.deleted.clone();
            let terminating = deleted.map(|since| Waiting::ClusterTerminating {
                cluster: format!("{}.{}", cluster.namespace, cluster.name),
                since,
            });
            (Validity::Valid, terminating)
        }
        _ => (Validity::Unknown, None),
    }
}

/// Whether the task has run before, and its status was lost: API servers drop the status of an object that is created, as a
/// backup tool does. A record of another task than this one proves it, and so does the tool's label beside our finalizer.
fn has_lost_status(observation: &Observation<'_>) -> bool {
    let task = observation.task;
    let has_signs = task.record.is_some() || (task.is_labelled_restored() && task.has_finalizer());
    task.own_record().is_none() && task.recorded.datacenters().is_empty() && has_signs
}

/// What shows that it has run before, for people.
fn signs(observation: &Observation<'_>) -> Vec<String> {
    let task = observation.task;
    let has = |name: &&str| task.record.is_some() && task.metadata.annotations[*name].is_string();
    let annotations = [names::RECORD, names::CREATED_IN].into_iter().filter(has);
    let annotations = annotations.map(|name| format!("the annotation {name}"));
    let label = format!("the label {}", names::RESTORED_LABEL);
    let label = task.is_labelled_restored().then_some(label);
    annotations.chain(label).collect()
}

/// The CassandraTasks of the task as it was before that still run.
fn still_running(observation: &Observation<'_>) -> Vec<String> {
    let all = observation.foreign.iter().chain(&observation.children);
    let running = all.filter(|child| !child.progress.has_ended);
    let names: BTreeSet<String> = running.map(|child| named(child)).collect();
    names.into_iter().collect()
}

impl Decision<'_> {
    /// The targets whose CassandraTasks are created.
    pub fn creates(&self) -> impl Iterator<Item = &Target<'_>> {
        self.targets.iter().filter(|it| it.step == Step::Create)
    }

    /// What the whole task waits for, the cause of all else first.
    pub fn causes(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().chain(&self.refused)
    }

    /// The datacenters whose create was refused: they are taken out of the record until it is tried again.
    pub fn refused_creates(&self) -> BTreeSet<&str> {
        let is_refused =
            |it: &&Target<'_>| matches!(it.step, Step::Wait(Waiting::CreateRefused { .. }));
        let refused = self.targets.iter().filter(is_refused);
        refused.map(|it| it.datacenter.name.as_str()).collect()
    }
}
