//! The engine, made to do what the model does: a move of the model in, and a panic where the two do not agree.
//!
//! What happens in the world becomes events of the engine. A move of the host is what the engine asks for next, carried out on the
//! objects as the model renders them.

use std::sync::Arc;
use std::time::Duration;

use k8ssandra_task_policy::contract::{Manifest, Unavailable, UnavailableReason};
use pilothouse_core::Engine;
use pilothouse_core::cache::Health;
use pilothouse_core::failures::Cause;
use pilothouse_core::work::{Answer, End, Next, Now, Request, Task, Work};
use policy_model::act::{Act, Fault};
use policy_model::model::World;
use policy_model::state::State;
use policy_model::{clock, host, render};

use crate::served::Served;

/// An engine beside a model.
pub struct Player<'a> {
    pub world: &'a World,
    pub engine: Engine,
    pub manifest: Arc<Manifest>,
    /// The K8ssandraTask, the K8ssandraCluster, and the CassandraTask of each datacenter.
    pub served: Vec<Served>,
    /// What the engine has asked for, and is not answered yet.
    pub pending: Option<Work>,
    /// How many versions of objects there have been.
    pub versions: u64,
    moves: u32,
}

/// The first of the CassandraTasks.
pub const CHILDREN: usize = 2;

impl<'a> Player<'a> {
    /// Both in a first state.
    pub fn new(world: &'a World, first: &State) -> Player<'a> {
        let objects = [
            (render::tasks(), render::TASK.to_owned()),
            (render::clusters(), render::CLUSTER.to_owned()),
        ];
        let child = |dc| (render::children(Some(dc)), render::child_name(dc));
        let objects = objects.into_iter().chain(world.config.dcs().map(child));
        let served = objects.map(|(resource, name)| Served::new(resource, render::key(&name)));
        let manifest = Arc::new(k8ssandra_task_policy::describe("{}").unwrap());
        let mut player = Player {
            world,
            engine: Engine::new(Arc::clone(&manifest)),
            manifest,
            served: served.collect(),
            pending: None,
            versions: 0,
            moves: 0,
        };
        player.becomes(first);
        player.restart(first);
        player
    }

    /// Does the same move.
    pub fn play(&mut self, before: &State, act: Act, after: &State) {
        self.moves += 1;
        if let Act::Host(fault) = act {
            self.host(before, fault, after);
        } else {
            self.fail_to_decide();
            self.becomes(after);
            match act {
                Act::SeeTask => self.served[0].follow(&mut self.engine),
                Act::SeeCluster => self.served[1].follow(&mut self.engine),
                Act::See(dc) => self.see(dc, after),
                Act::Crash | Act::Restore | Act::Unregister(_) | Act::Register(_) => {
                    self.restart(after);
                }
                _ => {}
            }
        }
        if after.host.plan.is_none() {
            let engine = &self.engine;
            self.served
                .iter_mut()
                .for_each(|it| it.forget_detours(engine));
        }
        self.agrees(after);
        self.is_idle_too(after);
    }

    /// The model has moves between what was read back and the decision on it, the engine has none: the policy fails in their stead.
    fn fail_to_decide(&mut self) {
        let is_deciding = |work: &mut Work| matches!(work.task, Task::Decide(_));
        if let Some(work) = self.pending.take_if(is_deciding) {
            let failed = Err("interrupted".to_owned());
            let answer = Answer::Decided(Arc::clone(&self.manifest), failed);
            let reports = self.answer(&work, answer).unwrap();
            assert_eq!(self.answer(&reports, Answer::Replied(Ok(None))), None);
        }
    }

    /// The host begins anew: it lists what answers.
    fn restart(&mut self, state: &State) {
        self.engine = Engine::new(Arc::clone(&self.manifest));
        self.pending = None;
        let resources = self.served.iter().map(|it| it.resource.clone());
        for resource in resources.chain([render::children(None)]) {
            self.engine.open(&resource, None);
        }
        self.engine
            .set_health(&render::children(None), None, Health::Synced);
        for served in &mut self.served[..CHILDREN] {
            served.list(&mut self.engine);
        }
        let dcs = self.world.config.dcs();
        for dc in dcs.filter(|dc| state.dcs[*dc].registered) {
            self.engine.add_context(render::children(Some(dc)).context);
            self.see(dc, state);
        }
    }

    /// The watch of a context catches up, or is lost.
    fn see(&mut self, dc: usize, state: &State) {
        let (served, engine) = (&mut self.served[CHILDREN + dc], &mut self.engine);
        let dc = &state.dcs[dc];
        if dc.registered && !dc.link {
            let why = Unavailable::new(UnavailableReason::Unreachable, "no answer");
            engine.set_health(&served.resource, None, Health::Lost(why));
        } else if dc.registered && (self.moves.is_multiple_of(3) || served.known(engine).is_none())
        {
            served.list(engine);
        } else if dc.registered {
            served.follow(engine);
        }
    }

    /// The objects on the API servers are those of a state.
    pub fn becomes(&mut self, state: &State) {
        let config = &self.world.config;
        let mut objects = vec![
            state.task.map(|task| self.world.render(task)),
            state.cluster.map(|it| render::cluster(it, config.dcs)),
        ];
        let children = config
            .dcs()
            .map(|dc| state.dcs[dc].child.map(|it| render::child(it, dc)));
        objects.extend(children);
        self.versions += 1;
        for (served, object) in self.served.iter_mut().zip(&objects) {
            served.set(object.as_ref(), self.versions);
        }
    }

    /// The host's move.
    fn host(&mut self, before: &State, fault: Fault, after: &State) {
        let may_read = before.host.plan.is_none() && before.can_read_back();
        let reads_back = may_read && fault == Fault::None;
        let mut has_written = false;
        let mut next = self.pending.take().or_else(|| self.wakes());
        while let Some(work) = &next {
            let answer = match &work.task {
                Task::Decide(_) if reads_back => break,
                Task::Decide(snapshot) => self.decide(before, snapshot),
                Task::Send(Request::RecordEvent { .. }) => Answer::Replied(Ok(None)),
                Task::Send(Request::Read { resource, .. }) => {
                    let is_lost = fault == Fault::ReadLost && !has_written;
                    Answer::Replied(self.read(resource, before, is_lost))
                }
                Task::Send(_) if has_written => break,
                Task::Send(request) => {
                    has_written = true;
                    self.is_next_step(before, request);
                    let request = request.clone();
                    Answer::Replied(self.carry_out(&request, before, fault, after))
                }
            };
            next = self.answer(work, answer);
        }
        self.pending = next;
    }

    /// Where the model's host has nothing to do, the engine writes nothing; where it has, something wakes the engine.
    fn is_idle_too(&mut self, state: &State) {
        if self.pending.is_some() {
            return;
        }
        if let Some(next) = host::step(self.world, state, Fault::None) {
            // One that is refused as stale is tried again, and nothing changes.
            let is_awake = self.engine.is_ready() || self.engine.next_due().is_some();
            assert!(is_awake || next == *state, "nothing wakes the engine");
            return;
        }
        let mut next = self.engine.next(self.now());
        while let Some(work) = &next {
            let answer = match &work.task {
                Task::Decide(snapshot) => self.decide(state, snapshot),
                Task::Send(Request::RecordEvent { .. }) => Answer::Replied(Ok(None)),
                Task::Send(Request::Read { resource, .. }) => {
                    Answer::Replied(self.read(resource, state, false))
                }
                Task::Send(request) => {
                    panic!("the model has nothing to do, and the engine asks: {request:?}")
                }
            };
            next = self.answer(work, answer);
        }
    }

    fn wakes(&mut self) -> Option<Work> {
        self.engine.reconcile(render::key(render::TASK));
        self.engine.next(self.now())
    }

    fn answer(&mut self, work: &Work, answer: Answer) -> Option<Work> {
        match self.engine.answer(self.now(), &work.primary, answer) {
            Next::Work(work) => Some(*work),
            Next::Ended(End::Failed(why)) if !why.contains("interrupted") => panic!("{why}"),
            Next::Ended(_) => None,
        }
    }

    /// Every move takes days, so that nothing that is due keeps waiting. What the policy is shown are the model's times.
    fn now(&self) -> Now {
        Now {
            wall: clock::now(0) + u64::from(self.moves),
            elapsed: Duration::from_secs(2 * 24 * 60 * 60) * self.moves,
        }
    }
}

/// There is no answer.
pub fn no_answer() -> Cause {
    Cause::unknown("Timeout", "no answer within 15 s")
}
