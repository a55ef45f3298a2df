//! Clusters of a given size: what a policy is shown of them, for the benchmark and for the tests of the limits.

use cass_operator_sim::Times;
use k8ssandra_task_policy::contract::{Failure, Operation, Selector, Snapshot};
use pilothouse_core::Failures;
use pilothouse_core::failures::Cause;
use serde_json::{Value, json};

use crate::children::Course;
use crate::simulation::{NAMESPACE, Simulation, stamp};

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
    pub fn new_task(self) -> Simulation {
        Simulation::new(self.datacenters).with("/spec/dcConcurrencyPolicy", json!("Allow"))
    }

    /// The same once its CassandraTasks exist and every pod but one of each is done, and nothing is left to write.
    pub fn running(self) -> Simulation {
        let mut sim = self.new_task();
        sim.settle().unwrap();
        self.progress(&mut sim, false);
        sim.settle().unwrap();
        sim
    }

    /// The same at the moment when one more pod of each datacenter is done: the largest status that is ever written.
    pub fn progressed(self) -> Simulation {
        let mut sim = self.running();
        self.progress(&mut sim, true);
        sim
    }

    /// Every pod of each CassandraTask is done, or all but the last.
    fn progress(self, sim: &mut Simulation, is_done: bool) {
        sim.change_children(|child| {
            let datacenter = child["spec"]["datacenter"]["name"].as_str().unwrap_or("");
            child["status"] = running(datacenter, self.pods, is_done);
        });
    }

    /// The same being deleted.
    pub fn deleted(self) -> Simulation {
        self.running().deleted()
    }

    /// The same where every delete was refused.
    pub fn delete_refused(self) -> Simulation {
        self.deleted().refusing_all()
    }

    /// A new task whose creates were all refused.
    pub fn create_refused(self) -> Simulation {
        self.new_task().refusing_all()
    }

    /// A task that runs in half of the datacenters when the others are added to it, one after the other from now on.
    pub fn narrowed(self) -> Simulation {
        let half: Vec<String> = (1..=self.datacenters / 2)
            .map(|it| format!("dc{it}"))
            .collect();
        let mut sim = self.new_task().with("/spec/datacenters", json!(half));
        sim.settle().unwrap();
        sim.with("/spec/datacenters", json!([]))
            .with("/spec/dcConcurrencyPolicy", json!("Forbid"))
    }

    /// A task that runs in all datacenters, all of which but the last are done.
    pub fn nearly_done(self) -> Simulation {
        let mut sim = self.running();
        for number in 1..self.datacenters {
            let name = format!("dc{number}");
            sim.begin(&name, Course::WELL);
            sim.work(&name, usize::MAX, "19:50:00");
        }
        sim.settle().unwrap();
        sim
    }

    /// A task whose first datacenter has failed, which cancels all others.
    pub fn cancelled(self) -> Simulation {
        let mut sim = Simulation::new(self.datacenters);
        sim.settle().unwrap();
        sim.begin("dc1", Course::BADLY);
        sim.work("dc1", usize::MAX, "19:50:00");
        sim
    }

    /// A task in whose other datacenters a second controller is at work.
    pub fn conflicting(self) -> Simulation {
        let mut sim = Simulation::new(self.datacenters);
        sim.settle().unwrap();
        for number in 2..=self.datacenters {
            let key = sim.child_key(&format!("dc{number}"));
            let mut object = foreign(number);
            object["metadata"]["creationTimestamp"] = json!(stamp("19:59:00"));
            object["metadata"]["annotations"] = json!({});
            sim.put(&key, object);
        }
        sim
    }

    /// What the policy is shown of a cluster of this size where it is shown all that it asks for.
    pub fn snapshot(self, sim: &Simulation) -> Snapshot {
        let (mut snapshot, _) = sim.decide();
        snapshot.failures = self.failures(sim);
        self.with_foreign(snapshot)
    }

    /// What has failed once each API server that refuses has refused to do it with its CassandraTask.
    fn failures(self, sim: &Simulation) -> Vec<Failure> {
        let operation = match sim.is_being_deleted() {
            true => Operation::Delete,
            false => Operation::Create,
        };
        let mut failures = Failures::default();
        for number in 1..=self.datacenters {
            let key = sim.child_key(&format!("dc{number}"));
            if key
                .context
                .as_ref()
                .is_some_and(|it| sim.refusing.contains(it))
            {
                let cause = Cause::because("Forbidden", "it is forbidden");
                failures.record(sim.servers.now().wall, key, operation, cause);
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
