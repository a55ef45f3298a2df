//! The host's part: the engine works on the API servers, and every request is held to the laws before it is carried out.

use k8ssandra_task_policy::contract::*;
use k8ssandra_task_policy::reconcile;
use pilothouse_core::failures::Cause;
use pilothouse_core::object::Primary;
use pilothouse_core::work::{Answer, End, Next, Request, Task, Work};
use pilothouse_core::{Engine, ObjectKey, Resource, plan};
use pilothouse_policy_test::servers::Reply;
use serde_json::Value;

use crate::changes::Fault;
use crate::laws;
use crate::simulation::{SETTINGS, Simulation};

/// How often the task is reconciled after one change before it counts as never coming to rest.
const MAX_ROUNDS: usize = 24;

/// The host has died.
#[derive(Debug)]
pub struct Died;

impl Simulation {
    /// A host that was started anew remembers nothing, and lists everything.
    pub fn restart(&mut self) {
        self.engine = Engine::new(self.manifest.clone());
        self.servers.restart();
        self.fault = None;
    }

    /// Reconciles until nothing is to be done any more, as must come soon. Where steps are refused, they are tried
    /// alternately for ever, so it is at rest when each has been tried.
    pub fn settle(&mut self) -> Result<(), Died> {
        let mut quiet = 0;
        for _ in 0..MAX_ROUNDS {
            let work = match self.next() {
                None if self.has_failed() && quiet <= self.refusing.len() + 1 => self.next_now(),
                work => work,
            };
            let Some(work) = work else { return Ok(()) };
            let before = self.writes;
            if let Some((_, plan)) = self.ask(work)? {
                self.act(plan)?;
            }
            quiet = if self.writes == before { quiet + 1 } else { 0 };
        }
        panic!("it never rests: {:#?}", self.events);
    }

    /// Reconciles once, whatever the task waits for. The plan comes back.
    pub fn step(&mut self) -> Plan {
        let work = self.next_now().unwrap();
        let asked = self.ask(work).ok().flatten();
        let (_, plan) = asked.unwrap();
        assert!(self.act(plan.clone()).is_ok(), "the host died");
        plan
    }

    /// What the policy would be shown now, call by call, and what it would decide.
    pub fn calls(&self) -> (Vec<Snapshot>, Plan) {
        let mut sim = self.clone();
        let work = sim.next_now().unwrap();
        let (calls, plan) = sim.ask(work).ok().flatten().unwrap();
        self.assert_allowed(calls.last().unwrap(), &plan);
        (calls, plan)
    }

    /// All that the policy would be shown now, and what it would decide.
    pub fn decide(&self) -> (Snapshot, Plan) {
        let (mut calls, plan) = self.calls();
        (calls.pop().unwrap(), plan)
    }

    /// Why the last plan did what it did, or nothing.
    pub fn reasons(&self) -> &[Reason] {
        let ledger = self.engine.ledger(&self.primary());
        ledger.map_or(&[], |it| &it.reasons)
    }

    pub(crate) fn primary(&self) -> ObjectKey {
        Resource::and_key(&self.task_key).1
    }

    fn has_failed(&self) -> bool {
        let ledger = self.engine.ledger(&self.primary());
        ledger.is_some_and(|it| !it.failures.is_empty() || !it.unconfirmed.is_empty())
    }

    fn next(&mut self) -> Option<Work> {
        self.servers.show(&mut self.engine, &self.manifest);
        self.engine.next(self.servers.now())
    }

    fn next_now(&mut self) -> Option<Work> {
        self.engine.reconcile(self.primary());
        self.next()
    }

    /// Works until the policy has decided. Its calls and its plan come back, unless it cannot be asked now.
    fn ask(&mut self, mut work: Work) -> Result<Option<(Vec<Snapshot>, Plan)>, Died> {
        let mut calls = Vec::new();
        loop {
            let answer = match work.task {
                Task::Send(request) => Answer::Replied(self.send(&request)?),
                Task::Decide(snapshot) => {
                    let snapshot = self.spoil(snapshot);
                    let outcome = reconcile(SETTINGS, &snapshot);
                    assert_new(&snapshot, &outcome);
                    calls.push(snapshot);
                    let answer = Answer::Decided(self.manifest.clone(), Ok(outcome.clone()));
                    if let Outcome::Act(plan) = outcome {
                        assert!(calls.len() <= 3, "it observes a third time");
                        if !self.asks_again(&answer) {
                            return Ok(Some((calls, plan)));
                        }
                        calls.clear();
                    }
                    answer
                }
            };
            let now = self.servers.now();
            work = match self.engine.answer(now, &work.primary, answer) {
                Next::Work(next) => *next,
                Next::Ended(End::Undecided | End::Waiting) => return Ok(None),
                Next::Ended(end) => panic!("{end:#?}"),
            };
        }
    }

    /// Whether a plan is made once more, with what may have been created unavailable.
    fn asks_again(&self, plan: &Answer) -> bool {
        let primary = self.primary();
        let ledger = self.engine.ledger(&primary);
        if ledger.is_none_or(|ledger| ledger.late.is_empty()) {
            return false;
        }
        let next = self
            .engine
            .clone()
            .answer(self.servers.now(), &primary, plan.clone());
        matches!(next, Next::Work(work) if matches!(work.task, Task::Decide(_)))
    }

    /// Has a plan carried out, up to the first step that fails.
    fn act(&mut self, plan: Plan) -> Result<(), Died> {
        let outcome = Outcome::Act(plan.clone());
        let mut answer = Answer::Decided(self.manifest.clone(), Ok(outcome));
        loop {
            let (now, task) = (self.servers.now(), self.primary());
            match self.engine.answer(now, &task, answer) {
                Next::Work(work) => match work.task {
                    Task::Send(request) => answer = Answer::Replied(self.send(&request)?),
                    Task::Decide(_) => panic!("it is asked again: {plan:#?}"),
                },
                Next::Ended(End::Decided(_)) => return Ok(()),
                Next::Ended(end) => panic!("the host denies this plan: {end:?}: {plan:#?}"),
            }
        }
    }

    /// The host carries every plan out: it declares what it does, and names nothing that cannot be.
    fn assert_allowed(&self, seen: &Snapshot, plan: &Plan) {
        let observed = seen.observations.iter().map(|it| it.selector.clone());
        let observed: Vec<Selector> = observed.collect();
        let task: Value = serde_json::from_str(&seen.primary).unwrap();
        let checked = plan::check(&self.manifest, &Primary::of(&task), &observed, plan);
        if let Err(denied) = checked {
            // No API server gives an object such a name.
            let is_excused =
                self.spoilt.is_some() && denied.message.contains("is not a valid name");
            assert!(is_excused, "the host denies this plan: {denied}: {plan:#?}");
        }
    }

    fn send(&mut self, request: &Request) -> Result<Reply, Died> {
        let fault = match request {
            // Of events, no failure is reported.
            Request::Read { .. } | Request::RecordEvent { .. } => None,
            _ => self.fault.take_if(|fault| fault.is_now()),
        };
        let unknown = || Cause::unknown("Timeout", "no answer within 15 s");
        match fault {
            Some(Fault::Dies(_)) => {
                self.restart();
                Err(Died)
            }
            Some(Fault::LosesRequest(_)) => Ok(Err(unknown())),
            Some(Fault::LosesReply(_)) => Ok(self.serve(request).and(Err(unknown()))),
            Some(Fault::Lags(_)) | None => Ok(self.serve(request)),
        }
    }

    fn serve(&mut self, request: &Request) -> Reply {
        if let Request::RecordEvent { event, .. } = request {
            self.events
                .push(format!("{} {}", event.reason, event.message));
            return Ok(None);
        }
        let key = request.object();
        self.servers.reach(&key)?;
        let is_change = matches!(request, Request::Create { .. } | Request::Delete { .. });
        let context = key.context.as_ref();
        if is_change && context.is_some_and(|it| self.refusing.contains(it)) {
            return Err(Cause::because("Forbidden", "it is forbidden"));
        }
        let fits = self.fits(request, &key);
        if fits {
            // What is not shown yet cannot be known.
            let lags = !self.servers.lagging.is_empty();
            self.known =
                lags.then(|| [&self.task_key, &self.cluster_key].map(|it| self.cached(it)));
            self.assert_may(request, &key);
            self.known = None;
        } else if matches!(request, Request::Create { .. }) {
            assert!(self.cached(&key).is_null(), "created twice: {key:?}");
        }
        let reply = self.servers.send(request).unwrap();
        // What the guards let pass, the definitions do, too.
        assert_eq!(fits, reply.is_ok(), "{reply:?}: {request:#?}");
        reply.inspect(|_| self.note(request))
    }

    /// An object as the engine knows it; null if it knows of none.
    fn cached(&self, key: &ObjectRef) -> Value {
        let (resource, key) = Resource::and_key(key);
        let object = self.engine.caches().get(&resource, &key);
        object.map_or(Value::Null, |it| serde_json::from_str(it.text()).unwrap())
    }

    /// Whether the guard of a request fits what is there.
    fn fits(&self, request: &Request, key: &ObjectRef) -> bool {
        let metadata = &self.object(key)["metadata"];
        match request {
            Request::Create { .. } => metadata.is_null(),
            Request::Delete { uid, .. } => metadata["uid"] == **uid,
            Request::Patch { patch, .. } => {
                metadata.is_object()
                    && metadata["resourceVersion"] == patch["metadata"]["resourceVersion"]
            }
            Request::PatchStatus { patch, .. } => {
                metadata.is_object() && metadata["resourceVersion"] == patch[0]["value"]
            }
            Request::Read { .. } | Request::RecordEvent { .. } => true,
        }
    }

    /// A request was carried out.
    fn note(&mut self, request: &Request) {
        self.writes += usize::from(!matches!(request, Request::Read { .. }));
        match request {
            Request::Create { .. } => self.created += 1,
            Request::PatchStatus { patch, .. } => {
                // What is dropped would be written again and again.
                assert_eq!(
                    *self.status(),
                    patch[1]["value"],
                    "the definition drops something"
                );
                self.remember_beginnings();
            }
            _ => {}
        }
    }

    /// A request that the guards let pass keeps the laws.
    fn assert_may(&mut self, request: &Request, key: &ObjectRef) {
        match request {
            Request::Create { object, .. } => {
                let datacenter = object["spec"]["datacenter"]["name"].as_str().unwrap();
                self.assert_may_begin(datacenter);
            }
            Request::Delete { .. } if *key != self.task_key => self.assert_may_delete(key),
            Request::Patch { patch, .. } => {
                let finalizers = &patch["metadata"]["finalizers"];
                if self.is_held() && finalizers.is_array() && !laws::holds(finalizers) {
                    self.forget_unseen();
                    self.assert_may_go();
                }
            }
            Request::PatchStatus { patch, .. } => {
                let is_deleted = self.is_being_deleted();
                laws::assert_may_report(self.status(), &patch[1]["value"], is_deleted);
            }
            _ => {}
        }
    }
}

/// What the policy asks to observe, it has not been shown yet.
fn assert_new(snapshot: &Snapshot, outcome: &Outcome) {
    if let Outcome::Observe(new) = outcome {
        let known = &snapshot.observations;
        let is_new = |new: &Selector| known.iter().all(|known| known.selector != *new);
        assert!(!new.is_empty() && new.iter().all(is_new), "{new:?}");
    }
}
