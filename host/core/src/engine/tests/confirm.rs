//! Nothing is created for a primary that is not as the watch shows it: another host, or a user, was faster.

use super::late::replied;
use super::*;

fn orders() -> Resource {
    resource(None, "Order")
}

/// A plan that creates is decided. The first request comes back.
fn decided(rig: &mut Rig, plan: Plan) -> Request {
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    request(rig.decides(Outcome::Act(plan)))
}

fn is_read(request: &Request) -> bool {
    matches!(request, Request::Read { resource, .. } if *resource == orders())
}

#[test]
fn one_that_has_changed_is_decided_upon_anew() {
    let mut rig = Rig::new();
    assert!(is_read(&decided(&mut rig, create())));
    let next = rig.answer(replied(Some(object("o", 2, "u"))));
    assert!(matches!(next, Next::Ended(_)), "{next:?}");
    let Some(Task::Decide(snapshot)) = rig.next() else {
        panic!("it is not decided upon");
    };
    assert!(snapshot.primary.contains("\"resourceVersion\":\"2\""));
}

#[test]
fn nothing_is_created_for_one_that_is_gone() {
    for found in [None, Some(object("o", 2, "v"))] {
        let mut rig = Rig::new();
        decided(&mut rig, create());
        let next = rig.answer(replied(found.clone()));
        assert!(matches!(next, Next::Ended(_)), "{next:?}");
        assert_eq!(rig.next().is_some(), found.is_some());
    }
}

#[test]
fn one_that_cannot_be_read_waits() {
    let mut rig = Rig::new();
    decided(&mut rig, create());
    rig.answer(lost());
    let ledger = rig.engine.ledger(&key("o")).unwrap();
    assert!(ledger.unconfirmed.is_empty());
    let failure = &ledger.failures.list()[0];
    assert_eq!(failure.class, FailureClass::Throttled);
    assert!(rig.engine.due(&key("o")).is_some());
}

#[test]
fn a_plan_that_patches_it_first_needs_no_read() {
    let mut rig = Rig::new();
    let mut both = plan(vec![Action::SetStatus("{}".into())]);
    both.actions.extend(create().actions);
    let first = decided(&mut rig, both);
    assert!(matches!(first, Request::PatchStatus { .. }));
    let second = request(rig.answer(replied(Some(object("o", 2, "u")))));
    assert!(matches!(second, Request::Create { .. }), "{second:?}");
}
