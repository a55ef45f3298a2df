//! The CassandraTasks of a world: whose they are, and what cass-operator and others do to them.

pub use cass_operator_sim::table;
use cass_operator_sim::{Datacenter, Ends, Times, Write};
use k8ssandra_task_policy::contract::{Gvk, ObjectRef};
use pilothouse_core::plan::CREATED_FOR;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::laws::{has_ended, is_blank};
use crate::world::{NAMESPACE, World, at, stamp};

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

impl World {
    /// The CassandraTasks, whosever they are.
    pub fn children(&self) -> impl Iterator<Item = (&ObjectRef, &Value)> {
        let objects = self.servers.iter();
        objects.filter(|(key, _)| key.gvk.kind == "CassandraTask")
    }

    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let objects = self.servers.iter_mut();
        let children = objects.filter(|(key, _)| key.gvk.kind == "CassandraTask");
        children.map(|(_, child)| child)
    }

    /// To be printed.
    pub(crate) fn tasks(&self) -> Vec<(&ObjectRef, &Value)> {
        self.children().collect()
    }

    pub fn remove_children(&mut self, mut is_meant: impl FnMut(&ObjectRef) -> bool) {
        let meant = self.children().map(|(key, _)| key.clone());
        let meant: Vec<ObjectRef> = meant.filter(|key| is_meant(key)).collect();
        for key in meant {
            self.servers.remove(&key);
        }
    }

    /// Where the CassandraTask of a datacenter is at first.
    pub fn child_key(&self, datacenter: &str) -> ObjectRef {
        ObjectRef {
            context: self.home(datacenter).map(str::to_owned),
            gvk: Gvk::new("control.k8ssandra.io/v1alpha1", "CassandraTask"),
            namespace: Some(NAMESPACE.to_owned()),
            name: format!("task1-{datacenter}"),
        }
    }

    /// Whether a CassandraTask is the task's: its mark says so, or k8ssandra-operator has created it for the task.
    pub fn is_own(&self, child: &Value) -> bool {
        self.is_of(child, &self.task()["metadata"]["uid"])
    }

    /// Whether it is that of the task with this uid.
    pub(crate) fn is_of(&self, child: &Value, task: &Value) -> bool {
        child["metadata"]["annotations"][CREATED_FOR] == *task || self.is_upstreams(child)
    }

    /// The CassandraTask where the one of a datacenter would be, also a foreign one, to be changed.
    pub fn child(&mut self, datacenter: &str) -> &mut Value {
        let name = format!("task1-{datacenter}");
        let mut objects = self.servers.iter_mut();
        objects.find(|(key, _)| key.name == name).unwrap().1
    }

    /// The task's CassandraTask of a datacenter, if there is one.
    pub fn own_child(&self, datacenter: &str) -> Option<&Value> {
        self.at(datacenter).filter(|child| self.is_own(child))
    }

    /// The CassandraTask where the one of a datacenter would be, also a foreign one.
    pub fn at(&self, datacenter: &str) -> Option<&Value> {
        let name = format!("task1-{datacenter}");
        let mut children = self.children();
        children.find(|(key, _)| key.name == name).map(|(_, it)| it)
    }

    /// The CassandraTasks that are the task's own.
    pub fn own_children(&self) -> impl Iterator<Item = (&ObjectRef, &Value)> {
        self.children().filter(|(_, child)| self.is_own(child))
    }

    /// Somebody's own CassandraTask, where a datacenter's would be, if nothing is there; one in two is at work.
    pub fn put_foreign(&mut self, datacenter: &str, foreign: Foreign, is_at_work: bool) {
        let is_too_early = foreign == Foreign::SecondController && !self.is_in_charge();
        if self.at(datacenter).is_some() || is_too_early {
            return;
        }
        let now = self.servers.now;
        let key = self.child_key(datacenter);
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
        self.servers.put(key, object);
        if is_at_work {
            self.begin(datacenter, Course::WELL);
            self.work(datacenter, 2, &now.strftime("%T").to_string());
        }
    }

    pub fn remove_child(&mut self, datacenter: &str) {
        let name = format!("task1-{datacenter}");
        self.remove_children(|key| key.name == name);
    }

    /// cass-operator is to work on it in that way.
    pub fn begin(&mut self, datacenter: &str, course: Course) {
        let uid = uid(self.child(datacenter));
        self.courses.insert(uid, (course, 0));
    }

    /// cass-operator makes its next writes, so many at most.
    pub fn work(&mut self, datacenter: &str, count: usize, time: &str) {
        let uid = uid(self.child(datacenter));
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
            let child = self.child(datacenter);
            match write.is_of_status() {
                true => write.apply(&mut child["status"], times),
                false => write.apply(child, times),
            }
        }
    }

    /// Remembers which CassandraTasks have ended by now.
    pub fn remember_ends(&mut self) {
        let over = self
            .own_children()
            .filter(|(_, it)| has_ended(&it["status"]));
        let over: Vec<String> = over.map(|(_, child)| uid(child)).collect();
        self.ended.extend(over);
    }

    /// Whether a CassandraTask had ended, whatever was written into its status later.
    pub(crate) fn has_ended_once(&self, child: &Value) -> bool {
        self.ended.contains(&uid(child))
    }

    /// Remembers which datacenters have begun by now.
    pub fn remember_beginnings(&mut self) {
        let records = self.status()["datacenters"].as_object();
        let begun = records
            .into_iter()
            .flatten()
            .filter(|(_, it)| !is_blank(it));
        let begun: Vec<String> = begun.map(|(name, _)| name.clone()).collect();
        self.begun.extend(begun);
    }

    /// How many CassandraTasks have not ended, whether their contexts answer or not; but for those in contexts that are not
    /// registered, which are given up if they are no targets any more.
    pub fn unfinished(&self) -> usize {
        let has_ended = |child: &Value| has_ended(&child["status"]) || self.has_ended_once(child);
        self.own_children()
            .filter(|(key, _)| self.servers.is_registered(key.context.as_deref()))
            .filter(|(_, child)| !has_ended(child))
            .filter(|child| self.is_known(*child))
            .count()
    }
}

fn uid(object: &Value) -> String {
    object["metadata"]["uid"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
