//! The CassandraTasks of a simulation: whose they are, and what cass-operator and others do to them.

pub use cass_operator_sim::table;
use cass_operator_sim::{Datacenter, Ends, Times, Write};
use k8ssandra_task_policy::contract::{Gvk, ObjectRef};
use kube_sim::Patch;
use pilothouse_core::plan::CREATED_FOR;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::laws::{has_ended, is_blank};
use crate::simulation::{NAMESPACE, Simulation, at, stamp};

/// Whose CassandraTask has the name of one of the task's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Somebody's, without our labels.
    Unlabelled,
    /// An earlier task's, without a mark.
    EarlierTask,
    /// A second controller's, created now, without a mark.
    SecondController,
    /// Another control plane's, marked for a task of the same name.
    OtherControlPlane,
}

/// What cass-operator makes of a CassandraTask: a course of its table, in pods.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    pub(crate) name: &'static str,
    pub(crate) pods: usize,
    pub(crate) fails: bool,
    pub(crate) retries: usize,
}

impl Course {
    /// Three pods, one after the other.
    pub const WELL: Course = Course {
        name: "asynchronous",
        pods: 3,
        fails: false,
        retries: 0,
    };
    /// The same, and the first fails.
    pub const BADLY: Course = Course {
        fails: true,
        ..Course::WELL
    };

    /// Whether it ends by itself.
    pub fn ends(self) -> bool {
        table().ends(self.name) == Ends::Always
    }

    pub fn writes(self, datacenter: &str) -> Vec<Write> {
        let mut datacenter = Datacenter::new("demo", datacenter, self.pods);
        datacenter.retries = self.retries;
        let writes = table().writes(self.name, &datacenter);
        // Where no pod's end is written, none can fail.
        if !self.fails || !writes.iter().any(|it| it.name().starts_with("pod-ends")) {
            return writes;
        }
        datacenter.fails = 1;
        table().writes(self.name, &datacenter)
    }
}

/// Any course, and more often than not the one that most take.
pub fn course() -> impl Strategy<Value = Course> {
    let name = prop_oneof![
        2 => Just(Course::WELL.name),
        1 => prop::sample::select(table().courses().collect::<Vec<_>>()),
    ];
    let parts = (name, 1..=4_usize, prop::bool::weighted(0.15), 0..=1_usize);
    parts.prop_map(|(name, pods, fails, retries)| Course {
        name,
        pods,
        fails,
        retries,
    })
}

/// A CassandraTask, whosever it is, and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Child<'a> {
    pub context: Option<&'a str>,
    pub object: &'a Value,
}

impl<'a> Child<'a> {
    pub fn status(self) -> &'a Value {
        &self.object["status"]
    }

    /// The datacenter that it is for, as its name says.
    pub fn datacenter(self) -> &'a str {
        let name = self.object["metadata"]["name"].as_str().unwrap_or_default();
        name.strip_prefix("task1-").unwrap_or_default()
    }

    pub fn uid(self) -> &'a str {
        self.object["metadata"]["uid"].as_str().unwrap_or_default()
    }

    pub fn key(self) -> ObjectRef {
        child_key(self.context, self.datacenter())
    }
}

fn child_key(context: Option<&str>, datacenter: &str) -> ObjectRef {
    ObjectRef {
        context: context.map(str::to_owned),
        gvk: Gvk::new("control.k8ssandra.io/v1alpha1", "CassandraTask"),
        namespace: Some(NAMESPACE.to_owned()),
        name: format!("task1-{datacenter}"),
    }
}

impl Simulation {
    /// The CassandraTasks, whosever they are.
    pub fn children(&self) -> impl Iterator<Item = Child<'_>> {
        let objects = self.servers.objects();
        let children = objects.filter(|(_, it)| it["kind"] == "CassandraTask");
        children.map(|(context, object)| Child {
            context: context.as_deref(),
            object,
        })
    }

    /// To be printed.
    pub(crate) fn tasks(&self) -> Vec<Child<'_>> {
        self.children().collect()
    }

    /// Changes all of them as nobody could.
    pub fn change_children(&mut self, mut change: impl FnMut(&mut Value)) {
        let keys: Vec<ObjectRef> = self.children().map(Child::key).collect();
        for key in keys {
            self.change(&key, &mut change);
        }
    }

    pub fn remove_children(&mut self, mut is_meant: impl FnMut(Child<'_>) -> bool) {
        let meant = self.children().filter(|child| is_meant(*child));
        let meant: Vec<ObjectRef> = meant.map(Child::key).collect();
        meant.iter().for_each(|key| self.remove(key));
    }

    /// Where the CassandraTask of a datacenter is at first.
    pub fn child_key(&self, datacenter: &str) -> ObjectRef {
        child_key(self.home(datacenter), datacenter)
    }

    /// Whether a CassandraTask is the task's: its mark says so, or k8ssandra-operator has created it for the task.
    pub fn is_own(&self, child: Child<'_>) -> bool {
        self.is_of(child, &self.task()["metadata"]["uid"])
    }

    /// Whether it is that of the task with this uid.
    pub(crate) fn is_of(&self, child: Child<'_>, task: &Value) -> bool {
        child.object["metadata"]["annotations"][CREATED_FOR] == *task || self.is_upstreams(child)
    }

    /// The CassandraTasks that are the task's own.
    pub fn own_children(&self) -> impl Iterator<Item = Child<'_>> {
        let task = &self.task()["metadata"]["uid"];
        self.children().filter(|it| self.is_of(*it, task))
    }

    /// The task's CassandraTask of a datacenter, if there is one.
    pub fn own_child(&self, datacenter: &str) -> Option<Child<'_>> {
        self.at(datacenter).filter(|child| self.is_own(*child))
    }

    /// The CassandraTask where the one of a datacenter would be, also a foreign one.
    pub fn at(&self, datacenter: &str) -> Option<Child<'_>> {
        self.children().find(|it| it.datacenter() == datacenter)
    }

    /// Somebody's own CassandraTask, where a datacenter's would be, if nothing is there; one in two is at work.
    pub fn put_foreign(&mut self, datacenter: &str, foreign: Foreign, is_at_work: bool) {
        let is_too_early = foreign == Foreign::SecondController && !self.is_in_charge();
        if self.at(datacenter).is_some() || is_too_early {
            return;
        }
        let now = self.servers.now;
        let created = match foreign {
            Foreign::EarlierTask => at("00:00:00"),
            _ => now,
        };
        let mut object = json!({"metadata": {"creationTimestamp": created.to_string()}});
        let metadata = &mut object["metadata"];
        if foreign != Foreign::Unlabelled {
            metadata["labels"] = json!({
                "k8ssandra.io/task-name": "task1",
                "k8ssandra.io/task-namespace": NAMESPACE,
            });
        }
        if foreign == Foreign::OtherControlPlane {
            metadata["annotations"] = json!({CREATED_FOR: "another-uid"});
        }
        self.put(&self.child_key(datacenter), object);
        if is_at_work {
            self.begin(datacenter, Course::WELL);
            self.work(datacenter, 2, &now.strftime("%T").to_string());
        }
    }

    /// cass-operator is to work on it in that way.
    pub fn begin(&mut self, datacenter: &str, course: Course) {
        let uid = self.at(datacenter).unwrap().uid().to_owned();
        self.courses.insert(uid, (course, 0));
    }

    /// Whether cass-operator has something left to write.
    pub fn has_work(&self, datacenter: &str) -> bool {
        let course = self
            .at(datacenter)
            .and_then(|it| self.courses.get(it.uid()));
        course.is_some_and(|(course, done)| *done < course.writes(datacenter).len())
    }

    /// cass-operator makes its next writes, so many at most.
    pub fn work(&mut self, datacenter: &str, count: usize, time: &str) {
        let child = self.at(datacenter).unwrap();
        let (key, uid) = (child.key(), child.uid().to_owned());
        let Some((course, done)) = self.courses.get_mut(&uid) else {
            return;
        };
        let writes = course.writes(datacenter);
        let next = writes.iter().skip(*done).take(count);
        *done = writes.len().min(done.saturating_add(count));
        let now = &*stamp(time);
        let times = Times {
            now,
            reconcile: now,
        };
        for write in next {
            self.written.insert(write.name());
            let child = self.object(&key);
            let patch = match write.is_of_status() {
                true => json!({"status": write.patch(&child["status"], times)}),
                false => write.patch(child, times),
            };
            self.patch(&key, &Patch::Merge(patch), write.is_of_status());
        }
    }

    /// Remembers which CassandraTasks have ended by now.
    pub fn remember_ends(&mut self) {
        let over = self.own_children().filter(|it| has_ended(it.status()));
        let over: Vec<String> = over.map(|it| it.uid().to_owned()).collect();
        self.ended.extend(over);
    }

    /// Whether a CassandraTask has ended, or had, whatever was written into its status later.
    pub(crate) fn has_ever_ended(&self, child: Child<'_>) -> bool {
        has_ended(child.status()) || self.ended.contains(child.uid())
    }

    /// Remembers which datacenters have begun by now.
    pub fn remember_beginnings(&mut self) {
        let records = self.status()["datacenters"].as_object();
        let records = records.into_iter().flatten();
        let begun = records.filter(|(_, it)| !is_blank(it));
        let begun: Vec<String> = begun.map(|(name, _)| name.clone()).collect();
        self.begun.extend(begun);
    }

    /// How many CassandraTasks have not ended, whether their contexts answer or not; but for those in contexts that are not
    /// registered, which are given up if they are no targets any more.
    pub fn unfinished(&self) -> usize {
        self.own_children()
            .filter(|it| self.servers.is_registered(it.context))
            .filter(|it| !self.has_ever_ended(*it) && self.is_known(*it))
            .count()
    }
}
