//! What a reconcile's own requests change does not wake its primary; what anybody else changes does.

use pilothouse_contract::Deletion;

use super::*;

fn orders() -> Resource {
    resource(None, "Order")
}

fn status() -> Plan {
    plan(vec![Action::SetStatus(json!({"a": 1}).to_string())])
}

fn replied(object: Object) -> Answer {
    Answer::Replied(Ok(Some(object)))
}

#[test]
fn own_writes_do_not_wake_their_primary() {
    let mut rig = Rig::new();
    rig.sends(status());
    rig.answer(replied(object("o", 2, "u")));
    rig.engine.seen(&orders(), object("o", 2, "u"));
    assert_eq!(rig.next(), None, "woken by its own status");
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(replied(object("i", 5, "i1")));
    rig.engine
        .seen(&resource(Some("east"), "Item"), object("i", 5, "i1"));
    assert_eq!(rig.next(), None, "woken by what it created");
}

#[test]
fn what_a_watch_shows_before_the_answer_may_be_an_own_write() {
    for (shown, wakes) in [(vec![2], false), (vec![2, 3], true)] {
        let mut rig = Rig::new();
        rig.sends(status());
        for version in &shown {
            rig.engine.seen(&orders(), object("o", *version, "u"));
        }
        rig.answer(replied(object("o", 2, "u")));
        assert_eq!(rig.next().is_some(), wakes, "{shown:?}");
    }
    let mut rig = Rig::new();
    rig.sends(status());
    rig.engine.seen(&orders(), object("o", 2, "u"));
    rig.answer(lost());
    assert!(rig.next().is_some(), "it is not known what the write did");
}

#[test]
fn own_writes_wake_other_primaries() {
    let mut rig = Rig::new();
    rig.engine.seen(&orders(), object("p", 2, "v"));
    rig.sends(create());
    let now = rig.now();
    let other = rig.engine.next(now).unwrap().primary;
    let decided = |outcome| Answer::Decided(manifest(), Ok(outcome));
    let observe = decided(Outcome::Observe(vec![items()]));
    rig.engine.answer(now, &other, observe);
    let nothing = decided(Outcome::Act(plan(vec![])));
    rig.engine.answer(now, &other, nothing);
    rig.answer(replied(object("i", 5, "i1")));
    assert_eq!(rig.engine.next(now).unwrap().primary, other);
}

#[test]
fn a_plan_that_deletes_is_followed_at_once() {
    let mut rig = Rig::new();
    let east = resource(Some("east"), "Item");
    rig.engine.seen(&east, object("i", 5, "i1"));
    rig.sends(plan(vec![Action::Delete(Deletion {
        object: east.object(&key("i")),
        uid: "i1".into(),
    })]));
    rig.answer(Answer::Replied(Ok(None)));
    assert!(rig.next().is_some());
}

#[test]
fn a_plan_in_which_something_succeeds_that_had_failed_is_followed_at_once() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(Answer::Replied(Err(Cause::because("Forbidden", "no"))));
    rig.seconds = 1;
    rig.sends(create());
    rig.answer(replied(object("i", 5, "i1")));
    let Some(Task::Decide(snapshot)) = rig.next() else {
        panic!("the policy still reports the failure");
    };
    assert_eq!(snapshot.failures, []);
}

/// A webhook refuses the metadata with another text each time, and the policy writes the text into the status.
#[test]
fn what_failed_is_not_tried_again_before_its_time_because_of_an_own_write() {
    let mut rig = Rig::new();
    let mut both = status();
    both.actions
        .push(Action::PatchMetadata("{\"labels\":{}}".into()));
    rig.sends(both);
    request(rig.answer(replied(object("o", 2, "u"))));
    rig.answer(Answer::Replied(Err(Cause::because("Forbidden", "no"))));
    assert_eq!(rig.next(), None, "its backoff is not waited for");
    rig.engine.seen(&orders(), object("o", 3, "u"));
    assert!(rig.next().is_some(), "somebody else changed it");
}
