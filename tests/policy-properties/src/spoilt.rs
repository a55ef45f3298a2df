//! Worlds in which the policy is shown an object that is not what it should be, or not even an object.

use k8ssandra_task_policy::contract::Snapshot;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::happenings::{happen, happening};
use crate::json::{json_value, replace};
use crate::world::World;

/// A world to which something has happened, and in which the policy is shown any JSON in place of one of the objects, or in a
/// place of it. The task may be being deleted.
pub fn spoilt_world() -> impl Strategy<Value = World> {
    let story = prop::collection::vec(happening(), 0..6);
    let place = (any::<Index>(), prop::collection::vec(any::<Index>(), 0..7));
    let parts = (story, any::<bool>(), place, json_value());
    parts.prop_filter_map("the task is gone", |(story, is_deleted, place, odd)| {
        let mut world = World::new(3);
        for happening in &story {
            world.settle().unwrap();
            happen(&mut world, happening, "20:00:00");
        }
        world.settle().unwrap();
        if world.is_gone() {
            return None;
        }
        if is_deleted {
            world.set("/metadata/deletionTimestamp", json!("2022-12-15T20:00:00Z"));
        }
        let (object, path) = place;
        let objects: Vec<&Value> = world.servers.iter().map(|(_, it)| it).collect();
        let mut spoilt = object.get(&objects).to_owned().clone();
        let uid = spoilt["metadata"]["uid"].clone();
        replace(&mut spoilt, &path, odd);
        world.spoilt = Some((uid, spoilt));
        Some(world)
    })
}

impl World {
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
