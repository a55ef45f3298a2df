//! The CassandraTasks of a task, as they were observed, and what is known of each datacenter from them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::answers::{Answers, Unavailable};
use super::datacenter::{Datacenter, Found, preferred, settled};
use super::targets::{Place, Relation, Targets, is_of_this_task, relation};
use crate::contract::{ContextResult, ObjectRef, UnavailableReason};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::Cluster;
use crate::documents::task::Task;

const KIND: &str = "CassandraTask";

/// The CassandraTasks that were observed, and what they are found by.
pub struct Children<'a> {
    task: &'a Task,
    /// Its own, where that is known.
    cluster: Option<&'a Cluster>,
    answers: &'a Answers<'a>,
    contexts: BTreeMap<Option<&'a str>, &'a ContextResult>,
    abandoned: BTreeSet<Option<&'a str>>,
    /// Those that belong to it, by datacenter.
    pub own: BTreeMap<String, Vec<Rc<CassandraTask>>>,
    /// Those with its labels that do not.
    pub foreign: Vec<Rc<CassandraTask>>,
    /// Those of a second controller.
    pub conflicting: Vec<Rc<CassandraTask>>,
    /// All that were read: each is read once, however often it was observed. A snapshot shows one moment.
    read: BTreeMap<ObjectRef, Rc<CassandraTask>>,
    /// What is to be said where nothing says where a CassandraTask is.
    anywhere: OnceCell<Found>,
}

impl<'a> Children<'a> {
    pub fn read(
        task: &'a Task,
        cluster: Option<&'a Cluster>,
        answers: &'a Answers<'a>,
        results: &'a [ContextResult],
    ) -> Children<'a> {
        let by_context = results.iter().map(|it| (it.context.as_deref(), it));
        let mut children = Children {
            task,
            cluster,
            answers,
            contexts: by_context.collect(),
            abandoned: task.abandoned(),
            own: BTreeMap::new(),
            foreign: Vec::new(),
            conflicting: Vec::new(),
            read: BTreeMap::new(),
            anywhere: OnceCell::new(),
        };
        for result in results {
            for text in result.objects.as_deref().unwrap_or_default() {
                let child = Rc::new(CassandraTask::read(result.context.as_deref(), text));
                children.read.insert(child.reference(), Rc::clone(&child));
                match relation(task, cluster, &child) {
                    Relation::Own => children.add(child),
                    Relation::Conflicting => children.conflicting.push(child),
                    Relation::Foreign => children.foreign.push(child),
                }
            }
        }
        children
    }

    fn add(&mut self, child: Rc<CassandraTask>) {
        let datacenter = child.datacenter(&self.task.metadata.name).to_owned();
        self.own.entry(datacenter).or_default().push(child);
    }

    /// Where a CassandraTask may be that the labels did not find: of each datacenter that is not over, where it is recorded and
    /// where it is declared.
    pub fn unseen(&self, targets: &Targets) -> BTreeSet<Place> {
        let targets = targets.places.iter().map(|place| place.datacenter.as_str());
        targets
            .chain(self.task.recorded_datacenters())
            .chain(self.task.unobserved())
            .filter(|name| !self.own.contains_key(*name) && !self.is_over(name))
            .flat_map(|name| [self.recorded(name), self.declared(name)])
            .flatten()
            .collect()
    }

    /// Whether a datacenter was recorded as done, failed or lost, so that what has its name matters only when it is deleted.
    fn is_over(&self, name: &str) -> bool {
        let copy = self.task.recorded.datacenters().get(name);
        !self.task.metadata.is_being_deleted && copy.and_then(settled).is_some()
    }

    /// Adds those that were observed by their names: a marked one may have lost its labels.
    pub fn add_named(&mut self, places: &BTreeSet<Place>) {
        for place in places {
            let reference = place.reference();
            if let Ok(Some(text)) = self.answers.object(&reference) {
                let child = self.read_at(&reference, text);
                if relation(self.task, self.cluster, &child) == Relation::Own {
                    self.add(Rc::clone(&child));
                }
                self.read.insert(reference, child);
            }
        }
    }

    /// What was observed of one, read now unless it was before.
    fn read_at(&self, reference: &ObjectRef, text: &str) -> Rc<CassandraTask> {
        match self.read.get(reference) {
            Some(child) => Rc::clone(child),
            None => Rc::new(CassandraTask::read(reference.context.as_deref(), text)),
        }
    }

    fn declared(&self, name: &str) -> Option<Place> {
        Some(Place::declared(self.task, self.cluster?.datacenter(name)?))
    }

    /// Where the CassandraTask of a recorded datacenter was created, if that is recorded, too.
    fn recorded(&self, name: &str) -> Option<Place> {
        let record = self.task.record.as_ref()?;
        let location = record.datacenters.get(name)?;
        let namespace = match &location.namespace {
            Some(namespace) => namespace,
            None => &self.cluster?.datacenter(name)?.namespace,
        };
        let context = location.context.as_deref();
        let is_recorded = self.task.has_recorded(name) || self.task.is_unobserved(name);
        is_recorded.then(|| Place::new(self.task, name, context, namespace))
    }

    /// The targets in their order, then those that are recorded or were observed, and are none.
    pub fn datacenters(&self, targets: &Targets) -> Vec<Datacenter> {
        let names = targets.places.iter().map(|place| place.datacenter.as_str());
        let observed = self.own.keys().map(String::as_str);
        let others = observed.chain(self.task.recorded_datacenters());
        let mut others: BTreeSet<&str> = others.chain(self.task.unobserved()).collect();
        for name in names.clone() {
            others.remove(name);
        }
        // Where the list is invalid, nobody can say that one which the cluster declares is no target: its name may be what is wrong.
        let is_former = |name: &str| {
            let is_undeclared = |cluster: &Cluster| cluster.datacenter(name).is_none();
            targets.are_certain() || self.cluster.is_some_and(is_undeclared)
        };
        let others = others.into_iter().map(|name| (name, is_former(name)));
        let targets = names.map(|name| (name, false));
        targets
            .chain(others)
            .map(|(name, is_former)| self.datacenter(name, is_former))
            .collect()
    }

    fn datacenter(&self, name: &str, is_former: bool) -> Datacenter {
        let (recorded, declared) = (self.recorded(name), self.declared(name));
        let children = self.own.get(name).map(Vec::as_slice).unwrap_or_default();
        let preferred = preferred(children.iter(), recorded.as_ref().or(declared.as_ref()));
        let at = match preferred {
            Some(child) => {
                let (context, namespace) = (child.context.as_deref(), child.namespace());
                let place = Place::new(self.task, name, context, namespace);
                (Some(place), Found::Child(Rc::clone(child)))
            }
            None => self.without_child(name, recorded, declared),
        };
        let declared = self.cluster.and_then(|it| it.datacenter(name)).cloned();
        let is_other = |child: &&Rc<_>| preferred.is_none_or(|it| !Rc::ptr_eq(it, child));
        let mut others = children.iter().filter(is_other);
        let active = others.find(|child| !child.progress.has_ended);
        Datacenter {
            active_namesake: active.map(Rc::clone),
            ..Datacenter::judge(self.task, name, is_former, at, declared)
        }
    }

    /// Where the labels found none. One that was recorded, and is gone before it started, may be created where it is declared now.
    fn without_child(
        &self,
        name: &str,
        recorded: Option<Place>,
        declared: Option<Place>,
    ) -> (Option<Place>, Found) {
        let at = |place: Option<Place>| {
            let found = match &place {
                Some(place) if self.is_over(name) => self.available(&place.context),
                Some(place) => self.named(place),
                None => self.anywhere(),
            };
            (place, found)
        };
        if recorded.is_none() && self.task.has_recorded(name) && !self.is_over(name) {
            let (place, found) = at(declared);
            return (place, self.elsewhere(name, found));
        }
        let has_moved = declared.is_some() && recorded != declared;
        let may_move = has_moved && !self.task.may_have_run(name);
        match at(recorded.or_else(|| declared.clone())) {
            (_, Found::Absent | Found::Abandoned(_) | Found::Foreign(_)) if may_move => {
                at(declared)
            }
            there => there,
        }
    }

    /// One that another controller has recorded, without saying where: the cluster may have been edited since, so it is absent
    /// only where no context has one of its name, or may have.
    fn elsewhere(&self, name: &str, declared: Found) -> Found {
        if !matches!(declared, Found::Absent) {
            return declared;
        }
        let is_it = |child: &&Rc<CassandraTask>| {
            child.created_for().is_none()
                && child.datacenter(&self.task.metadata.name) == name
                && is_of_this_task(self.task, child)
        };
        match self.foreign.iter().find(is_it) {
            Some(child) => Found::Foreign(Rc::clone(child)),
            None => self.anywhere(),
        }
    }

    fn named(&self, place: &Place) -> Found {
        let reference = place.reference();
        match self.answers.object(&reference) {
            _ if !place.is_possible() => Found::Absent,
            Ok(None) => Found::Absent,
            Ok(Some(text)) => Found::Foreign(self.read_at(&reference, text)),
            Err(why) => self.unavailable(why),
        }
    }

    fn available(&self, context: &Option<String>) -> Found {
        let why = match self.contexts.get(&context.as_deref()) {
            Some(result) => unavailable(result),
            // Where no object can carry the labels, nothing was asked.
            None if self.contexts.is_empty() => None,
            None => Some(Unavailable::not_registered(context, KIND)),
        };
        match why {
            None => Found::Absent,
            Some(why) => self.unavailable(why),
        }
    }

    /// Where nothing says where it is, it could be in any context that serves the kind.
    fn anywhere(&self) -> Found {
        let first = || {
            let results = self.contexts.values();
            let mut all = results.filter_map(|result| unavailable(result));
            all.find(|it| !self.is_abandoned(it) && it.reason != UnavailableReason::NotServed)
                .map_or(Found::Absent, Found::Unavailable)
        };
        self.anywhere.get_or_init(first).clone()
    }

    fn unavailable(&self, why: Unavailable) -> Found {
        match self.is_abandoned(&why) {
            true => Found::Abandoned(why),
            false => Found::Unavailable(why),
        }
    }

    fn is_abandoned(&self, unavailable: &Unavailable) -> bool {
        self.abandoned.contains(&unavailable.context.as_deref())
    }
}

/// Why a context gave no CassandraTasks; `None` if it did.
fn unavailable(result: &ContextResult) -> Option<Unavailable> {
    let why = result.objects.as_ref().err()?;
    Some(Unavailable::new(&result.context, KIND, why))
}
