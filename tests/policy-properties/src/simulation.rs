//! A simulation: a task, its cluster and its CassandraTasks on the API servers of several contexts, under the engine that the host
//! runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use k8ssandra_task_policy::contract::*;
use k8ssandra_task_policy::describe;
use kube_sim::Store;
use pilothouse_core::Engine;
use pilothouse_policy_test::servers::Servers;
use pilothouse_policy_test::{Definitions, definitions};
use serde_json::{Value, json};

use crate::changes::Fault;
use crate::children::Course;
use crate::laws::holds;
use crate::objects::datacenters;

pub const NAMESPACE: &str = "k8ssandra-operator";
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";
/// The policy's settings.
pub(crate) const SETTINGS: &str = "{}";
/// The kinds of the control plane that cannot be read where it is lost: all but the tasks.
const OF_CONTROL_PLANE: [&str; 2] = ["CassandraTask", "K8ssandraCluster"];

#[derive(Clone)]
pub struct Simulation {
    pub servers: Servers,
    pub(crate) engine: Engine,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) task_key: ObjectRef,
    pub(crate) cluster_key: ObjectRef,
    /// The cluster as it is at first.
    pub declared: Value,
    /// While a request is held to the laws and watches lag: the task and its cluster as the engine knows them.
    pub(crate) known: Option<[Value; 2]>,
    /// The contexts that refuse to create and to delete.
    pub refusing: BTreeSet<String>,
    /// What will go wrong with the host's requests.
    pub fault: Option<Fault>,
    /// The events that were recorded.
    pub events: Vec<String>,
    pub created: usize,
    /// How many writes of the host were carried out.
    pub(crate) writes: usize,
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

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects = self.servers.objects();
        let named =
            objects.map(|(context, it)| ((context, &it["metadata"]["name"]), it.to_string()));
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

/// The definitions that the API servers hold the objects to.
pub fn definitions() -> &'static Definitions {
    static READ: LazyLock<Definitions> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folders = [
            "deploy/crds",
            "deploy/overlays/standalone",
            "tests/fixtures/crds",
        ];
        definitions::read(folders.map(|folder| root.join(folder))).unwrap()
    });
    &READ
}

/// The context of the datacenter with that number, at first.
pub(crate) fn context(number: usize) -> String {
    format!("kind-k8ssandra-{number}")
}

/// The API servers of the control plane and of so many datacenters.
fn servers(datacenters: usize) -> Servers {
    static STORE: LazyLock<Store> = LazyLock::new(|| {
        let (mut store, now) = (Store::new("", at("19:43:00")), at("19:43:00"));
        store.install(definitions()).unwrap();
        store.create_namespace(NAMESPACE, now).unwrap();
        store
    });
    let contexts: BTreeSet<String> = (1..=datacenters).map(context).collect();
    let names = contexts.iter().map(String::as_str);
    let mut servers = Servers::new(&STORE, names, at("19:43:00"));
    servers.contexts = contexts;
    servers
}

impl Simulation {
    /// The quick start of the documentation, with that many datacenters: `dc1` in `kind-k8ssandra-1` and so on.
    pub fn new(datacenters: usize) -> Simulation {
        let declared = (1..=datacenters)
            .map(|number| json!({"metadata": {"name": format!("dc{number}")}, "k8sContext": context(number), "size": 1}));
        let cluster = json!({
            "metadata": {"uid": "cluster-uid", "finalizers": ["k8ssandracluster.k8ssandra.io/finalizer"]},
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
        let mut sim = Simulation {
            servers: servers(datacenters),
            engine: Engine::new(manifest.clone()),
            manifest,
            task_key: key("control.k8ssandra.io/v1alpha1", "K8ssandraTask", "task1"),
            cluster_key: key("k8ssandra.io/v1alpha1", "K8ssandraCluster", "demo"),
            declared: cluster.clone(),
            known: None,
            refusing: BTreeSet::new(),
            fault: None,
            events: Vec::new(),
            created: 0,
            writes: 0,
            courses: BTreeMap::new(),
            written: BTreeSet::new(),
            ended: BTreeSet::new(),
            upstream: BTreeSet::new(),
            begun: BTreeSet::new(),
            is_restored: false,
            spoilt: None,
        };
        sim.put(&sim.task_key.clone(), task);
        sim.set_cluster(Some(cluster));
        sim
    }

    /// With all datacenters in one context, the first.
    pub fn in_one_context(mut self) -> Simulation {
        let declared = &mut self.declared["spec"]["cassandra"]["datacenters"];
        for datacenter in declared.as_array_mut().unwrap() {
            datacenter["k8sContext"] = json!(context(1));
        }
        self.set_cluster(Some(self.declared.clone()));
        self
    }

    /// With contexts that all refuse to create and to delete.
    pub fn refusing_all(mut self) -> Simulation {
        self.refusing.clone_from(&self.servers.contexts);
        self
    }

    /// With this in the task, by a JSON pointer.
    pub fn with(mut self, pointer: &str, value: Value) -> Simulation {
        self.set(pointer, value);
        self
    }

    /// The same with the task being deleted.
    pub fn deleted(mut self) -> Simulation {
        self.delete();
        self
    }
}

/// How it is.
impl Simulation {
    /// A context says no more what it has.
    pub fn lose(&mut self, context: Option<&str>) {
        let since = (UnavailableReason::Unreachable, self.servers.now);
        for lost in lost(context) {
            self.servers.lost.entry(lost).or_insert(since);
        }
    }

    /// It says again what it has.
    pub fn regain(&mut self, context: Option<&str>) {
        for lost in lost(context) {
            self.servers.lost.remove(&lost);
        }
    }

    /// Whether a context is registered and says what it has.
    pub fn answers(&self, context: Option<&str>) -> bool {
        let mut lost = lost(context).into_iter();
        let is_lost = lost.any(|it| self.servers.lost.contains_key(&it));
        self.servers.is_registered(context) && !is_lost
    }

    /// The context that the cluster declares for a datacenter, as it is at first.
    pub fn home(&self, datacenter: &str) -> Option<&str> {
        let mut declared = datacenters(&self.declared);
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
        let mut homes = datacenters(&self.declared).filter_map(|it| it["k8sContext"].as_str());
        let are_registered = homes.all(|home| self.servers.is_registered(Some(home)));
        let ledger = self.engine.ledger(&self.primary());
        let may_create = ledger.is_some_and(|ledger| !ledger.late.is_empty());
        let is_lost = !self.servers.lost.is_empty();
        are_registered && self.refusing.is_empty() && !is_lost && !may_create
    }

    /// Whether its policy is Forbid now.
    pub fn is_forbidden(&self) -> bool {
        self.task()["spec"]["dcConcurrencyPolicy"] != "Allow"
    }
}

/// What cannot be reached where a context is lost.
fn lost(context: Option<&str>) -> Vec<(Context, Option<String>)> {
    match context {
        Some(name) => vec![(Some(name.to_owned()), None)],
        None => OF_CONTROL_PLANE
            .map(|kind| (None, Some(kind.to_owned())))
            .into(),
    }
}
