//! A small world for the tests: a task, its cluster and its CassandraTasks on the API servers of several contexts, under the
//! engine that the host runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::servers::Servers;
use jiff::Timestamp;
use k8ssandra_task_policy::contract::*;
use k8ssandra_task_policy::describe;
use pilothouse_core::Engine;
use serde_json::{Value, json};

use crate::children::Course;
use crate::happenings::Hitch;
use crate::laws::holds;

pub const NAMESPACE: &str = "k8ssandra-operator";
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";
/// The policy's settings.
pub(crate) const SETTINGS: &str = "{}";

#[derive(Clone)]
pub struct World {
    pub servers: Servers,
    pub(crate) engine: Engine,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) task_key: ObjectRef,
    cluster_key: ObjectRef,
    /// The cluster as it is at first.
    pub declared: Value,
    /// The contexts that refuse to create and to delete.
    pub refusing: BTreeSet<String>,
    /// What will go wrong with the host's requests.
    pub hitch: Option<Hitch>,
    /// The events that were recorded.
    pub events: Vec<String>,
    pub created: usize,
    /// What cass-operator makes of the CassandraTask with this UID, and how many of its writes it has made.
    pub(crate) courses: BTreeMap<String, (Course, usize)>,
    /// The writes of cass-operator's table that were ever made.
    pub written: BTreeSet<&'static str>,
    /// The UIDs of the CassandraTasks that have ended: what is written into their statuses later does not begin them again.
    pub ended: BTreeSet<String>,
    /// The UIDs of the CassandraTasks that k8ssandra-operator had created for the task before the policy took charge.
    pub upstream: BTreeSet<String>,
    /// The datacenters whose CassandraTasks have begun, as far as the task's status has ever said.
    pub begun: BTreeSet<String>,
    /// Whether the task came back from a backup, and nobody has said since that it is to run again.
    pub is_restored: bool,
    /// What the policy is shown instead of an object: its uid, and any JSON.
    pub(crate) spoilt: Option<(Value, Value)>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects = self.servers.iter();
        let named = objects.map(|(key, it)| ((&key.context, &key.name), it.to_string()));
        f.debug_map().entries(named).finish()
    }
}

/// A time of the day of the examples.
pub fn at(time: &str) -> Timestamp {
    stamp(time).parse().unwrap()
}

pub fn stamp(time: &str) -> String {
    format!("2022-12-15T{time}Z")
}

impl World {
    /// The quick start of the documentation, with that many datacenters: `dc1` in `kind-k8ssandra-1` and so on.
    pub fn new(datacenters: usize) -> World {
        let context = |number: usize| format!("kind-k8ssandra-{number}");
        let declared = (1..=datacenters)
            .map(|number| json!({"metadata": {"name": format!("dc{number}")}, "k8sContext": context(number), "size": 1}));
        let cluster = json!({
            "metadata": {"name": "demo", "uid": "cluster-uid"},
            "spec": {"cassandra": {"datacenters": declared.collect::<Vec<_>>()}},
        });
        let task = json!({
            "metadata": {"uid": "task-uid"},
            "spec": {
                "cluster": {"name": "demo"},
                "template": {"jobs": [{"name": "job1", "command": "cleanup"}]},
            },
        });
        let key = |api_version, kind: &str, name: &str| ObjectRef {
            context: None,
            gvk: Gvk::new(api_version, kind),
            namespace: Some(NAMESPACE.into()),
            name: name.into(),
        };
        let manifest = Arc::new(describe(SETTINGS).unwrap());
        let mut world = World {
            servers: Servers::new(at("19:43:00")),
            engine: Engine::new(manifest.clone()),
            manifest,
            task_key: key("control.k8ssandra.io/v1alpha1", "K8ssandraTask", "task1"),
            cluster_key: key("k8ssandra.io/v1alpha1", "K8ssandraCluster", "demo"),
            declared: cluster.clone(),
            refusing: BTreeSet::new(),
            hitch: None,
            events: Vec::new(),
            created: 0,
            courses: BTreeMap::new(),
            written: BTreeSet::new(),
            ended: BTreeSet::new(),
            upstream: BTreeSet::new(),
            begun: BTreeSet::new(),
            is_restored: false,
            spoilt: None,
        };
        world.servers.contexts = (1..=datacenters).map(context).collect();
        world.servers.put(world.task_key.clone(), task);
        world.set_cluster(Some(cluster));
        world
    }

    /// With all datacenters in one context, the first.
    pub fn in_one_context(mut self) -> World {
        let declared = &mut self.declared["spec"]["cassandra"]["datacenters"];
        for datacenter in declared.as_array_mut().unwrap() {
            datacenter["k8sContext"] = json!("kind-k8ssandra-1");
        }
        self.set_cluster(Some(self.declared.clone()));
        self
    }

    /// With contexts that all refuse to create and to delete.
    pub fn refusing_all(mut self) -> World {
        self.refusing.clone_from(&self.servers.contexts);
        self
    }

    /// With this changed in the task, by a JSON pointer.
    pub fn with(mut self, pointer: &str, value: Value) -> World {
        self.set(pointer, value);
        self
    }

    /// Changes the task, by a JSON pointer whose last part may be new.
    pub fn set(&mut self, pointer: &str, value: Value) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        self.task_mut().pointer_mut(parent).unwrap()[name] = value;
    }

    /// The task; null if it is gone.
    pub fn task(&self) -> &Value {
        let task = self.servers.get(&self.task_key);
        task.unwrap_or(&Value::Null)
    }

    pub fn task_mut(&mut self) -> &mut Value {
        self.servers.get_mut(&self.task_key).unwrap()
    }

    /// The cluster, if it is there.
    pub fn cluster(&self) -> Option<&Value> {
        self.servers.get(&self.cluster_key)
    }

    pub fn set_cluster(&mut self, cluster: Option<Value>) {
        match cluster {
            Some(cluster) => self.servers.put(self.cluster_key.clone(), cluster),
            None => self.servers.remove(&self.cluster_key),
        }
    }

    /// The task's deletion is asked for.
    pub fn delete(&mut self) {
        self.servers.delete(&self.task_key);
    }

    /// The same with the task and its cluster as the engine knows them.
    pub(crate) fn as_known(&self) -> World {
        let mut known = self.clone();
        for key in [&self.task_key, &self.cluster_key] {
            match self.servers.shown(key) {
                Some(object) => known.servers.put(key.clone(), object.clone()),
                None => known.servers.remove(key),
            }
        }
        known
    }

    /// A context says no more what it has.
    pub fn lose(&mut self, context: Option<&str>) {
        let lost = self.servers.lost.entry(context.map(str::to_owned));
        lost.or_insert(self.servers.now);
    }

    /// It says again what it has.
    pub fn regain(&mut self, context: Option<&str>) {
        self.servers.lost.remove(&context.map(str::to_owned));
    }

    /// Whether a context is registered and says what it has.
    pub fn answers(&self, context: Option<&str>) -> bool {
        let is_lost = self.servers.lost.contains_key(&context.map(str::to_owned));
        self.servers.is_registered(context) && !is_lost
    }

    /// The context that the cluster declares for a datacenter, as it is at first.
    pub fn home(&self, datacenter: &str) -> Option<&str> {
        let declared = &self.declared["spec"]["cassandra"]["datacenters"];
        let mut declared = declared.as_array().into_iter().flatten();
        declared.find(|it| it["metadata"]["name"] == datacenter)?["k8sContext"].as_str()
    }

    /// Whether the task's deletion was asked for.
    pub fn is_being_deleted(&self) -> bool {
        !self.task()["metadata"]["deletionTimestamp"].is_null()
    }

    /// Whether the policy's finalizer is on the task.
    pub fn is_held(&self) -> bool {
        holds(&self.task()["metadata"]["finalizers"])
    }

    /// Whether the task is gone: the deletion of one that nothing holds.
    pub fn is_gone(&self) -> bool {
        self.task().is_null()
    }

    /// Whether nothing keeps a plan from being carried out, and everything that is registered is seen.
    pub fn is_kind(&self) -> bool {
        let declared = &self.declared["spec"]["cassandra"]["datacenters"];
        let declared = declared.as_array().into_iter().flatten();
        let mut homes = declared.filter_map(|it| it["k8sContext"].as_str());
        let are_registered = homes.all(|home| self.servers.is_registered(Some(home)));
        are_registered && self.refusing.is_empty() && self.servers.lost.is_empty()
    }

    /// Whether its policy is Forbid now.
    pub fn is_forbidden(&self) -> bool {
        self.task()["spec"]["dcConcurrencyPolicy"] != "Allow"
    }

    pub fn status(&self) -> &Value {
        &self.task()["status"]
    }
}
