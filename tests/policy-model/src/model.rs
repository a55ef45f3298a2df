//! The model that the checker explores: the world's first state, what may happen next, and what must hold.
//!
//! Comes in: a configuration. Goes out: states, moves and properties. Each move is one write, one observation or one fault, so that
//! everything else may come between any two.

use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use pilothouse_core::Object;
use stateright::{Model, Property};

use crate::act::Act;
use crate::config::Config;
use crate::laws::{self, Law};
use crate::policy::{Decision, Policy};
use crate::reachable::Goal;
use crate::state::{Child, State, Task};
use crate::view::{Known, View};
use crate::{host, idle, initial, liveness, moves};

/// The model of one configuration.
pub struct World {
    /// What is explored.
    pub config: Config,
    /// The policy.
    pub policy: Policy,
    /// Which states lead to a good end in a fair world, by their hashes.
    pub ends: DashMap<u64, bool>,
    laws: DashMap<(u32, u32), Option<Law>>,
    /// The properties that were found violated: only the first discovery of each is kept, since it has the shortest path.
    found: AtomicU64,
}

impl World {
    /// The model of a configuration, with nothing explored yet.
    pub fn new(config: Config) -> Result<World, String> {
        Ok(World {
            config,
            policy: Policy::new()?,
            ends: DashMap::new(),
            laws: DashMap::new(),
            found: AtomicU64::new(0),
        })
    }

    /// Whether a datacenter is a target of a task.
    pub fn is_target(&self, state: &State, task: Task, dc: usize) -> bool {
        self.config.is_target(task.spec, state.cluster, dc)
    }

    /// The law that a status breaks when it takes the place of the task's.
    pub fn status_law(&self, task: Task, status: u32) -> Option<Law> {
        let key = (task.status, status);
        *self.laws.entry(key).or_insert_with(|| {
            let (before, after) = (self.policy.facts(task.status), self.policy.facts(status));
            laws::status(&before, &after)
        })
    }

    /// What is known in a view, and what a decision says of it.
    pub fn known<'a>(&'a self, view: &'a View, decision: &'a Decision) -> Known<'a> {
        Known::new(&self.config, &self.policy, view, &decision.reasons)
    }

    /// Whether the last step has kept a law.
    pub fn keeps(&self, state: &State, law: Law) -> bool {
        self.first(law as u64, state.broken != Some(law))
    }

    /// Lets only the first violation of a property through.
    fn first(&self, property: u64, holds: bool) -> bool {
        let bit = 1 << property;
        holds || self.found.fetch_or(bit, Ordering::Relaxed) & bit != 0
    }

    /// What is left of a CassandraTask whose deletion is asked for: nothing, unless somebody's finalizer holds it.
    pub fn deleted(&self, child: Child) -> Option<Child> {
        self.config.has_other_finalizers.then_some(Child {
            deleting: true,
            ..child
        })
    }

    /// A K8ssandraTask as its API server shows it.
    pub fn render(&self, task: Task) -> Object {
        self.policy.render(&self.config, task)
    }

    /// A K8ssandraTask as somebody creates it.
    pub fn new_task(&self, incarnation: u8, clock: u8) -> Task {
        Task {
            incarnation,
            born: clock,
            spec: 0,
            finalizer: false,
            owner: 0,
            deleting: false,
            status: 0,
            record: 0,
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        initial::states(self)
    }

    fn actions(&self, state: &State, acts: &mut Vec<Act>) {
        // What follows a broken law says nothing more.
        if state.broken.is_none() {
            moves::possible(self, state, acts);
        }
    }

    fn next_state(&self, state: &State, act: Act) -> Option<State> {
        let next = match act {
            Act::Host(fault) => host::step(self, state, fault)?,
            _ => moves::made(self, state, act)?,
        };
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<World>> {
        let laws = Law::properties().into_iter();
        let mut properties: Vec<_> = laws.map(|(_, property)| property).collect();
        // The numbers are beyond those of the laws.
        properties.push(Property::always(idle::STOPS_WRITING, |world, state| {
            world.first(61, idle::stops_writing(world, state))
        }));
        properties.push(Property::always(idle::REPORTS_WHY, |world, state| {
            world.first(62, idle::reports_why(world, state))
        }));
        properties.push(Property::always(liveness::ENDS_WELL, |world, state| {
            world.first(63, liveness::ends_well(world, state))
        }));
        let goals = Goal::properties().into_iter();
        let goals = goals.filter(|(goal, _)| self.config.reaches.contains(goal));
        properties.extend(goals.map(|(_, property)| property));
        properties
    }
}
