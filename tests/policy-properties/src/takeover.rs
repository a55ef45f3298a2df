//! Simulations in which k8ssandra-operator has begun the task, and stopped after any number of its writes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::children::{Course, course};
use crate::laws::{has_ended, is_true};
use crate::simulation::{FINALIZER, NAMESPACE, Simulation, context, stamp};

/// How k8ssandra-operator left a task.
#[derive(Debug, Clone)]
struct Left {
    /// What becomes of the CassandraTasks it created, in its order, and how many of its writes cass-operator has made.
    courses: Vec<(Course, usize)>,
    /// Whether the specification lists the datacenters: it begins at the end of a list.
    is_listed: bool,
    /// Whether it stopped between the last create and the status.
    is_unrecorded: bool,
    /// Whether it stopped before it saw the last write of cass-operator.
    is_late: bool,
    /// Whether the task had an owner, so that it has no finalizer.
    is_owned: bool,
    /// Whether conditions have neither reason nor message, as in old versions.
    is_bare: bool,
    /// Whether it set `Invalid` once, which it never clears.
    was_invalid: bool,
}

/// Any simulation with such a policy that k8ssandra-operator leaves behind.
pub fn taken_over(policy: &'static str) -> impl Strategy<Value = Simulation> {
    let done = prop_oneof![0..8_usize, Just(usize::MAX)];
    let courses = prop::collection::vec((course(), done), 0..=3);
    let (often, seldom) = (prop::bool::ANY, prop::bool::weighted(0.25));
    let flags = (often, often, often, seldom, seldom, seldom);
    (courses, flags).prop_map(move |(courses, flags)| {
        let (is_listed, is_unrecorded, is_late, is_owned, is_bare, was_invalid) = flags;
        let left = Left {
            courses,
            is_listed,
            is_unrecorded,
            is_late,
            is_owned,
            is_bare,
            was_invalid,
        };
        left.sim(policy)
    })
}

impl Left {
    fn sim(mut self, policy: &str) -> Simulation {
        let mut sim = Simulation::new(3);
        if self.is_bare {
            for number in 1..=3 {
                sim.relax(&Some(context(number)), "CassandraTask");
            }
            sim.relax(&None, "K8ssandraTask");
        }
        let mut names = ["dc1", "dc2", "dc3"];
        if self.is_listed {
            sim.set("/spec/datacenters", json!(names));
            names.reverse();
        }
        if let Some((_, earlier)) = self.courses.split_last_mut().filter(|_| policy == "Forbid") {
            one_after_the_other(earlier);
        }
        let mut copies = Map::new();
        for (name, (course, done)) in names.into_iter().zip(&self.courses) {
            let is_last = copies.len() + 1 == self.courses.len();
            let is_late = is_last && self.is_late;
            let copy = self.begin(&mut sim, name, *course, *done, is_late);
            if !(is_last && self.is_unrecorded) {
                copies.insert(name.to_owned(), copy);
            }
        }
        sim.change(&sim.task_key.clone(), |task| {
            task["spec"]["dcConcurrencyPolicy"] = json!(policy);
            self.change(task, &copies);
        });
        if self.is_bare {
            sim.redefine(&None);
        }
        sim.remember_beginnings();
        sim.remember_ends();
        sim
    }

    /// What it made of the task. One that has an owner already gets neither finalizer nor owner reference.
    fn change(&self, task: &mut Value, copies: &Map<String, Value>) {
        let metadata = &mut task["metadata"];
        metadata["creationTimestamp"] = json!(stamp("19:30:00"));
        // Without a finalizer, only a status shows that it began.
        let (api_version, kind, uid) = if self.is_owned && !copies.is_empty() {
            ("medusa.k8ssandra.io/v1alpha1", "MedusaBackup", "backup-uid")
        } else {
            metadata["finalizers"] = json!([FINALIZER]);
            ("k8ssandra.io/v1alpha1", "K8ssandraCluster", "cluster-uid")
        };
        metadata["ownerReferences"] = json!([{
            "apiVersion": api_version, "kind": kind, "name": "demo", "uid": uid, "controller": true,
        }]);
        if !copies.is_empty() || self.was_invalid {
            task["status"] = self.status(copies);
        }
    }

    /// Creates a CassandraTask, and lets cass-operator work. What k8ssandra-operator sees last comes back.
    fn begin(
        &self,
        sim: &mut Simulation,
        name: &str,
        course: Course,
        done: usize,
        is_late: bool,
    ) -> Value {
        let key = sim.child_key(name);
        sim.upstream.insert(format!("upstream-{name}"));
        sim.put(&key, cassandra_task(name));
        sim.begin(name, course);
        let mut seen = json!({});
        let count = course.writes(name).len().min(done);
        for number in 1..=count {
            sim.work(name, 1, &format!("19:32:{number:02}"));
            if self.is_bare {
                sim.change(&key, |child| strip(&mut child["status"]));
            }
            let status = &sim.object(&key)["status"];
            if status.is_object() && !(is_late && number == count) {
                seen = status.clone();
            }
        }
        seen
    }

    /// The status that it writes at the end of a reconcile.
    fn status(&self, copies: &Map<String, Value>) -> Value {
        let times = |name: &str| {
            let times = copies.values().filter_map(|it| it[name].as_str());
            times.map(str::to_owned).collect::<Vec<_>>()
        };
        let sum = |name: &str| -> i64 { copies.values().filter_map(|it| it[name].as_i64()).sum() };
        let mut status = json!({
            "active": sum("active"), "succeeded": sum("succeeded"), "failed": sum("failed"),
            "conditions": self.conditions(copies),
            "datacenters": copies,
        });
        if let Some(start) = times("startTime").iter().min() {
            status["startTime"] = json!(start);
        }
        if are_over(copies) {
            status["completionTime"] = json!(times("completionTime").iter().max());
        }
        if self.is_bare {
            strip(&mut status);
        }
        status
    }

    fn conditions(&self, copies: &Map<String, Value>) -> Vec<Value> {
        let any = |kind: &str| copies.values().any(|it| is_true(it, kind));
        let kinds = [
            ("Running", any("Running")),
            ("Failed", any("Failed")),
            ("Complete", are_over(copies)),
        ];
        let invalid = self.was_invalid.then_some(("Invalid", true));
        let condition = |(kind, is_true): (&str, bool)| {
            json!({
                "type": kind, "status": if is_true { "True" } else { "False" },
                "reason": kind, "message": "", "lastTransitionTime": stamp("19:34:00"),
            })
        };
        kinds.into_iter().chain(invalid).map(condition).collect()
    }
}

fn are_over(copies: &Map<String, Value>) -> bool {
    copies.len() == 3 && copies.values().all(has_ended)
}

/// Under Forbid, it waits for the completionTime of each, whatever became of it.
fn one_after_the_other(earlier: &mut [(Course, usize)]) {
    for (course, done) in earlier {
        *done = usize::MAX;
        if !course.ends() {
            *course = Course::WELL;
        }
    }
}

/// One of its CassandraTasks.
fn cassandra_task(datacenter: &str) -> Value {
    json!({
        "metadata": {
            "uid": format!("upstream-{datacenter}"), "creationTimestamp": stamp("19:31:00"),
            "labels": {
                "app.kubernetes.io/name": "k8ssandra-operator", "app.kubernetes.io/part-of": "k8ssandra",
                "app.kubernetes.io/component": "cassandra",
                "k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": NAMESPACE,
            },
        },
        "spec": {
            "datacenter": {"name": datacenter, "namespace": NAMESPACE},
            "jobs": [{"name": "job1", "command": "cleanup", "args": {}}],
            "restartPolicy": "OnFailure", "concurrencyPolicy": "Forbid", "ttlSecondsAfterFinished": 0,
        },
    })
}

/// Old versions write no more of a condition than was required once.
fn strip(status: &mut Value) {
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let fields = condition.as_object_mut().unwrap();
        fields.retain(|name, _| !["reason", "message"].contains(&name.as_str()));
    }
}
