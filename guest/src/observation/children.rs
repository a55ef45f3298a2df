//! The CassandraTasks of a task, as they were observed, and what is known of each datacenter from them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::answers::{Answer, Answers, Unavailable, unavailable};
use super::datacenter::{Datacenter, Evidence, Found, preferred};
use super::ownership::{Relation, is_of_this_task, relation};
use super::targets::{Place, Targets};
use crate::contract::{ContextResult, ObjectRef, UnavailableReason};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::Cluster;
use crate::documents::task::Task;

const KIND: &str = "CassandraTask";

/// The CassandraTasks that were observed, and what they are found by.
pub struct Children<'a> {
    task: &'a Task,
    /// Those that belong to it, by datacenter.
    pub own: BTreeMap<String, Vec<Rc<CassandraTask>>>,
    /// Those with its labels that do not.
    pub foreign: Vec<Rc<CassandraTask>>,
    /// Those of a second controller.
    pub conflicting: Vec<Rc<CassandraTask>>,
    /// All that were read, and from what: each is read once, however often it was observed.
    read: BTreeMap<ObjectRef, (&'a str, Rc<CassandraTask>)>,
    contexts: BTreeMap<Option<&'a str>, &'a ContextResult>,
    /// What is to be said where nothing says where a CassandraTask is.
    anywhere: OnceCell<Found>,
    abandoned: BTreeSet<Option<&'a str>>,
}

impl<'a> Children<'a> {
    /// Reads the results of the label query. The cluster is the task's own, where it is known.
    pub fn read(
        task: &'a Task,
        cluster: Option<&Cluster>,
        contexts: &'a [ContextResult],
    ) -> Children<'a> {
        let mut children = Children {
            task,
            own: BTreeMap::new(),
            foreign: Vec::new(),
            conflicting: Vec::new(),
            read: BTreeMap::new(),
            contexts: contexts
                .iter()
                .map(|result| (result.context.as_deref(), result))
                .collect(),
            anywhere: OnceCell::new(),
            abandoned: task.abandoned(),
        };
        for result in contexts {
            for text in result.objects.as_deref().unwrap_or_default() {
                let child = Rc::new(CassandraTask::read(result.context.as_deref(), text));
                let known = (text.as_str(), Rc::clone(&child));
                children.read.insert(child.reference(), known);
                children.add(cluster, child);
            }
        }
        children
    }

    fn add(&mut self, cluster: Option<&Cluster>, child: Rc<CassandraTask>) {
        match relation(self.task, cluster, &child) {
            Relation::Own => {
                let datacenter = child.datacenter(&self.task.metadata.name).to_owned();
                self.own.entry(datacenter).or_default().push(child);
            }
            Relation::Conflicting => self.conflicting.push(child),
            Relation::Foreign => self.foreign.push(child),
        }
    }

    /// Where a CassandraTask may be that the labels did not find: of each datacenter that is not over, where it is recorded and
    /// where it is declared.
    pub fn unseen(&self, targets: &Targets, cluster: Option<&Cluster>) -> Vec<Place> {
        let declared = targets.places.iter().map(|place| place.datacenter.as_str());
        let names: BTreeSet<&str> = declared.chain(self.task.recorded_datacenters()).collect();
        let names = names
            .into_iter()
            .filter(|name| !self.own.contains_key(*name) && !self.is_over(name));
        let places = names.flat_map(|name| {
            let declared = self.declared(cluster, name);
            self.recorded(cluster, name).into_iter().chain(declared)
        });
        places.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether a datacenter was recorded as done, failed or lost, so that what has its name matters only when it is deleted.
    fn is_over(&self, name: &str) -> bool {
        let copy = self.task.recorded.datacenters().get(name);
        !self.task.metadata.is_being_deleted
            && copy.is_some_and(|copy| copy.is_lost || copy.has_ended)
    }

    /// A marked one may have lost its labels.
    pub fn add_named(
        &mut self,
        cluster: Option<&Cluster>,
        answers: &Answers<'a>,
        places: &[Place],
    ) {
        for place in places {
            let reference = place.reference();
            if let Answer::Found(text) = answers.object(&reference) {
                let child = self.read_at(place, &reference, text);
                if relation(self.task, cluster, &child) == Relation::Own {
                    self.add(cluster, Rc::clone(&child));
                }
                self.read.insert(reference, (text, child));
            }
        }
    }

    /// What was observed at a place, read now unless it was before.
    fn read_at(&self, place: &Place, reference: &ObjectRef, text: &str) -> Rc<CassandraTask> {
        match self.read.get(reference) {
            Some((known, child)) if *known == text => Rc::clone(child),
            _ => Rc::new(CassandraTask::read(place.context.as_deref(), text)),
        }
    }

    fn declared(&self, cluster: Option<&Cluster>, name: &str) -> Option<Place> {
        let declared = cluster?.datacenter(name)?;
        Some(Place::new(
            self.task,
            name,
            declared.context.as_deref(),
            &declared.namespace,
        ))
    }

    /// Where the CassandraTask of a recorded datacenter was created, if that is recorded, too.
    fn recorded(&self, cluster: Option<&Cluster>, name: &str) -> Option<Place> {
        let location = self
            .task
            .record
            .as_ref()
            .filter(|_| self.task.has_recorded(name))?
            .datacenters
            .get(name)?;
        let namespace = location
            .namespace
            .clone()
            .or_else(|| Some(cluster?.datacenter(name)?.namespace.clone()))?;
        Some(Place::new(
            self.task,
            name,
            location.context.as_deref(),
            &namespace,
        ))
    }

    /// The targets in their order, then those that are recorded or were observed, and are none.
    pub fn datacenters(
        &self,
        targets: &Targets,
        cluster: Option<&Cluster>,
        answers: &Answers<'_>,
    ) -> Vec<Datacenter> {
        let names = targets.places.iter().map(|place| place.datacenter.as_str());
        let is_target: BTreeSet<&str> = names.clone().collect();
        let known = self
            .own
            .keys()
            .map(String::as_str)
            .chain(self.task.recorded_datacenters());
        let others: BTreeSet<&str> = known.filter(|name| !is_target.contains(name)).collect();
        // Where the list is invalid, nobody can say that one which the cluster declares is no target: its name may be what is wrong.
        let is_former = |name: &str| {
            targets.are_certain()
                || cluster.is_some_and(|cluster| cluster.datacenter(name).is_none())
        };
        let targets = names.map(|name| self.datacenter(name, false, cluster, answers));
        targets
            .chain(
                others
                    .into_iter()
                    .map(|name| self.datacenter(name, is_former(name), cluster, answers)),
            )
            .collect()
    }

    fn datacenter(
        &self,
        name: &str,
        is_former: bool,
        cluster: Option<&Cluster>,
        answers: &Answers<'_>,
    ) -> Datacenter {
        let declared = self.declared(cluster, name);
        let recorded = self.recorded(cluster, name);
        let children = self.own.get(name).map(Vec::as_slice).unwrap_or_default();
        let preferred = preferred(children.iter(), recorded.as_ref().or(declared.as_ref()));
        let (place, found) = match preferred {
            Some(child) => {
                let place =
                    Place::new(self.task, name, child.context.as_deref(), child.namespace());
                (Some(place), Found::Child(Rc::clone(child)))
            }
            None => self.without_child(name, recorded, declared, answers),
        };
        let status = &self.task.recorded;
        let evidence = Evidence {
            found,
            copy: status.copy(name),
            is_recorded: self.task.has_recorded(name),
            may_have_run: self.task.may_have_run(name),
            uid: &self.task.metadata.uid,
            created: self.task.metadata.created,
        };
        let declared = cluster
            .and_then(|cluster| cluster.datacenter(name))
            .cloned();
        let mut datacenter = Datacenter::judge(name, is_former, place, declared, evidence);
        let mut others = children
            .iter()
            .filter(|child| preferred.is_none_or(|it| !Rc::ptr_eq(it, child)));
        datacenter.has_active_namesake = others.any(|child| !child.progress.has_ended);
        datacenter
    }

    /// Where the labels found none. One that was recorded, and is gone before it started, may be created where it is declared now.
    fn without_child(
        &self,
        name: &str,
        recorded: Option<Place>,
        declared: Option<Place>,
        answers: &Answers<'_>,
    ) -> (Option<Place>, Found) {
        let at = |place: Option<Place>| match &place {
            Some(it) if self.is_over(name) => (self.available(&it.context), place),
            Some(it) => (self.named(answers, it), place),
            None => (self.anywhere(), None),
        };
        let is_declared_elsewhere =
            declared.is_some() && recorded.is_some() && declared != recorded;
        if recorded.is_none() && self.task.has_recorded(name) && !self.is_over(name) {
            let (found, place) = at(declared);
            return (place, self.elsewhere(name, found));
        }
        let (found, place) = at(recorded.or_else(|| declared.clone()));
        if is_declared_elsewhere
            && !self.task.may_have_run(name)
            && matches!(
                found,
                Found::Absent | Found::Abandoned(_) | Found::Foreign(_)
            )
        {
            let (found, place) = at(declared);
            return (place, found);
        }
        (place, found)
    }

    /// One that another controller has recorded, without saying where: the cluster may have been edited since, so it is absent
    /// only where no context has one of its name, or may have.
    fn elsewhere(&self, name: &str, declared: Found) -> Found {
        if !matches!(declared, Found::Absent) {
            return declared;
        }
        let task = &self.task.metadata.name;
        let is_it = |child: &&Rc<CassandraTask>| {
            child.created_for().is_none()
                && child.datacenter(task) == name
                && is_of_this_task(self.task, child)
        };
        match self.foreign.iter().find(is_it) {
            Some(child) => Found::Foreign(Rc::clone(child)),
            None => self.anywhere(),
        }
    }

    fn named(&self, answers: &Answers<'_>, place: &Place) -> Found {
        if !place.is_possible() {
            return Found::Absent;
        }
        let reference = place.reference();
        match answers.object(&reference) {
            Answer::Absent => Found::Absent,
            Answer::Found(text) => Found::Foreign(self.read_at(place, &reference, text)),
            Answer::Unavailable(unavailable) => self.unavailable(unavailable),
        }
    }

    /// Whether a context says what it has.
    fn available(&self, context: &Option<String>) -> Found {
        let unavailable = match self.contexts.get(&context.as_deref()) {
            Some(result) => unavailable(result, KIND),
            // Where no object can carry the labels, nothing was asked.
            None if self.contexts.is_empty() => None,
            None => Some(Unavailable::not_registered(context, KIND)),
        };
        unavailable.map_or(Found::Absent, |it| self.unavailable(it))
    }

    /// Where nothing says where it is, it could be in any context that serves the kind.
    fn anywhere(&self) -> Found {
        let first = || {
            let results = self.contexts.values();
            let mut all = results.filter_map(|result| unavailable(result, KIND));
            all.find(|it| !self.is_abandoned(it) && it.reason != UnavailableReason::NotServed)
                .map_or(Found::Absent, Found::Unavailable)
        };
        self.anywhere.get_or_init(first).clone()
    }

    fn unavailable(&self, unavailable: Unavailable) -> Found {
        if self.is_abandoned(&unavailable) {
            Found::Abandoned(unavailable)
        } else {
            Found::Unavailable(unavailable)
        }
    }

    fn is_abandoned(&self, unavailable: &Unavailable) -> bool {
        self.abandoned.contains(&unavailable.context.as_deref())
    }
}
