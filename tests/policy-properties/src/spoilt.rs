//! Simulations in which the policy is shown an object that is not what it should be, or not even an object.

use k8ssandra_task_policy::contract::Snapshot;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::changes::{change, happen};
use crate::json::{json_value, replace};
use crate::simulation::Simulation;

/// A simulation in which something has happened, and in which the policy is shown any JSON in place of one of the objects, or in a
/// place of it. The task may be being deleted.
pub fn spoilt_simulation() -> impl Strategy<Value = Simulation> {
    let changes = prop::collection::vec(change(), 0..6);
    let place = (any::<Index>(), prop::collection::vec(any::<Index>(), 0..7));
    let parts = (changes, any::<bool>(), place, json_value());
    parts.prop_filter_map("the task is gone", |(changes, is_deleted, place, odd)| {
        let mut sim = Simulation::new(3);
        for change in &changes {
            sim.settle().unwrap();
            happen(&mut sim, change, "20:00:00");
        }
        sim.settle().unwrap();
        if sim.is_gone() {
            return None;
        }
        if is_deleted {
            // Where the policy does not hold it, somebody else does.
            let names = sim.task()["metadata"]["finalizers"].as_array();
            let mut names = names.cloned().unwrap_or_default();
            if !sim.is_being_deleted() {
                names.push(json!("example.com/other"));
                sim.set("/metadata/finalizers", json!(names));
            }
            sim.delete();
        }
        let (object, path) = place;
        let objects: Vec<&Value> = sim.servers.objects().map(|(_, it)| it).collect();
        let mut spoilt = object.get(&objects).to_owned().clone();
        let uid = spoilt["metadata"]["uid"].clone();
        replace(&mut spoilt, &path, odd);
        sim.spoilt = Some((uid, spoilt));
        Some(sim)
    })
}

impl Simulation {
    /// What the policy is shown: one object may be any JSON.
    pub(crate) fn spoil(&self, mut snapshot: Snapshot) -> Snapshot {
        let Some((uid, spoilt)) = &self.spoilt else {
            return snapshot;
        };
        let results = snapshot
            .observations
            .iter_mut()
            .flat_map(|it| &mut it.results);
        let objects = results.flat_map(|it| it.objects.iter_mut().flatten());
        for text in objects.chain([&mut snapshot.primary]) {
            let object: Value = serde_json::from_str(text).unwrap();
            if object["metadata"]["uid"] == *uid {
                *text = spoilt.to_string();
            }
        }
        snapshot
    }
}
