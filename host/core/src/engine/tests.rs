//! An engine on two contexts with one primary, and what tests ask of it.

use std::time::Duration;

use pilothouse_contract::{
    Action, Creation, FailureClass, Gvk, Interest, LabelQuery, Manifest, Operation, Outcome, Plan,
    Requeue, Scope, Selector, Snapshot, Unavailable, UnavailableReason, Verb,
};
use serde_json::{Value, json};

use super::*;
use crate::cache::{Health, List};
use crate::failures::Cause;
use crate::object::Object;
use crate::work::{Request, Task};

mod budget;
mod confirm;
mod late;
mod limits;
mod own;
mod panics;
mod stale;
mod steps;
mod turns;
mod unanswered;
mod versions;
mod waits;

fn resource(context: Option<&str>, kind: &str) -> Resource {
    Resource {
        context: context.map(str::to_owned),
        gvk: Gvk::new("g/v1", kind),
    }
}

fn manifest() -> Arc<Manifest> {
    Arc::new(Manifest {
        name: "p".into(),
        version: "1".into(),
        controller: "c".into(),
        primary: resource(None, "Order").gvk,
        interests: vec![Interest {
            gvk: resource(None, "Item").gvk,
            scope: Scope::Everywhere,
            verbs: vec![Verb::Create, Verb::Delete],
        }],
        finalizer: None,
    })
}

fn items() -> Selector {
    Selector::Labels(LabelQuery {
        scope: Scope::Everywhere,
        gvk: resource(None, "Item").gvk,
        namespace: None,
        labels: vec![],
    })
}

fn plan(actions: Vec<Action>) -> Plan {
    Plan {
        actions,
        requeue: Requeue::OnChange,
        reasons: vec![],
        observes: vec![items()],
    }
}

fn create() -> Plan {
    let object =
        json!({"apiVersion": "g/v1", "kind": "Item", "metadata": {"name": "i", "namespace": "ns"}});
    plan(vec![Action::Create(Creation {
        context: Some("east".into()),
        object: object.to_string(),
    })])
}

fn object(name: &str, version: u32, uid: &str) -> Object {
    let metadata = json!({"name": name, "namespace": "ns", "uid": uid, "resourceVersion": version.to_string(),
        "annotations": {"pilothouse.dev/created-for": "u"}});
    Object::of(json!({"metadata": metadata}).as_object().cloned().unwrap())
}

fn key(name: &str) -> ObjectKey {
    object(name, 1, "").key
}

/// An engine on two contexts with one primary, and its time in seconds.
struct Rig {
    engine: Engine,
    seconds: u64,
}

impl Rig {
    fn new() -> Self {
        let mut engine = Engine::new(manifest());
        engine.add_context(Some("east".into()));
        for resource in [
            resource(None, "Order"),
            resource(None, "Item"),
            resource(Some("east"), "Item"),
        ] {
            engine.open(&resource, None);
            engine.listed(&resource, None, List::default());
            engine.set_health(&resource, None, Health::Synced);
        }
        engine.seen(&resource(None, "Order"), object("o", 1, "u"));
        Self { engine, seconds: 0 }
    }

    fn now(&self) -> Now {
        Now {
            wall: self.seconds * 1_000,
            elapsed: Duration::from_secs(self.seconds),
        }
    }

    fn next(&mut self) -> Option<Task> {
        let now = self.now();
        self.engine.next(now).map(|work| work.task)
    }

    fn answer(&mut self, answer: Answer) -> Next {
        let now = self.now();
        self.engine.answer(now, &key("o"), answer)
    }

    fn decides(&mut self, outcome: Outcome) -> Next {
        self.answer(Answer::Decided(manifest(), Ok(outcome)))
    }

    /// Starts a reconcile in which the policy decides at once. The first request comes back.
    fn sends(&mut self, plan: Plan) -> Request {
        let snapshot = match self.next() {
            Some(Task::Decide(snapshot)) => snapshot,
            other => panic!("{other:?}"),
        };
        if snapshot.observations.is_empty() {
            self.decides(Outcome::Observe(vec![items()]));
        }
        let next = self.decides(Outcome::Act(plan));
        self.confirmed(request(next))
    }

    /// What is sent once the primary is known to be as it was decided upon.
    fn confirmed(&mut self, first: Request) -> Request {
        match first {
            Request::Read { resource, key } if resource == self.engine.home() => {
                let known = self.engine.caches.get(&resource, &key).unwrap();
                request(self.answer(Answer::Replied(Ok(Some((*known).clone())))))
            }
            request => request,
        }
    }
}

fn request(next: Next) -> Request {
    match next {
        Next::Work(work) => match work.task {
            Task::Send(request) => request,
            Task::Decide(snapshot) => panic!("{snapshot:?}"),
        },
        Next::Ended(decided) => panic!("{decided:?}"),
    }
}

fn asked(next: Next) -> Snapshot {
    match next {
        Next::Work(work) => match work.task {
            Task::Decide(snapshot) => snapshot,
            Task::Send(request) => panic!("{request:?}"),
        },
        Next::Ended(end) => panic!("{end:?}"),
    }
}

fn lost() -> Answer {
    Answer::Replied(Err(Cause::unknown("Timeout", "no answer within 15 s")))
}

/// A list of nothing.
fn empty(version: &str) -> List {
    List {
        objects: vec![],
        version: version.into(),
    }
}

/// What the policy answers: what it observes, then that plan. None if it is not asked.
fn decided(task: &Task, plan: impl FnOnce() -> Plan) -> Option<Answer> {
    let outcome = match task {
        Task::Decide(it) if it.observations.is_empty() => Outcome::Observe(vec![items()]),
        Task::Decide(_) => Outcome::Act(plan()),
        Task::Send(_) => return None,
    };
    Some(Answer::Decided(manifest(), Ok(outcome)))
}

/// What a snapshot says of the items in a context.
fn items_in(snapshot: &Snapshot, context: &str) -> Result<Vec<Value>, UnavailableReason> {
    let results = &snapshot.observations[0].results;
    let result = results
        .iter()
        .find(|it| it.context.as_deref() == Some(context));
    let objects = &result.unwrap().objects;
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    match objects {
        Ok(objects) => Ok(objects.iter().map(parse).collect()),
        Err(Unavailable { reason, .. }) => Err(*reason),
    }
}
