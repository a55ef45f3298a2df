//! All that a decision is made from, read and put in order: a snapshot in, a [`Situation`] out, or what must be looked at
//! first.
//!
//! Round one asks for the cluster and for the task's CassandraTasks by their labels, everywhere; round two, once the
//! cluster is known, for each target's CassandraTask by its name, to see a stranger under it.

use serde_json::{Map, Value};

use crate::cluster::Cluster;
use crate::contract::{Failure, ObjectRef, Selector, Snapshot};
use crate::family::Family;
use crate::resolution::{Place, Resolution};
use crate::sequence::Concurrency;
use crate::settings::Settings;
use crate::status::CANCELLED;
use crate::targets::Datacenter;
use crate::task::{Spec, Task};
use crate::time::Time;
use crate::validation;
use crate::view::{Answer, Blind, View};

/// What is known of the cluster.
#[derive(Debug)]
pub enum ClusterSight {
    /// The task does not say which it is, or says it wrongly.
    Unasked,
    /// It is there.
    Known(Cluster),
    /// There is none of that name; which, as `namespace.name`.
    Absent(String),
    /// There is no answer.
    Blind(String, Blind),
    /// There is one that cannot be used: why.
    Unusable(String),
}

impl ClusterSight {
    /// What the view has on the one that a task is for. A task that has begun stays with the one it began with: what is
    /// recorded of a datacenter says nothing of another cluster's of that name.
    pub fn of(task: &Task, view: View<'_>, reference: Option<&ObjectRef>) -> ClusterSight {
        match (task.other_owner(), reference) {
            (Some(owner), Some(reference)) if task.recorded.has_begun() => {
                ClusterSight::Unusable(format!(
                    "spec.cluster.name was {owner} when the task began, and is {} now: put it back, or create another task",
                    reference.name
                ))
            }
            _ => ClusterSight::read(view, reference),
        }
    }

    /// What the view has on it.
    pub fn read(view: View<'_>, reference: Option<&ObjectRef>) -> ClusterSight {
        let Some(reference) = reference else {
            return ClusterSight::Unasked;
        };
        let name = format!(
            "{}.{}",
            reference.namespace.as_deref().unwrap_or_default(),
            reference.name
        );
        match view.object(reference) {
            Answer::Found(text) => match Cluster::read(text) {
                Ok(cluster) => ClusterSight::Known(cluster),
                Err(wrong) => ClusterSight::Unusable(format!(
                    "K8ssandraCluster {name} cannot be read: {wrong}"
                )),
            },
            Answer::Absent => ClusterSight::Absent(name),
            Answer::Blind(blind) => ClusterSight::Blind(name, blind),
        }
    }

    /// The cluster, where it is known.
    pub fn known(&self) -> Option<&Cluster> {
        match self {
            ClusterSight::Known(cluster) => Some(cluster),
            _ => None,
        }
    }
}

/// All that a decision is made from.
#[derive(Debug)]
pub struct Situation<'a> {
    /// The policy's settings.
    pub settings: &'a Settings,
    /// The moment of the decision.
    pub now: Time,
    /// What went wrong with the last plan.
    pub failure: Option<&'a Failure>,
    /// The primary.
    pub task: &'a Task,
    /// Its cluster.
    pub cluster: ClusterSight,
    /// `dcConcurrencyPolicy`; `None` if it is neither of the two.
    pub concurrency: Option<Concurrency>,
    /// The targets, in their order.
    pub targets: Vec<Datacenter<'a>>,
    /// Datacenters that were recorded or seen, and are no targets.
    pub leftovers: Vec<Datacenter<'a>>,
    /// Whether the targets are all the targets for sure.
    pub is_resolved: bool,
    /// The model for the CassandraTasks, or what is wrong with the specification (rule 4).
    pub template: Result<&'a Map<String, Value>, String>,
}

impl<'a> Situation<'a> {
    /// Reads a snapshot. The error is what must be looked at first.
    pub fn observe(
        settings: &'a Settings,
        snapshot: &'a Snapshot,
        task: &'a Task,
    ) -> Result<Situation<'a>, Vec<Selector>> {
        let view = View::new(&snapshot.observations);
        let reference = task.cluster().ok();
        let children = task.children();
        let by_name = reference.clone().map(Selector::Object);
        let by_labels = children.clone().map(Selector::Labelled);
        view.require(by_name.into_iter().chain(by_labels).collect())?;

        let cluster = ClusterSight::of(task, view, reference.as_ref());
        let resolve = |cluster| Resolution::of(task, cluster);
        let resolution = cluster.known().map(resolve).unwrap_or_default();
        let by_name = resolution.places.iter().filter_map(Place::reference);
        view.require(by_name.map(Selector::Object).collect())?;

        let sightings = children.map_or(&[][..], |query| view.labelled(&query));
        let family = Family::read(task, sightings);
        let targets = family.targets(view, &resolution);
        Ok(Situation {
            settings,
            now: Time::from_millis(snapshot.now),
            failure: snapshot.last_failure.as_ref(),
            concurrency: task.spec.as_ref().ok().and_then(Spec::concurrency),
            leftovers: family.leftovers(&resolution, cluster.known()),
            is_resolved: resolution.is_sound(),
            template: validation::template(settings, task, &cluster, &resolution, &targets),
            targets,
            cluster,
            task,
        })
    }

    /// The targets, then the others.
    pub fn datacenters(&self) -> impl Iterator<Item = &Datacenter<'a>> {
        self.targets.iter().chain(&self.leftovers)
    }

    /// Whether a datacenter has failed, now or as recorded: what failed stays failed, even if it is not seen to by now.
    pub fn has_failed(&self) -> bool {
        self.task.recorded.has_failed() || self.datacenters().any(Datacenter::has_failed)
    }

    /// Whether a failure cancels what has not begun. That it did so is final, whatever the policy is by now.
    pub fn is_stopped(&self) -> bool {
        let is_cancelled = self.task.recorded.is_true_because("Failed", CANCELLED);
        is_cancelled || (self.concurrency == Some(Concurrency::Forbid) && self.has_failed())
    }

    /// Whether any CassandraTask was ever to be created, as far as one can tell without the cluster: nothing is a target then.
    pub fn has_started(&self) -> bool {
        !self.leftovers.is_empty()
    }
}
