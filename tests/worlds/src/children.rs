//! The CassandraTasks of a world: whose they are, and what cass-operator and others do to them.

use cass_operator_sim::apply_fixture;
use k8ssandra_task_policy::contract::{Gvk, ObjectRef};
use pilothouse_core::plan::CREATED_FOR;
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
        if is_at_work {
            object["status"] = json!({"startTime": now.to_string(), "active": 1});
        }
        self.servers.put(key, object);
    }

    pub fn remove_child(&mut self, datacenter: &str) {
        let name = format!("task1-{datacenter}");
        self.remove_children(|key| key.name == name);
    }

    /// cass-operator starts it.
    pub fn start(&mut self, datacenter: &str, time: &str) {
        self.write(datacenter, "started", time);
        self.write(datacenter, "running-no-pods", time);
    }

    /// cass-operator ends it well.
    pub fn complete(&mut self, datacenter: &str, time: &str) {
        self.write(datacenter, "completed", time);
    }

    /// cass-operator ends it badly: Complete and completionTime are set all the same.
    pub fn fail(&mut self, datacenter: &str, time: &str) {
        self.write(datacenter, "failed", time);
    }

    /// cass-operator writes one of the fixtures of its table.
    pub fn write(&mut self, datacenter: &str, fixture: &str, time: &str) {
        let status = &mut self.child(datacenter)["status"];
        apply_fixture(fixture, status, &stamp(time));
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
