//! Worlds in which one object is not what it should be, or not even an object.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::happenings::{happen, happening};
use crate::json::{json_value, replace};
use crate::world::World;

/// A world to which something has happened, and then any JSON came in place of one of its objects, or in a place of it. The task
/// may be being deleted.
pub fn spoilt_world() -> impl Strategy<Value = World> {
    let story = prop::collection::vec(happening(), 0..6);
    let place = (any::<Index>(), prop::collection::vec(any::<Index>(), 0..7));
    (story, any::<bool>(), place, json_value()).prop_map(|(story, is_deleted, place, odd)| {
        let mut world = World::new(3);
        world.settle();
        for happening in &story {
            happen(&mut world, happening, "20:00:00");
            world.settle();
        }
        if is_deleted {
            world.task["metadata"]["deletionTimestamp"] = json!("2022-12-15T20:00:00Z");
        }
        world.is_spoilt = true;
        let (object, path) = place;
        let mut objects: Vec<&mut Value> = vec![&mut world.task];
        objects.extend(&mut world.cluster);
        objects.extend(world.children.values_mut());
        let count = objects.len();
        replace(objects.swap_remove(object.index(count)), &path, odd);
        world
    })
}
