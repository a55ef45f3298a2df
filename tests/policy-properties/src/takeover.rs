//! Worlds in which k8ssandra-operator has begun the task, and stopped after any number of its writes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::children::{Course, course};
use crate::laws::{has_ended, is_true};
use crate::world::{FINALIZER, NAMESPACE, World, stamp};

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

/// Any world with such a policy that k8ssandra-operator leaves behind.
pub fn taken_over(policy: &'static str) -> impl Strategy<Value = World> {
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
        left.world(policy)
    })
}

impl Left {
    fn world(mut self, policy: &str) -> World {
        let mut world = World::new(3).with("/spec/dcConcurrencyPolicy", json!(policy));
        world.set("/metadata/creationTimestamp", json!(stamp("19:30:00")));
        let mut names = ["dc1", "dc2", "dc3"];
        if self.is_listed {
            world.set("/spec/datacenters", json!(names));
            names.reverse();
        }
        if let Some((_, earlier)) = self.courses.split_last_mut().filter(|_| policy == "Forbid") {
            one_after_the_other(earlier);
        }
        let mut copies = Map::new();
        for (name, (course, done)) in names.into_iter().zip(&self.courses) {
            let is_last = copies.len() + 1 == self.courses.len();
            let is_late = is_last && self.is_late;
            let copy = self.begin(&mut world, name, *course, *done, is_late);
            if !(is_last && self.is_unrecorded) {
                copies.insert(name.to_owned(), copy);
            }
        }
        // Without a finalizer, only a status shows that it began.
        self.bind(&mut world, self.is_owned && !copies.is_empty());
        if !copies.is_empty() || self.was_invalid {
            world.task_mut()["status"] = self.status(&copies);
        }
        world.remember_beginnings();
        world.remember_ends();
        world
    }

    /// A task that has an owner already gets neither finalizer nor owner reference.
    fn bind(&self, world: &mut World, is_owned: bool) {
        let (kind, uid) = if is_owned {
            ("Backup", "backup-uid")
        } else {
            world.set("/metadata/finalizers", json!([FINALIZER]));
            ("K8ssandraCluster", "cluster-uid")
        };
        let owner = json!({"kind": kind, "name": "demo", "uid": uid, "controller": true});
        world.set("/metadata/ownerReferences", json!([owner]));
    }

    /// Creates a CassandraTask, and lets cass-operator work. What k8ssandra-operator sees last comes back.
    fn begin(
        &self,
        world: &mut World,
        name: &str,
        course: Course,
        done: usize,
        is_late: bool,
    ) -> Value {
        world.upstream.insert(format!("upstream-{name}"));
        world
            .servers
            .put(world.child_key(name), cassandra_task(name));
        world.begin(name, course);
        let mut seen = json!({});
        let count = course.writes(name).len().min(done);
        for number in 1..=count {
            world.work(name, 1, &format!("19:32:{number:02}"));
            let status = &mut world.child(name)["status"];
            if self.is_bare {
                strip(status);
            }
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
