//! The task's own CassandraTasks, as the label query found them, and what is known where it found none.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::cassandra_task::CassandraTask;
use crate::cluster::Cluster;
use crate::contract::{Blindness, Sighting};
use crate::progress::Progress;
use crate::resolution::{Place, Resolution};
use crate::targets::{Datacenter, Sight};
use crate::task::Task;
use crate::view::{Answer, Blind, View};

/// The CassandraTasks that belong to a task, wherever they are.
#[derive(Debug)]
pub struct Family<'a> {
    task: &'a Task,
    members: Vec<Rc<CassandraTask>>,
    sightings: &'a [Sighting],
}

impl<'a> Family<'a> {
    /// Reads the answers to the label query.
    pub fn read(task: &'a Task, sightings: &'a [Sighting]) -> Family<'a> {
        let seen = sightings.iter().flat_map(|sighting| {
            let objects = sighting.objects.as_deref().unwrap_or_default();
            objects
                .iter()
                .map(|text| CassandraTask::read(sighting.context.as_deref(), text))
        });
        Family {
            task,
            members: seen
                .filter(|child| child.stranger(task).is_none())
                .map(Rc::new)
                .collect(),
            sightings,
        }
    }

    /// The targets, each with what was seen of it.
    pub fn targets(
        &self,
        view: View<'_>,
        resolution: &Resolution,
        cluster: Option<&Cluster>,
    ) -> Vec<Datacenter<'a>> {
        let target = |place: &Place| {
            let record = self.task.recorded.datacenter(&place.datacenter);
            let has_begun = record.is_some_and(|record| Progress::read(record).has_begun);
            let by_name = || match self.by_name(view, place) {
                Sight::Absent(_) if has_begun => {
                    self.moved(cluster).unwrap_or(Sight::Absent(place.clone()))
                }
                sight => sight,
            };
            let sight = self.member(place).unwrap_or_else(by_name);
            Datacenter::target(&place.datacenter, sight, record)
        };
        resolution.places.iter().map(target).collect()
    }

    /// The datacenters that were seen or recorded, and are no targets.
    pub fn leftovers(
        &self,
        resolution: &Resolution,
        cluster: Option<&Cluster>,
    ) -> Vec<Datacenter<'a>> {
        let is_target = |name: &str| resolution.places.iter().any(|it| it.datacenter == name);
        let seen = self.members.iter().map(|member| self.datacenter(member));
        let names: BTreeSet<&str> = seen
            .chain(self.task.recorded.datacenters())
            .filter(|name| !is_target(name))
            .collect();
        let leftover = |name: &str| {
            let found = self
                .members
                .iter()
                .find(|member| self.datacenter(member) == name);
            let sight = match (found, cluster) {
                (Some(member), _) => Sight::Found(Rc::clone(member)),
                (None, Some(cluster)) => self.absence(cluster, name),
                (None, None) => Sight::Unplaced,
            };
            let record = self.task.recorded.datacenter(name);
            if resolution.is_sound() {
                Datacenter::dropped(name, sight, record)
            } else {
                // Nobody can say that it is no target: what is wrong with the list may be its name.
                Datacenter::target(name, sight, record)
            }
        };
        names.into_iter().map(leftover).collect()
    }

    fn datacenter<'m>(&self, member: &'m CassandraTask) -> &'m str {
        member.datacenter(&self.task.metadata.name)
    }

    /// The one for a place: the one that is there, or else one of that name elsewhere, since a job that was begun must not
    /// be begun again because the cluster now declares another context or namespace.
    fn member(&self, place: &Place) -> Option<Sight> {
        let namesakes = || self.members.iter().filter(|it| it.name() == place.name);
        let there = namesakes().find(|it| it.place(&place.datacenter) == *place);
        let found = there.or_else(|| namesakes().next())?;
        Some(Sight::Found(Rc::clone(found)))
    }

    /// Where else one may be that had begun and is not where the cluster declares it: in a context that does not answer and
    /// that the cluster does not name any more, since it may have named it when the job began.
    fn moved(&self, cluster: Option<&Cluster>) -> Option<Sight> {
        let is_declared = |context: &Option<String>| {
            let mut declared = cluster.iter().flat_map(|cluster| &cluster.datacenters);
            declared.any(|declared| declared.context == *context)
        };
        let mut blind = self.sightings.iter().filter_map(blind);
        let elsewhere = |it: &Blind| it.why != Blindness::Unregistered && !is_declared(&it.context);
        blind.find(elsewhere).map(Sight::Blind)
    }

    /// What the question by name has: a stranger perhaps, or no answer.
    fn by_name(&self, view: View<'_>, place: &Place) -> Sight {
        let Some(reference) = place.reference() else {
            // Nothing can have that name.
            return Sight::Absent(place.clone());
        };
        match view.object(&reference) {
            Answer::Absent => Sight::Absent(place.clone()),
            Answer::Blind(blind) => Sight::Blind(blind),
            Answer::Found(text) => {
                let found = CassandraTask::read(place.context.as_deref(), text);
                match found.stranger(self.task) {
                    Some(owner) => Sight::Stranger(place.clone(), owner),
                    None => Sight::Found(Rc::new(found)),
                }
            }
        }
    }

    /// Whether one that was not found is absent: its context must have answered, and where the cluster does not declare the
    /// datacenter any more, so that it could be anywhere, every registered one must.
    fn absence(&self, cluster: &Cluster, name: &str) -> Sight {
        let mut sightings = self.sightings.iter();
        let Some(declared) = cluster.datacenter(name) else {
            let blind = sightings
                .filter_map(blind)
                .find(|blind| blind.why != Blindness::Unregistered);
            return blind.map_or(Sight::Nowhere, Sight::Blind);
        };
        let context = &declared.context;
        let unregistered = || Blind {
            context: context.clone(),
            why: Blindness::Unregistered,
        };
        match sightings.find(|sighting| sighting.context == *context) {
            None => Sight::Blind(unregistered()),
            Some(sighting) => blind(sighting).map_or_else(
                || Sight::Absent(Place::of(self.task, declared)),
                Sight::Blind,
            ),
        }
    }
}

fn blind(sighting: &Sighting) -> Option<Blind> {
    let why = sighting.objects.as_ref().err()?;
    Some(Blind {
        context: sighting.context.clone(),
        why: why.clone(),
    })
}
