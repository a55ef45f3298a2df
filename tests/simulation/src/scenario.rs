//! What there is to do: a task, and what becomes of its datacenters.

use fastrand::Rng;
use policy_properties::Simulation;
use policy_properties::changes::Change;
use policy_properties::children::Course;
use serde_json::json;

use crate::users::{Deed, Draws};

/// How long after the beginning a user acts, at most, in milliseconds.
const USER_WITHIN: u64 = 60_000;

/// A task.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub is_forbid: bool,
    /// What cass-operator makes of each datacenter.
    pub courses: Vec<Course>,
    /// What users do, and when.
    pub deeds: Vec<(u64, Deed)>,
    /// How many hosts run side by side.
    pub hosts: usize,
}

impl Scenario {
    /// That of a seed: nobody touches the task, somebody deletes it, or users do anything.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let course = |rng: &mut Rng| match rng.u8(0..4) {
            0 => Course::BADLY,
            _ => Course::WELL,
        };
        let courses = (0..rng.usize(1..=3)).map(|_| course(&mut rng)).collect();
        let drawn = Self {
            hosts: if rng.u8(0..4) == 0 { 2 } else { 1 },
            ..Self::of(rng.u8(0..3) > 0, courses)
        };
        match rng.u8(0..6) {
            0 => drawn.with(rng.u64(0..USER_WITHIN), Change::Deleted),
            1 | 2 => drawn.edited(&mut rng),
            _ => drawn,
        }
    }

    /// The same with a user who does that then.
    pub fn with(mut self, at: u64, change: Change) -> Self {
        self.deeds.push((at, Deed::Change(change)));
        self
    }

    /// The same with three datacenters, anything that users do, and anything that cass-operator does; and one host.
    fn edited(self, rng: &mut Rng) -> Self {
        let mut draws = Draws::new(rng.u64(..));
        let deed = |rng: &mut Rng, draws: &mut Draws| match rng.u8(0..10) {
            0 => Deed::Recreate,
            1 => Deed::TimeToLive(rng.u64(0..3) * 20),
            _ => Deed::Change(draws.change()),
        };
        let deeds = (0..rng.usize(1..6)).map(|_| (rng.u64(0..USER_WITHIN), deed(rng, &mut draws)));
        Self {
            deeds: deeds.collect(),
            courses: (0..3).map(|_| draws.course()).collect(),
            hosts: 1,
            ..self
        }
    }

    /// Whether users do nothing, but maybe delete the task: then it is known how it ends.
    pub fn is_plain(&self) -> bool {
        let mut deeds = self.deeds.iter();
        deeds.all(|(_, deed)| matches!(deed, Deed::Change(Change::Deleted)))
    }

    /// Whether a user deletes the task, and nothing else is done.
    pub fn is_deleted(&self) -> bool {
        self.is_plain() && !self.deeds.is_empty()
    }

    /// Whether Forbid stays.
    pub fn is_strict(&self) -> bool {
        let mut deeds = self.deeds.iter();
        let is_switched = deeds.any(|(_, deed)| matches!(deed, Deed::Change(Change::Policy(_))));
        self.is_forbid && !is_switched
    }

    /// A task that nobody touches, under one host.
    pub fn of(is_forbid: bool, courses: Vec<Course>) -> Self {
        Self {
            is_forbid,
            courses,
            deeds: Vec::new(),
            hosts: 1,
        }
    }

    /// The objects at the beginning.
    pub fn objects(&self) -> Simulation {
        let policy = if self.is_forbid { "Forbid" } else { "Allow" };
        let objects = Simulation::new(self.courses.len());
        objects.with("/spec/dcConcurrencyPolicy", json!(policy))
    }
}
