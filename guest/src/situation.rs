//! All that a decision is made from, read and put in order: a snapshot in, a [`Situation`] out, or what must be looked at
//! first.
//!
//! Round one asks for the cluster and for the task's CassandraTasks by their labels, everywhere; round two, once the
//! cluster is known, for each target's CassandraTask by its name, to see a stranger under it.

use std::collections::BTreeSet;

use crate::cassandra_task::CassandraTask;
use crate::cluster::Cluster;
use crate::contract::{Blindness, Failure, ObjectRef, Selector, Sighting, Snapshot};
use crate::sequence::Concurrency;
use crate::settings::Settings;
use crate::targets::{Datacenter, Place, Resolution, Sight};
use crate::task::Task;
use crate::time::Time;
use crate::validation;
use crate::view::{Answer, View};

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
    Blind(String, Blindness),
    /// It is there, but cannot be read: why.
    Unreadable(String),
}

impl ClusterSight {
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
                Err(wrong) => ClusterSight::Unreadable(format!(
                    "K8ssandraCluster {name} cannot be read: {wrong}"
                )),
            },
            Answer::Absent => ClusterSight::Absent(name),
            Answer::Blind(blindness) => ClusterSight::Blind(name, blindness),
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
    pub targets: Vec<Datacenter>,
    /// Datacenters that were recorded or seen, and are no targets.
    pub leftovers: Vec<Datacenter>,
    /// Whether the targets are all the targets for sure.
    pub is_resolved: bool,
    /// What is wrong with the specification (rule 4).
    pub problems: Vec<String>,
}

impl<'a> Situation<'a> {
    /// Reads a snapshot. The error is what must be looked at first.
    pub fn observe(
        settings: &'a Settings,
        snapshot: &'a Snapshot,
        task: &'a Task,
    ) -> Result<Situation<'a>, Vec<Selector>> {
        let view = View::new(&snapshot.observations);
        let reference = task.cluster();
        let children = task.children();
        let round_one = reference
            .as_ref()
            .ok()
            .cloned()
            .map(Selector::Object)
            .into_iter();
        view.require(
            round_one
                .chain(children.clone().map(Selector::Labelled))
                .collect(),
        )?;

        let cluster = ClusterSight::read(view, reference.as_ref().ok());
        let resolution = cluster
            .known()
            .map(|cluster| Resolution::of(task, cluster))
            .unwrap_or_default();
        let round_two = resolution
            .places
            .iter()
            .filter_map(Place::reference)
            .map(Selector::Object);
        view.require(round_two.collect())?;

        let family = Family::read(task, children.map_or(&[], |query| view.labelled(&query)));
        let targets: Vec<Datacenter> = resolution
            .places
            .iter()
            .map(|place| {
                let sight = family
                    .sight(place)
                    .unwrap_or_else(|| sight_by_name(view, task, place));
                Datacenter::target(
                    place.clone(),
                    sight,
                    task.recorded.datacenter(&place.datacenter),
                )
            })
            .collect();
        Ok(Situation {
            settings,
            now: Time::from_millis(snapshot.now),
            failure: snapshot.last_failure.as_ref(),
            concurrency: match &task.spec {
                Ok(spec) => Concurrency::read(spec.dc_concurrency_policy.as_deref()),
                Err(_) => None,
            },
            leftovers: family.leftovers(task, &resolution, cluster.known()),
            is_resolved: resolution.is_sound(),
            problems: validation::problems(settings, task, &cluster, &resolution, &targets),
            targets,
            cluster,
            task,
        })
    }

    /// The targets, then the others.
    pub fn datacenters(&self) -> impl Iterator<Item = &Datacenter> {
        self.targets.iter().chain(&self.leftovers)
    }

    /// Whether any CassandraTask was ever created.
    pub fn has_started(&self) -> bool {
        self.datacenters()
            .any(|datacenter| datacenter.status.is_some())
    }
}

/// The task's own CassandraTasks, as the label query found them, and where it could not look.
struct Family<'a> {
    members: Vec<CassandraTask>,
    sightings: &'a [Sighting],
}

impl<'a> Family<'a> {
    fn read(task: &Task, sightings: &'a [Sighting]) -> Family<'a> {
        let members = sightings
            .iter()
            .flat_map(|sighting| {
                let objects = sighting.objects.as_deref().unwrap_or_default();
                objects
                    .iter()
                    .map(|text| CassandraTask::read(sighting.context.as_deref(), text))
            })
            .filter(|member| member.stranger(task).is_none())
            .collect();
        Family { members, sightings }
    }

    /// The one for a place: the one that is there, or else one of that name elsewhere, since a job that was begun must not
    /// be begun again because the cluster now declares another context or namespace.
    fn sight(&self, place: &Place) -> Option<Sight> {
        let mut namesakes = self
            .members
            .iter()
            .filter(|member| member.name() == place.name);
        let is_there = |member: &&CassandraTask| {
            member.context == place.context && member.namespace() == place.namespace
        };
        let found = namesakes
            .clone()
            .find(is_there)
            .or_else(|| namesakes.next())?;
        Some(Sight::Found(found.clone()))
    }

    /// The datacenters that were seen or recorded, and are no targets.
    fn leftovers(
        &self,
        task: &Task,
        resolution: &Resolution,
        cluster: Option<&Cluster>,
    ) -> Vec<Datacenter> {
        let is_target = |name: &str| {
            resolution
                .places
                .iter()
                .any(|place| place.datacenter == name)
        };
        let seen = self
            .members
            .iter()
            .map(|member| member.datacenter(&task.metadata.name));
        let names: BTreeSet<&str> = seen
            .chain(task.recorded.datacenters())
            .filter(|name| !is_target(name))
            .collect();
        names
            .into_iter()
            .map(|name| {
                let found = self
                    .members
                    .iter()
                    .find(|member| member.datacenter(&task.metadata.name) == name);
                let place = found.map(|member| Place {
                    datacenter: name.to_owned(),
                    context: member.context.clone(),
                    namespace: member.namespace().to_owned(),
                    name: member.name().to_owned(),
                });
                let sight = match (found, cluster) {
                    (Some(member), _) => Sight::Found(member.clone()),
                    (None, Some(cluster)) => self.absence(cluster, name),
                    (None, None) => Sight::Unplaced,
                };
                Datacenter::leftover(name, place, sight, task.recorded.datacenter(name))
            })
            .collect()
    }

    /// Whether one that was not found is absent: its context must have answered, and where the cluster does not declare the
    /// datacenter any more, so that it could be anywhere, every registered one must.
    fn absence(&self, cluster: &Cluster, name: &str) -> Sight {
        if let Some(declared) = cluster.datacenter(name) {
            let context = declared.context.clone();
            return match self
                .sightings
                .iter()
                .find(|sighting| sighting.context == context)
                .map(|s| &s.objects)
            {
                Some(Ok(_)) => Sight::Absent,
                Some(Err(blindness)) => Sight::Blind(context, blindness.clone()),
                None => Sight::Blind(context, Blindness::Unregistered),
            };
        }
        let unreachable = self
            .sightings
            .iter()
            .find_map(|sighting| match &sighting.objects {
                Err(blindness @ Blindness::Unreachable(_)) => {
                    Some((sighting.context.clone(), blindness.clone()))
                }
                _ => None,
            });
        unreachable.map_or(Sight::Absent, |(context, blindness)| {
            Sight::Blind(context, blindness)
        })
    }
}

fn sight_by_name(view: View<'_>, task: &Task, place: &Place) -> Sight {
    let Some(reference) = place.reference() else {
        // Nothing can have that name.
        return Sight::Absent;
    };
    match view.object(&reference) {
        Answer::Absent => Sight::Absent,
        Answer::Blind(blindness) => Sight::Blind(place.context.clone(), blindness),
        Answer::Found(text) => {
            let found = CassandraTask::read(place.context.as_deref(), text);
            match found.stranger(task) {
                Some(owner) => Sight::Stranger(owner),
                None => Sight::Found(found),
            }
        }
    }
}
