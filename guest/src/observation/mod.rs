//! What a decision is made from, read and put in order: a snapshot in, an [`Observation`] out, or what must be observed
//! first. The second layer: it compares documents, and decides nothing.
//!
//! First the cluster and the CassandraTasks by the task's labels, everywhere; then, once the cluster is known, by its name
//! each CassandraTask that is not among those and is not over, to see a foreign object under its name.

pub mod answers;
mod children;
pub mod datacenter;
pub mod targets;

use std::collections::BTreeMap;
use std::rc::Rc;

use answers::{Answers, Unavailable};
use children::Children;
use datacenter::{Datacenter, State};
use targets::{Place, Relation, Targets, relation};

use crate::contract::{Failure, ObjectRef, Operation, Selector, Snapshot, UnavailableReason};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::Cluster;
use crate::documents::record::Identity;
use crate::documents::settings::Settings;
use crate::documents::task::Task;
use crate::documents::time::Time;

#[derive(Debug)]
pub enum ClusterState {
    /// The task does not name one.
    NotNamed,
    Known(Cluster),
    /// There is one of that name, and it is not the one that the task was started for.
    Replaced(Identity),
    Absent(String),
    /// The control plane cannot say.
    Unavailable(String, Unavailable),
    /// There is one that cannot be read: why.
    Unreadable(String),
}

#[derive(Debug)]
pub struct Observation<'a> {
    pub settings: &'a Settings,
    pub now: Time,
    /// What has failed, and not succeeded since.
    pub failures: &'a [Failure],
    failed: BTreeMap<(&'a ObjectRef, Operation), &'a Failure>,
    pub task: &'a Task,
    pub cluster: ClusterState,
    /// What does not resolve of its list of datacenters, and what does.
    pub targets: Targets,
    /// The targets in their order, then the former ones.
    pub datacenters: Vec<Datacenter>,
    /// When the last datacenter ended that has.
    pub latest_end: Option<Time>,
    pub children: Vec<Rc<CassandraTask>>,
    /// Those with its labels that do not.
    pub foreign: Vec<Rc<CassandraTask>>,
    /// Those of them that a second controller has created since the policy took charge.
    pub conflicting: Vec<Rc<CassandraTask>>,
    pub observes: Vec<Selector>,
}

impl<'a> Observation<'a> {
    pub fn read(
        settings: &'a Settings,
        snapshot: &'a Snapshot,
        task: &'a Task,
    ) -> Result<Observation<'a>, Vec<Selector>> {
        let answers = Answers::new(&snapshot.observations);
        let reference = task.cluster();
        let by_name = reference.clone().map(Selector::Object);
        let by_labels = task.children().map(Selector::Labels);
        let mut observes: Vec<Selector> = by_name.into_iter().chain(by_labels.clone()).collect();
        answers.require(&observes)?;

        let cluster = ClusterState::of(task, &answers, reference.as_ref());
        let known = cluster.known();
        let targets = known.map_or_else(Targets::default, |it| Targets::of(task, it));
        let results = by_labels.map_or(&[][..], |selector| answers.results(&selector));
        let mut children = Children::read(task, known, &answers, results);
        let places = children.unseen(&targets);
        let possible = places.iter().filter(|place| place.is_possible());
        let named: Vec<Selector> = possible
            .map(|it| Selector::Object(it.reference()))
            .collect();
        answers.require(&named)?;
        observes.extend(named);
        children.add_named(&places);

        let datacenters = children.datacenters(&targets);
        let (own, foreign) = (children.own, children.foreign);
        let conflicting = children.conflicting;
        let now = Time::from_millis(snapshot.now);
        let failures = snapshot.failures.iter();
        let ends = datacenters.iter().filter_map(|it| it.progress.end);
        Ok(Observation {
            settings,
            now,
            latest_end: ends.filter(|end| *end <= now).max(),
            failures: &snapshot.failures,
            failed: failures
                .map(|it| ((&it.object, it.operation), it))
                .collect(),
            task,
            cluster,
            targets,
            datacenters,
            children: own.into_values().flatten().collect(),
            foreign,
            conflicting,
            observes,
        })
    }

    /// The targets: where the cluster is not known, none.
    pub fn targets(&self) -> impl Iterator<Item = &Datacenter> {
        self.datacenters.iter().take(self.targets.places.len())
    }

    /// Whether a datacenter has failed, now or as recorded: what failed stays failed.
    pub fn has_failed(&self) -> bool {
        self.task.recorded.is_true("Failed") || self.datacenters.iter().any(Datacenter::has_failed)
    }

    pub fn failure(&self, operation: Operation, object: &ObjectRef) -> Option<&'a Failure> {
        self.failed.get(&(object, operation)).copied()
    }

    /// Whether an object is one that a second controller has created, and at work.
    pub fn is_conflict_at_work(&self, object: &CassandraTask) -> bool {
        !object.progress.has_ended
            && relation(self.task, self.cluster.known(), object) == Relation::Conflicting
    }

    /// The datacenters whose CassandraTasks may start while their contexts are unavailable: as far as is known they were created, or
    /// another controller, which creates before it records, may have created them.
    pub fn unobserved(&self) -> impl Iterator<Item = &Datacenter> {
        let has_failed = |it: &Datacenter| {
            let place = it.place.as_ref().map(Place::reference);
            place.is_some_and(|place| self.failure(Operation::Create, &place).is_some())
        };
        self.datacenters.iter().filter(move |it| match it.state {
            State::Running => {
                !it.progress.has_started && self.task.has_recorded(&it.name) && !has_failed(it)
            }
            State::Pending => self.may_be_anothers(it),
            _ => false,
        })
    }

    /// Whether another controller may have created its CassandraTask, and it was not observed since the policy took charge.
    pub fn may_be_anothers(&self, datacenter: &Datacenter) -> bool {
        let is_adopted = self.task.own_record().is_some();
        let unavailable = datacenter.found.unavailable();
        unavailable.is_some_and(|why| why.reason != UnavailableReason::NotRegistered)
            && self.task.is_taken_over()
            && self.task.children().is_some()
            && (!is_adopted || self.task.is_unobserved(&datacenter.name))
    }

    /// Whether a CassandraTask was ever to be created.
    pub fn has_started(&self) -> bool {
        self.task.has_started() || !self.children.is_empty()
    }
}

impl ClusterState {
    fn of(task: &Task, answers: &Answers<'_>, reference: Option<&ObjectRef>) -> ClusterState {
        let Some(reference) = reference else {
            return ClusterState::NotNamed;
        };
        let name = format!("{}.{}", task.metadata.namespace, reference.name);
        match answers.object(reference) {
            Ok(Some(text)) => match Cluster::read(text) {
                Ok(cluster) => ClusterState::known_or_replaced(task, cluster),
                Err(wrong) => {
                    let wrong = format!("K8ssandraCluster {name} cannot be read: {wrong}");
                    ClusterState::Unreadable(wrong)
                }
            },
            Ok(None) => ClusterState::Absent(name),
            Err(unavailable) => ClusterState::Unavailable(name, unavailable),
        }
    }

    /// A task stays with the cluster that it was started for: what is recorded of a datacenter says nothing of another's.
    fn known_or_replaced(task: &Task, cluster: Cluster) -> ClusterState {
        let is_another =
            |it: &Identity| !it.uid.is_empty() && !cluster.uid.is_empty() && it.uid != cluster.uid;
        match task.started_cluster().filter(is_another) {
            Some(recorded) => ClusterState::Replaced(recorded),
            None => ClusterState::Known(cluster),
        }
    }

    pub fn known(&self) -> Option<&Cluster> {
        match self {
            ClusterState::Known(cluster) => Some(cluster),
            _ => None,
        }
    }
}
