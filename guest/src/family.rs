//! The task's own CassandraTasks, as the label query found them, and what is known where it found none.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use crate::cassandra_task::CassandraTask;
use crate::cluster::Cluster;
use crate::contract::{Blindness, Sighting};
use crate::progress::Progress;
use crate::resolution::{Place, Resolution};
use crate::targets::{Datacenter, Sight};
use crate::task::Task;
use crate::view::{Answer, Blind, View};
use crate::whereabouts::Whereabouts;

/// The CassandraTasks that belong to a task, wherever they are.
#[derive(Debug)]
pub struct Family<'a> {
    task: &'a Task,
    whereabouts: Whereabouts,
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
            whereabouts: task.metadata.whereabouts(),
            members: seen
                .filter(|child| child.stranger(task).is_none())
                .map(Rc::new)
                .collect(),
            sightings,
        }
    }

    /// The targets, each with what was seen of it.
    pub fn targets(&self, view: View<'_>, resolution: &Resolution) -> Vec<Datacenter<'a>> {
        let target = |place: &Place| {
            let record = self.task.recorded.datacenter(&place.datacenter);
            let found = self.member(place).or_else(|| self.elsewhere(place, record));
            let sight = found.unwrap_or_else(|| self.by_name(view, place));
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
            let members = self.members.iter();
            let found = members.filter(|member| self.datacenter(member) == name);
            let sight = match foremost(found, None) {
                Some(member) => Sight::Found(Rc::clone(member)),
                None => self.absence(cluster, name),
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
    /// be begun again because the cluster now declares another context or namespace. Of several, one that failed or is
    /// still at work counts before the others.
    fn member(&self, place: &Place) -> Option<Sight> {
        let namesakes = self.members.iter().filter(|it| it.name() == place.name);
        let found = foremost(namesakes, Some(place))?;
        Some(Sight::Found(Rc::clone(found)))
    }

    /// What is known of one that was recorded, and created elsewhere than the cluster now declares it: nothing where that
    /// context gives no answer, and where it does that it is gone. One that had not begun may then be created anew.
    fn elsewhere(&self, place: &Place, record: Option<&Value>) -> Option<Sight> {
        let context = self.whereabouts.context(&place.datacenter);
        let context = context.filter(|context| *context != place.context)?;
        let has_begun = Progress::read(record?).has_begun;
        let gone = || {
            let context = context.clone();
            Sight::Absent(Place {
                context,
                ..place.clone()
            })
        };
        match self.blindness(&context) {
            Some(blind) => Some(Sight::Blind(blind)),
            None => has_begun.then(gone),
        }
    }

    /// Why a context gives no answer; `None` if it does.
    fn blindness(&self, context: &Option<String>) -> Option<Blind> {
        let mut sightings = self.sightings.iter();
        match sightings.find(|sighting| sighting.context == *context) {
            Some(sighting) => blind(sighting),
            None => Some(Blind {
                context: context.clone(),
                why: Blindness::Unregistered,
            }),
        }
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

    /// Whether one that was not found is absent: the context it was created in must have answered, or else the one that the
    /// cluster declares; and where nothing says which that is, so that it could be anywhere, every registered one must.
    fn absence(&self, cluster: Option<&Cluster>, name: &str) -> Sight {
        let declared = cluster.and_then(|cluster| cluster.datacenter(name));
        let created = self.whereabouts.context(name);
        let Some(context) = created.or(declared.map(|declared| declared.context.clone())) else {
            let blind = self.sightings.iter().filter_map(blind);
            let registered = blind.filter(|blind| blind.why != Blindness::Unregistered);
            let first = registered.min_by_key(|blind| blind.context.clone());
            return first.map_or(Sight::Nowhere, Sight::Blind);
        };
        let gone = || match declared {
            Some(declared) => Sight::Absent(Place {
                context: context.clone(),
                ..Place::of(self.task, declared)
            }),
            None => Sight::Nowhere,
        };
        self.blindness(&context).map_or_else(gone, Sight::Blind)
    }
}

/// The one that counts of several for a datacenter: one that failed, or is still at work, or is where it should be. The order
/// in which they were seen does not matter.
fn foremost<'m>(
    members: impl Iterator<Item = &'m Rc<CassandraTask>>,
    place: Option<&Place>,
) -> Option<&'m Rc<CassandraTask>> {
    members.min_by_key(|it| {
        let has_failed = it.progress.failure.is_some();
        let is_there = place.is_some_and(|place| it.place(&place.datacenter) == *place);
        let place = (it.context.clone(), it.namespace().to_owned());
        (!has_failed, it.progress.has_ended, !is_there, place)
    })
}

fn blind(sighting: &Sighting) -> Option<Blind> {
    let why = sighting.objects.as_ref().err()?;
    Some(Blind {
        context: sighting.context.clone(),
        why: why.clone(),
    })
}
