//! The CassandraTasks of a world: whose they are, and what cass-operator and others do to them.

use cass_operator_sim::apply_fixture;
use serde_json::{Value, json};

use crate::laws::{has_ended, is_blank};
use crate::world::{Key, NAMESPACE, World, at, stamp};

/// The annotation that says for which task a CassandraTask was created.
pub const MARK: &str = "pilothouse.dev/created-for";

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
    /// Whether a CassandraTask is the task's: its mark says so, or k8ssandra-operator has created it for the task.
    pub fn is_own(&self, child: &Value) -> bool {
        child["metadata"]["annotations"][MARK] == self.task["metadata"]["uid"]
            || self.is_upstreams(child)
    }

    /// The CassandraTask where the one of a datacenter would be, also a foreign one, to be changed.
    pub fn child(&mut self, datacenter: &str) -> &mut Value {
        let name = format!("task1-{datacenter}");
        let mut children = self.children.iter_mut();
        children
            .find(|((_, _, child), _)| *child == name)
            .unwrap()
            .1
    }

    /// The task's CassandraTask of a datacenter, if there is one.
    pub fn own_child(&self, datacenter: &str) -> Option<&Value> {
        self.at(datacenter).filter(|child| self.is_own(child))
    }

    /// The CassandraTask where the one of a datacenter would be, also a foreign one.
    pub fn at(&self, datacenter: &str) -> Option<&Value> {
        let name = format!("task1-{datacenter}");
        let mut children = self.children.iter();
        children
            .find(|((_, _, child), _)| *child == name)
            .map(|(_, child)| child)
    }

    /// The CassandraTasks that are the task's own.
    pub fn own_children(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.children.iter().filter(|(_, child)| self.is_own(child))
    }

    /// Somebody's own CassandraTask, where a datacenter's would be, if nothing is there; one in two is at work.
    pub fn put_foreign(&mut self, datacenter: &str, foreign: Foreign, is_at_work: bool) {
        let is_too_early = foreign == Foreign::SecondController && !self.is_in_charge();
        if self.at(datacenter).is_some() || is_too_early {
            return;
        }
        let context = self.home(datacenter).map(str::to_owned);
        let name = format!("task1-{datacenter}");
        let created = match foreign {
            Foreign::EarlierTask => at("00:00:00"),
            _ => self.now,
        };
        let mut object = json!({"metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": format!("foreign-{datacenter}-{}", self.now),
            "creationTimestamp": created.to_string(),
        }});
        let metadata = &mut object["metadata"];
        if foreign != Foreign::Unlabelled {
            metadata["labels"] = json!({
                "k8ssandra.io/task-name": "task1",
                "k8ssandra.io/task-namespace": NAMESPACE,
            });
        }
        if foreign == Foreign::OtherControlPlane {
            metadata["annotations"] = json!({MARK: "another-uid"});
        }
        if is_at_work {
            object["status"] = json!({"startTime": self.now.to_string(), "active": 1});
        }
        let key = (context, NAMESPACE.to_owned(), name);
        self.children.insert(key, object);
    }

    pub fn remove_child(&mut self, datacenter: &str) {
        let name = format!("task1-{datacenter}");
        self.children.retain(|(_, _, child), _| *child != name);
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
        let is_registered = |context: &Option<String>| {
            context
                .as_ref()
                .is_none_or(|it| self.contexts.contains_key(it))
        };
        self.own_children()
            .filter(|((context, ..), child)| !has_ended(child) && is_registered(context))
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
