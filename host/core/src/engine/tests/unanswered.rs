//! A create that was not answered may be carried out after it was read back.

use super::late::{delete, east, replied};
use super::*;

/// A create was lost, and is read back as not done. The policy is asked.
fn read_back() -> (Rig, Snapshot) {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(lost());
    rig.seconds += 1;
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
    let snapshot = asked(rig.answer(replied(None)));
    (rig, snapshot)
}

fn nothing() -> Outcome {
    Outcome::Act(plan(vec![]))
}

#[test]
fn the_same_create_is_made_again_at_once() {
    let (mut rig, snapshot) = read_back();
    assert_eq!(items_in(&snapshot, "east"), Ok(vec![]));
    let next = request(rig.decides(Outcome::Act(create())));
    let create = rig.confirmed(next);
    assert!(matches!(create, Request::Create { .. }), "{create:?}");
}

#[test]
fn any_other_plan_is_made_knowing_of_it() {
    let (mut rig, _) = read_back();
    let snapshot = asked(rig.decides(nothing()));
    let unknown = Err(UnavailableReason::Unconfirmed);
    assert_eq!(items_in(&snapshot, "east"), unknown);
    assert!(matches!(rig.decides(nothing()), Next::Ended(_)));
    // A minute after it was given up, nothing comes of it any more. That is read back, too.
    assert_eq!(rig.engine.next_due(), Some(Duration::from_secs(60)));
    rig.seconds = 60;
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
    let snapshot = asked(rig.answer(replied(None)));
    assert_eq!(items_in(&snapshot, "east"), Ok(vec![]));
    assert!(matches!(rig.decides(nothing()), Next::Ended(_)));
    assert_eq!(rig.engine.next_due(), None);
}

/// What the create that was made again has made may be deleted within that minute.
#[test]
fn one_that_was_made_again_may_still_be_carried_out_once_its_object_is_gone() {
    let (mut rig, _) = read_back();
    let next = request(rig.decides(Outcome::Act(create())));
    rig.confirmed(next);
    rig.answer(replied(Some(object("i", 5, "i1"))));
    rig.engine.reconcile(key("o"));
    let sent = rig.sends(delete("i1"));
    assert!(matches!(sent, Request::Delete { .. }), "{sent:?}");
    rig.answer(replied(None));
    rig.engine.seen_gone(&east(), &object("i", 6, "i1"));
    rig.seconds += 2;
    let snapshot = match rig.next() {
        Some(Task::Decide(snapshot)) => snapshot,
        other => panic!("{other:?}"),
    };
    assert_eq!(items_in(&snapshot, "east"), Ok(vec![]));
    let snapshot = asked(rig.decides(nothing()));
    assert_eq!(
        items_in(&snapshot, "east"),
        Err(UnavailableReason::Unconfirmed)
    );
}

#[test]
fn one_whose_object_is_there_is_not_read_again() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(lost());
    rig.seconds += 1;
    rig.next();
    asked(rig.answer(replied(Some(object("i", 5, "i1")))));
    rig.decides(nothing());
    rig.engine.seen(&east(), object("i", 5, "i1"));
    rig.seconds = 3_600;
    rig.engine.reconcile(key("o"));
    assert!(matches!(rig.next(), Some(Task::Decide(_))));
    assert!(rig.engine.ledger(&key("o")).unwrap().late.is_empty());
}
