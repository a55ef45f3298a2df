//! What there is to do: a task, and what becomes of its datacenters.

use fastrand::Rng;
use policy_properties::Simulation;
use policy_properties::children::Course;
use serde_json::json;

/// How long after the beginning a user acts, at most, in milliseconds.
const USER_WITHIN: u64 = 60_000;

/// A task.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub is_forbid: bool,
    /// What cass-operator makes of each datacenter.
    pub courses: Vec<Course>,
    /// When a user deletes the task.
    pub deleted_at: Option<u64>,
    /// How many hosts run side by side.
    pub hosts: usize,
}

impl Scenario {
    /// That of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let course = |rng: &mut Rng| match rng.u8(0..4) {
            0 => Course::BADLY,
            _ => Course::WELL,
        };
        Self {
            is_forbid: rng.u8(0..3) > 0,
            courses: (0..rng.usize(1..=3)).map(|_| course(&mut rng)).collect(),
            deleted_at: (rng.u8(0..4) == 0).then(|| rng.u64(0..USER_WITHIN)),
            hosts: if rng.u8(0..4) == 0 { 2 } else { 1 },
        }
    }

    /// A task that nobody touches, under one host.
    pub fn of(is_forbid: bool, courses: Vec<Course>) -> Self {
        Self {
            is_forbid,
            courses,
            deleted_at: None,
            hosts: 1,
        }
    }

    /// The objects at the beginning.
    pub fn objects(&self) -> Simulation {
        let policy = if self.is_forbid { "Forbid" } else { "Allow" };
        let objects = Simulation::new(self.courses.len());
        objects.with("/spec/dcConcurrencyPolicy", json!(policy))
    }

    /// The names of the datacenters.
    pub fn datacenters(&self) -> impl Iterator<Item = String> {
        (1..=self.courses.len()).map(|number| format!("dc{number}"))
    }
}
