//! Clusters of a given size: what a policy is shown of them, for the benchmark and for the tests of the limits.

use cass_operator_sim::Times;
use k8ssandra_task_policy::contract::{Failure, Operation, Selector, Snapshot};
use pilothouse_core::Failures;
use pilothouse_core::failures::Cause;
use serde_json::{Value, json};

use crate::children::Course;
use crate::world::{NAMESPACE, World, stamp};

/// How large a cluster is, and what is there besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Datacenters, each in a context of its own.
    pub datacenters: usize,
    /// Pods in each.
    pub pods: usize,
    /// CassandraTasks with the labels of the task that do not belong to it.
    pub foreign: usize,
}

impl Size {
    /// So many datacenters with so many pods each, and so many foreign CassandraTasks.
    pub const fn new(datacenters: usize, pods: usize, foreign: usize) -> Size {
        Size {
            datacenters,
            pods,
            foreign,
        }
    }

    /// A task that runs in every datacenter at once, and has not been adopted yet.
    pub fn new_task(self) -> World {
        World::new(self.datacenters).with("/spec/dcConcurrencyPolicy", json!("Allow"))
    }

    /// The same once its CassandraTasks exist and every pod but one of each is done, and nothing is left to write.
    pub fn running(self) -> World {
        let mut world = self.new_task();
        world.settle().unwrap();
        for child in world.children_mut() {
            let datacenter = child["spec"]["datacenter"]["name"].as_str().unwrap_or("");
            child["status"] = running(datacenter, self.pods, false);
        }
        world.settle().unwrap();
        world
    }

    /// The same at the moment when one more pod of each datacenter is done: the largest status that is ever written.
    pub fn progressed(self) -> World {
        let mut world = self.running();
        for child in world.children_mut() {
            let datacenter = child["spec"]["datacenter"]["name"].as_str().unwrap_or("");
            child["status"] = running(datacenter, self.pods, true);
        }
        world
    }

    /// The same being deleted.
    pub fn deleted(self) -> World {
        self.running()
            .with("/metadata/deletionTimestamp", json!(stamp("19:50:00")))
    }

    /// The same where every delete was refused.
    pub fn delete_refused(self) -> World {
        self.deleted().refusing_all()
    }

    /// A new task whose creates were all refused.
    pub fn create_refused(self) -> World {
        self.new_task().refusing_all()
    }

    /// A task that runs in half of the datacenters when the others are added to it, one after the other from now on.
    pub fn narrowed(self) -> World {
        let half: Vec<String> = (1..=self.datacenters / 2)
            .map(|it| format!("dc{it}"))
            .collect();
        let mut world = self.new_task().with("/spec/datacenters", json!(half));
        world.settle().unwrap();
        world
            .with("/spec/datacenters", json!([]))
            .with("/spec/dcConcurrencyPolicy", json!("Forbid"))
    }

    /// A task that runs in all datacenters, all of which but the last are done.
    pub fn nearly_done(self) -> World {
        let mut world = self.running();
        for number in 1..self.datacenters {
            let name = format!("dc{number}");
            world.begin(&name, Course::WELL);
            world.work(&name, usize::MAX, "19:50:00");
        }
        world.settle().unwrap();
        world
    }

    /// A task whose first datacenter has failed, which cancels all others.
    pub fn cancelled(self) -> World {
        let mut world = World::new(self.datacenters);
        world.settle().unwrap();
        world.begin("dc1", Course::BADLY);
        world.work("dc1", usize::MAX, "19:50:00");
        world
    }

    /// A task in whose other datacenters a second controller is at work.
    pub fn conflicting(self) -> World {
        let mut world = World::new(self.datacenters);
        world.settle().unwrap();
        for number in 2..=self.datacenters {
            let key = world.child_key(&format!("dc{number}"));
            let mut object = foreign(number);
            object["metadata"]["name"] = json!(key.name);
            object["metadata"]["creationTimestamp"] = json!(stamp("19:59:00"));
            object["metadata"]["annotations"] = json!({});
            world.servers.put(key, object);
        }
        world
    }

    /// What the policy is shown of a cluster of this size where it is shown all that it asks for.
    pub fn snapshot(self, world: &World) -> Snapshot {
        let (mut snapshot, _) = world.decide();
        snapshot.failures = self.failures(world);
        self.with_foreign(snapshot)
    }

    /// What has failed once each API server that refuses has refused to do it with its CassandraTask.
    fn failures(self, world: &World) -> Vec<Failure> {
        let operation = match world.is_being_deleted() {
            true => Operation::Delete,
            false => Operation::Create,
        };
        let mut failures = Failures::default();
        for number in 1..=self.datacenters {
            let key = world.child_key(&format!("dc{number}"));
            if key
                .context
                .as_ref()
                .is_some_and(|it| world.refusing.contains(it))
            {
                let cause = Cause::because("Forbidden", "it is forbidden");
                failures.record(world.servers.now().wall, key, operation, cause);
            }
        }
        failures.list()
    }

    /// Adds the foreign CassandraTasks to what the labels find in the control plane.
    fn with_foreign(self, mut snapshot: Snapshot) -> Snapshot {
        let by_labels = snapshot
            .observations
            .iter_mut()
            .filter(|it| matches!(it.selector, Selector::Labels(_)));
        for result in by_labels.filter_map(|it| it.results.first_mut()) {
            let objects = (0..self.foreign).map(|number| foreign(number).to_string());
            result
                .objects
                .iter_mut()
                .for_each(|it| it.extend(objects.clone()));
        }
        snapshot
    }
}

/// The status of a CassandraTask with so many pods when all of them are done, or all but the last.
fn running(datacenter: &str, pods: usize, is_done: bool) -> Value {
    let course = Course {
        pods,
        ..Course::WELL
    };
    let writes = course.writes(datacenter);
    let ended = writes.iter().position(|it| it.name() == "label-completed");
    let count = ended.unwrap() - usize::from(!is_done);
    let now = &*stamp("19:44:00");
    let mut status = json!({});
    for write in writes[..count].iter().filter(|it| it.is_of_status()) {
        write.apply(
            &mut status,
            Times {
                now,
                reconcile: now,
            },
        );
    }
    status
}

/// A CassandraTask that another controller left behind, as it looks once it has run.
fn foreign(number: usize) -> Value {
    json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1",
        "kind": "CassandraTask",
        "metadata": {
            "name": format!("task1-former{number}"), "namespace": NAMESPACE, "uid": format!("former-{number}"),
            "creationTimestamp": stamp("10:00:00"),
            "labels": {"k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": NAMESPACE},
            "annotations": {"pilothouse.dev/created-for": "former-uid"},
        },
        "spec": {"datacenter": {"name": format!("former{number}"), "namespace": NAMESPACE}, "jobs": [{"name": "job1", "command": "cleanup"}]},
        "status": running(&format!("former{number}"), 3, true),
    })
}
