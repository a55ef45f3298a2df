//! A small world for the tests: a task, its cluster and its CassandraTasks in several contexts. It answers what the policy
//! asks to look at, carries out plans as the host does, and holds each written status against what the CRD demands.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::contract::*;
use crate::time::Time;

pub const NAMESPACE: &str = "k8ssandra-operator";
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";

/// Context, namespace and name of a CassandraTask.
type Key = (Option<String>, String, String);

#[derive(Clone)]
pub struct World {
    pub settings: String,
    pub now: Time,
    pub task: Value,
    pub cluster: Option<Value>,
    pub children: BTreeMap<Key, Value>,
    /// What each context but the control plane answers.
    pub contexts: BTreeMap<String, Result<(), Blindness>>,
    pub control_plane: Result<(), Blindness>,
    pub failure: Option<Failure>,
    /// The events that were recorded.
    pub events: Vec<String>,
    created: usize,
}

/// A time of the day of the examples.
pub fn at(time: &str) -> Time {
    Time::parse(&stamp(time)).unwrap()
}

fn stamp(time: &str) -> String {
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
            cluster: Some(cluster),
            children: BTreeMap::new(),
            contexts: (1..=datacenters)
                .map(|number| (context(number), Ok(())))
                .collect(),
            control_plane: Ok(()),
            failure: None,
            events: Vec::new(),
            created: 0,
        }
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

    pub fn blind(&mut self, context: &str, blindness: Blindness) {
        match blindness {
            Blindness::Unregistered => self.contexts.remove(context),
            unreachable => self.contexts.insert(context.into(), Err(unreachable)),
        };
    }

    /// The CassandraTask of a datacenter.
    pub fn child(&mut self, datacenter: &str) -> &mut Value {
        let name = format!("task1-{datacenter}");
        self.children
            .iter_mut()
            .find(|((_, _, child), _)| *child == name)
            .unwrap()
            .1
    }

    pub fn remove_child(&mut self, datacenter: &str) {
        let name = format!("task1-{datacenter}");
        self.children.retain(|(_, _, child), _| *child != name);
    }

    /// cass-operator starts it.
    pub fn start(&mut self, datacenter: &str, time: &str) {
        self.now = at(time);
        self.child(datacenter)["status"] = json!({"startTime": stamp(time), "active": 1, "conditions": [
            {"type": "Running", "status": "True", "reason": "Running", "message": "", "lastTransitionTime": stamp(time)},
        ]});
    }

    /// cass-operator ends it well.
    pub fn complete(&mut self, datacenter: &str, time: &str) {
        self.now = at(time);
        let condition = |kind, status| json!({"type": kind, "status": status, "reason": kind, "message": "", "lastTransitionTime": stamp(time)});
        let status = &mut self.child(datacenter)["status"];
        status["completionTime"] = json!(stamp(time));
        status["active"] = json!(0);
        status["succeeded"] = json!(1);
        status["conditions"] =
            json!([condition("Complete", "True"), condition("Running", "False")]);
    }

    /// cass-operator ends it badly: Complete and completionTime are set all the same.
    pub fn fail(&mut self, datacenter: &str, time: &str) {
        self.complete(datacenter, time);
        let status = &mut self.child(datacenter)["status"];
        status["succeeded"] = json!(0);
        status["failed"] = json!(1);
        status["conditions"].as_array_mut().unwrap().push(json!({
            "type": "Failed", "status": "True", "reason": "Failed", "lastTransitionTime": stamp(time),
            "message": "1 pods failed during processing",
        }));
    }

    /// Runs all to the end of the quick start, from a minute past 19:43 on, one datacenter a minute.
    pub fn run(&mut self, datacenters: &[&str]) {
        for (minute, datacenter) in (44..).zip(datacenters) {
            self.settle();
            self.start(datacenter, &format!("19:{minute}:00"));
            self.settle();
            self.complete(datacenter, &format!("19:{minute}:30"));
        }
        self.settle();
    }

    /// The snapshot with the answers to these.
    pub fn snapshot(&self, selectors: &[Selector]) -> Snapshot {
        let answer = |selector: &Selector| Observation {
            selector: selector.clone(),
            sightings: self.answer(selector),
        };
        Snapshot {
            now: self.now.millis_from(Time::from_millis(0)),
            primary: self.task.to_string(),
            observations: selectors.iter().map(answer).collect(),
            last_failure: self.failure.clone(),
        }
    }

    fn answer(&self, selector: &Selector) -> Vec<Sighting> {
        let reference = match selector {
            Selector::Labelled(_) => {
                let contexts = [None]
                    .into_iter()
                    .chain(self.contexts.keys().cloned().map(Some));
                return contexts
                    .map(|context| self.sight(context, |_, child| is_labelled(child)))
                    .collect();
            }
            Selector::Object(reference) => reference,
        };
        let context = reference.context.clone();
        if reference.gvk.kind == "K8ssandraCluster" {
            let is_asked = |cluster: &&Value| cluster["metadata"]["name"] == *reference.name;
            let cluster = self
                .cluster
                .iter()
                .filter(is_asked)
                .map(Value::to_string)
                .collect();
            return vec![Sighting {
                context,
                objects: self.control_plane.clone().map(|()| cluster),
            }];
        }
        let namespace = reference.namespace.clone().unwrap();
        vec![self.sight(context, |key, _| {
            key.1 == namespace && key.2 == reference.name
        })]
    }

    fn sight(&self, context: Option<String>, matches: impl Fn(&Key, &Value) -> bool) -> Sighting {
        let answers = match &context {
            None => self.control_plane.clone(),
            Some(name) => self
                .contexts
                .get(name)
                .cloned()
                .unwrap_or(Err(Blindness::Unregistered)),
        };
        let here = self
            .children
            .iter()
            .filter(|(key, child)| key.0 == context && matches(key, child));
        let objects = here.map(|(_, child)| child.to_string()).collect();
        Sighting {
            context,
            objects: answers.map(|()| objects),
        }
    }

    /// What the policy asks to look at, round by round, and what it decides then.
    pub fn decide(&self) -> (Vec<Vec<Selector>>, Plan) {
        let mut rounds: Vec<Vec<Selector>> = Vec::new();
        loop {
            let asked: Vec<Selector> = rounds.concat();
            match crate::reconcile(&self.settings, &self.snapshot(&asked)) {
                Outcome::Act(plan) => return (rounds, plan),
                Outcome::Look(new) => {
                    assert!(
                        !new.is_empty() && new.iter().all(|selector| !asked.contains(selector)),
                        "{new:?}"
                    );
                    rounds.push(new);
                }
            }
            assert!(rounds.len() <= 2, "{rounds:?}");
        }
    }

    /// What the policy decides.
    pub fn plan(&self) -> Plan {
        self.decide().1
    }

    /// Decides, and carries the plan out. The plan comes back.
    pub fn step(&mut self) -> Plan {
        let plan = self.plan();
        for action in &plan.actions {
            self.carry_out(action);
        }
        plan
    }

    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::Create(creation) => self.create(creation),
            Action::Delete(deletion) if deletion.object.gvk.kind == "K8ssandraTask" => {
                assert_eq!(deletion.uid, "task-uid");
                self.task["metadata"]["deletionTimestamp"] = json!(self.now.to_string());
            }
            Action::Delete(deletion) => {
                self.children
                    .retain(|_, child| child["metadata"]["uid"] != *deletion.uid);
            }
            Action::PatchMetadata(patch) => {
                let patch: BTreeMap<String, Value> = serde_json::from_str(patch).unwrap();
                for (name, value) in patch {
                    self.task["metadata"][name] = value;
                }
            }
            Action::SetStatus(status) => {
                let status: Value = serde_json::from_str(status).unwrap();
                assert_acceptable(&status);
                assert_ne!(
                    status, self.task["status"],
                    "nothing changed, but it is written"
                );
                self.task["status"] = status;
            }
            Action::RecordEvent(event) => self.events.push(event_line(event)),
        }
    }

    fn create(&mut self, creation: &Creation) {
        let mut object: Value = serde_json::from_str(&creation.object).unwrap();
        self.created += 1;
        object["metadata"]["uid"] = json!(format!("child-{}", self.created));
        object["metadata"]["creationTimestamp"] = json!(self.now.to_string());
        let text = |name: &str| object["metadata"][name].as_str().unwrap().to_owned();
        let key = (creation.context.clone(), text("namespace"), text("name"));
        assert!(
            self.children.insert(key, object).is_none(),
            "created twice: {}",
            creation.object
        );
    }

    /// Steps until nothing is left to do, as must come soon. What all the plans did comes back.
    pub fn settle(&mut self) -> Vec<String> {
        let mut done = VecDeque::new();
        for _ in 0..8 {
            let plan = self.step();
            if plan.actions.is_empty() {
                return done.into();
            }
            done.extend(lines(&plan));
        }
        panic!("it never rests: {done:?}");
    }

    pub fn status(&self) -> &Value {
        &self.task["status"]
    }

    /// A condition in one line: `True Reason message`; the empty text where there is none.
    pub fn condition(&self, kind: &str) -> String {
        let condition = crate::progress::condition(self.status(), kind);
        condition.map_or_else(String::new, |condition| {
            let text = |name: &str| condition[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("status"), text("reason"), text("message"))
        })
    }
}

fn is_labelled(child: &Value) -> bool {
    let labels = &child["metadata"]["labels"];
    labels["k8ssandra.io/task-name"] == "task1"
        && labels["k8ssandra.io/task-namespace"] == NAMESPACE
}

fn event_line(event: &Event) -> String {
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

/// What the public CRD demands of a status.
pub fn assert_acceptable(status: &Value) {
    for (name, value) in status.as_object().unwrap() {
        match name.as_str() {
            "startTime" | "completionTime" => assert_time(value),
            "active" | "succeeded" | "failed" => assert!(value.is_i64(), "{name}: {value}"),
            "datacenters" => assert!(value.as_object().unwrap().values().all(Value::is_object)),
            "conditions" => value.as_array().unwrap().iter().for_each(assert_condition),
            _ => {}
        }
    }
}

fn assert_condition(condition: &Value) {
    let text = |name: &str| {
        condition[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {condition}"))
    };
    assert!(
        ["True", "False", "Unknown"].contains(&text("status")),
        "{condition}"
    );
    assert!(text("message").chars().count() <= 32_768);
    // ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$
    let reason = text("reason");
    assert!(
        reason.starts_with(|c: char| c.is_ascii_alphabetic()),
        "{condition}"
    );
    assert!(
        reason.chars().all(|c| c.is_ascii_alphanumeric()),
        "{condition}"
    );
    assert!(!text("type").is_empty());
    assert_time(&condition["lastTransitionTime"]);
}

fn assert_time(value: &Value) {
    let text = value.as_str().unwrap();
    assert_eq!(
        Time::parse(text).unwrap().to_string(),
        text,
        "whole seconds in UTC"
    );
}
