//! A small world for the tests: a task, its cluster and its CassandraTasks in several contexts. It answers what the policy
//! asks to look at and carries out plans as the host does (`host`); a simulated cass-operator works on the CassandraTasks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8ssandra_task_policy::contract::*;
use pilothouse_core::Failures;
use serde_json::{Value, json};

pub const NAMESPACE: &str = "k8ssandra-operator";
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";

/// Context, namespace and name of a CassandraTask.
pub type Key = (Option<String>, String, String);

#[derive(Clone, Debug)]
pub struct World {
    pub settings: String,
    pub now: Timestamp,
    pub task: Value,
    pub cluster: Option<Value>,
    /// The cluster as it is at first.
    pub declared: Value,
    pub children: BTreeMap<Key, Value>,
    /// What each context but the control plane answers.
    pub contexts: BTreeMap<String, Result<(), Unavailable>>,
    pub control_plane: Result<(), Unavailable>,
    pub failures: Failures,
    /// What the last plan depended on.
    pub observes: Vec<Selector>,
    /// The contexts that refuse to create and to delete.
    pub refusing: BTreeSet<String>,
    /// The events that were recorded.
    pub events: Vec<String>,
    pub created: usize,
    /// The UIDs of the CassandraTasks that have ended: what is written into their statuses later does not begin them again.
    pub ended: BTreeSet<String>,
    /// The UIDs of the CassandraTasks that k8ssandra-operator had created for the task before the policy took charge.
    pub upstream: BTreeSet<String>,
    /// The datacenters whose CassandraTasks have begun, as far as the task's status has ever said.
    pub begun: BTreeSet<String>,
    /// Whether the task came back from a backup, and nobody has said since that it is to run again.
    pub is_restored: bool,
    /// Whether one of its objects may be any JSON.
    pub is_spoilt: bool,
}

/// A context that cannot say what it has.
pub fn unavailable(reason: UnavailableReason) -> Unavailable {
    Unavailable {
        reason,
        since: None,
        message: "down".into(),
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
            "metadata": {"name": "demo", "namespace": NAMESPACE, "uid": "cluster-uid"},
            "spec": {"cassandra": {"datacenters": declared.collect::<Vec<_>>()}},
        });
        let task = json!({
            "metadata": {"name": "task1", "namespace": NAMESPACE, "uid": "task-uid"},
            "spec": {
                "cluster": {"name": "demo"},
                "template": {"jobs": [{"name": "job1", "command": "cleanup"}]},
            },
        });
        World {
            settings: "{}".into(),
            now: at("19:43:00"),
            task,
            cluster: Some(cluster.clone()),
            declared: cluster,
            children: BTreeMap::new(),
            contexts: (1..=datacenters)
                .map(|number| (context(number), Ok(())))
                .collect(),
            control_plane: Ok(()),
            failures: Failures::default(),
            observes: Vec::new(),
            refusing: BTreeSet::new(),
            events: Vec::new(),
            created: 0,
            ended: BTreeSet::new(),
            upstream: BTreeSet::new(),
            begun: BTreeSet::new(),
            is_restored: false,
            is_spoilt: false,
        }
    }

    /// With all datacenters in one context, the first.
    pub fn in_one_context(mut self) -> World {
        let declared = &mut self.declared["spec"]["cassandra"]["datacenters"];
        for datacenter in declared.as_array_mut().unwrap() {
            datacenter["k8sContext"] = json!("kind-k8ssandra-1");
        }
        self.cluster = Some(self.declared.clone());
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
        self.task.pointer_mut(parent).unwrap()[name] = value;
    }

    /// A context says no more what it has.
    pub fn lose(&mut self, context: &str, reason: UnavailableReason) {
        match reason {
            UnavailableReason::NotRegistered => self.contexts.remove(context),
            _ => self
                .contexts
                .insert(context.into(), Err(unavailable(reason))),
        };
    }

    /// The context that the cluster declares for a datacenter, as it is at first.
    pub fn home(&self, datacenter: &str) -> Option<&str> {
        let declared = &self.declared["spec"]["cassandra"]["datacenters"];
        let mut declared = declared.as_array().into_iter().flatten();
        declared.find(|it| it["metadata"]["name"] == datacenter)?["k8sContext"].as_str()
    }

    /// Whether the task's deletion was asked for.
    pub fn is_being_deleted(&self) -> bool {
        !self.task["metadata"]["deletionTimestamp"].is_null()
    }

    /// Whether the policy's finalizer is on the task.
    pub fn is_held(&self) -> bool {
        let finalizers = self.task["metadata"]["finalizers"].as_array();
        finalizers.is_some_and(|it| it.iter().any(|it| it == FINALIZER))
    }

    /// Whether the task is gone: the deletion of one that nothing holds.
    pub fn is_gone(&self) -> bool {
        self.is_being_deleted() && !self.is_held()
    }

    /// Whether nothing keeps a plan from being carried out, and everything that is registered is seen.
    pub fn is_kind(&self) -> bool {
        let mut answers = self.contexts.values().chain([&self.control_plane]);
        let declared = &self.declared["spec"]["cassandra"]["datacenters"];
        let declared = declared.as_array().into_iter().flatten();
        let mut homes = declared.filter_map(|it| it["k8sContext"].as_str());
        let are_registered = homes.all(|home| self.contexts.contains_key(home));
        are_registered && self.refusing.is_empty() && answers.all(Result::is_ok)
    }

    /// Whether its policy is Forbid now.
    pub fn is_forbidden(&self) -> bool {
        self.task["spec"]["dcConcurrencyPolicy"] != "Allow"
    }

    pub fn status(&self) -> &Value {
        &self.task["status"]
    }
}

pub fn event_line(event: &Event) -> String {
    let severity = if event.severity == Severity::Normal {
        "Normal"
    } else {
        "Warning"
    };
    format!("{severity} {} {}", event.reason, event.message)
}

/// The actions of a plan, a line each.
pub fn lines(plan: &Plan) -> Vec<String> {
    let line = |action: &Action| match action {
        Action::Create(creation) => {
            let object: Value = serde_json::from_str(&creation.object).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap();
            format!(
                "create {name} in {}",
                creation.context.as_deref().unwrap_or("the control plane")
            )
        }
        Action::Delete(deletion) => {
            let context = deletion
                .object
                .context
                .as_deref()
                .unwrap_or("the control plane");
            format!("delete {} in {context}", deletion.object.name)
        }
        Action::PatchMetadata(_) => "patch-metadata".to_owned(),
        Action::SetStatus(_) => "set-status".to_owned(),
        Action::RecordEvent(event) => format!("event {}", event_line(event)),
    };
    plan.actions.iter().map(line).collect()
}
