//! The model that the checker explores: the world's first state, what may happen next, and what must hold.
//!
//! Comes in: a configuration. Goes out: states, moves and properties. Each move is one write, one look or one mishap, so that
//! everything else may come between any two.

use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use pilothouse_core::Object;
use stateright::{Model, Property};

use crate::config::Config;
use crate::decide::Policy;
use crate::laws::{self, Law};
use crate::sights::Sight;
use crate::state::{Child, MOST, Stage, State, Task};
use crate::{fair, host, moves, rest, starts};

/// What goes wrong with a step of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// There is no answer, and nothing was done.
    Refused,
    /// It was done, and the answer is lost.
    Lost,
    /// It is forbidden.
    Forbidden,
    /// Nothing, but the question what became of an earlier step gets no answer either.
    Unasked,
}

impl Fault {
    /// Whether the step itself goes well.
    pub fn is_smooth(self) -> bool {
        matches!(self, Fault::None | Fault::Unasked)
    }
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The host decides and takes the first step, or takes the next one.
    Host(Fault),
    /// The host crashes and starts again.
    Crash,
    /// The watch of K8ssandraTasks catches up.
    SeeTask,
    /// The watch of K8ssandraClusters catches up.
    SeeCluster,
    /// The watch of a context catches up, or is noticed to be lost.
    See(usize),
    /// cass-operator writes.
    Work(usize, Stage),
    /// cass-operator restarts and sets another startTime.
    OperatorRestarts(usize),
    /// Somebody edits the task.
    Edit(u8),
    /// Somebody deletes the task.
    DeleteTask,
    /// Somebody creates it again.
    CreateTask,
    /// The garbage collector deletes the task, whose cluster is gone.
    CollectTask,
    /// The task is restored from a backup, without its status and with another uid.
    Restore,
    /// Somebody removes the record of a task that was restored, so that it runs again.
    ForgetRecord,
    /// Another K8ssandraTask controller creates a CassandraTask.
    SecondCreates(usize),
    /// Somebody deletes a CassandraTask.
    DeleteChild(usize),
    /// A CassandraTask that is being deleted goes.
    ChildGoes(usize),
    /// A CassandraTask goes with its datacenter, which the cluster does not declare any more.
    DatacenterGoes(usize),
    /// Somebody edits the cluster.
    Declare(u8),
    /// Somebody deletes the cluster.
    DeleteCluster,
    /// The cluster that is being deleted goes.
    ClusterGoes,
    /// Somebody creates the cluster again.
    CreateCluster,
    /// A context does not answer any more.
    Down(usize),
    /// It does again.
    Up(usize),
    /// The host is started without a context.
    Unregister(usize),
    /// The host is started with it again.
    Register(usize),
    /// Time passes.
    Tick,
    /// Seconds pass: what was refused may be tried again.
    Pause,
}

/// The model of one configuration.
pub struct World {
    /// What is explored.
    pub config: Config,
    /// The policy.
    pub policy: Policy,
    /// Which fair continuations end well, by a hash of where they start.
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

    /// Whether a task's specification names a datacenter that the cluster declares.
    pub fn is_target(&self, state: &State, task: Task, dc: usize) -> bool {
        let is_declared = state.cluster.is_some_and(|cluster| cluster.has(dc));
        is_declared && self.config.specs[usize::from(task.spec)].names(dc)
    }

    /// The law that a status breaks when it takes the place of the task's.
    pub fn status_law(&self, task: Task, status: u32) -> Option<Law> {
        let key = (task.status, status);
        *self.laws.entry(key).or_insert_with(|| {
            let (before, after) = (self.policy.facts(task.status), self.policy.facts(status));
            laws::status(&before, &after)
        })
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
        self.config.lingers.then_some(Child {
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
        starts::states(self)
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
        let laws = Law::properties().into_iter().map(|(_, property)| property);
        let mut properties: Vec<_> = laws.collect();
        // The numbers are beyond those of the laws.
        properties.push(Property::always(rest::COMES_TO_REST, |world, state| {
            world.first(61, rest::comes_to_rest(world, state))
        }));
        properties.push(Property::always(rest::SAYS_WHY, |world, state| {
            world.first(62, rest::says_why(world, state))
        }));
        properties.push(Property::always(fair::ENDS_WELL, |world, state| {
            world.first(63, fair::ends_well(world, state))
        }));
        let mut sights = Sight::properties();
        sights.retain(|(sight, _)| self.config.sights.contains(sight));
        properties.extend(sights.into_iter().map(|(_, property)| property));
        properties
    }
}

/// The datacenters of a configuration.
pub fn dcs(config: &Config) -> std::ops::Range<usize> {
    0..config.dcs.min(MOST)
}
