//! What the engine asks for, event by event.

use super::*;

#[test]
fn what_was_created_is_seen_before_the_watch_shows_it() {
    let mut rig = Rig::new();
    let Request::Create { object: sent, .. } = rig.sends(create()) else {
        panic!()
    };
    assert_eq!(
        sent["metadata"]["annotations"]["pilothouse.dev/created-for"],
        "u"
    );
    let created = object("i", 5, "i1");
    let ended = rig.answer(Answer::Replied(Ok(Some(created))));
    let Next::Ended(End::Decided(decided)) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!((decided.done, decided.calls, decided.failure), (1, 2, None));
    rig.engine.reconcile(key("o"));
    let Some(Task::Decide(snapshot)) = rig.next() else {
        panic!()
    };
    assert_eq!(items_in(&snapshot, "east").unwrap().len(), 1);
}

#[test]
fn a_create_whose_reply_is_lost_is_read_back_until_that_is_answered() {
    let mut rig = Rig::new();
    rig.sends(create());
    assert!(matches!(rig.answer(lost()), Next::Ended(End::Decided(_))));
    assert_eq!(rig.next(), None, "not before the backoff has passed");
    // The follow-up read fails, too: the policy is told that nobody knows, and has nothing to do.
    rig.seconds += 1;
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
    let snapshot = asked(rig.answer(lost()));
    assert_eq!(
        items_in(&snapshot, "east"),
        Err(UnavailableReason::Unconfirmed)
    );
    assert_eq!(snapshot.failures[0].class, FailureClass::UnknownOutcome);
    rig.decides(Outcome::Act(plan(vec![])));
    // Nothing changes, and it is read back all the same.
    assert!(rig.engine.next_due().is_some(), "nothing wakes it");
    rig.seconds += 60;
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
    let snapshot = asked(rig.answer(Answer::Replied(Ok(Some(object("i", 5, "i1"))))));
    assert_eq!(items_in(&snapshot, "east").unwrap().len(), 1);
}

#[test]
fn a_create_that_was_carried_out_before_succeeds() {
    let mut rig = Rig::new();
    rig.sends(create());
    let exists = || Answer::Replied(Err(Cause::because("AlreadyExists", "exists")));
    assert!(matches!(
        request(rig.answer(exists())),
        Request::Read { .. }
    ));
    let ended = rig.answer(Answer::Replied(Ok(Some(object("i", 5, "i1")))));
    assert!(matches!(ended, Next::Ended(End::Decided(decided)) if decided.failure.is_none()));
}

#[test]
fn an_object_of_another_primary_is_no_success() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(Answer::Replied(Err(Cause::because(
        "AlreadyExists",
        "exists",
    ))));
    let mut other = object("i", 5, "i1");
    other.annotations.clear();
    let Next::Ended(End::Decided(decided)) = rig.answer(Answer::Replied(Ok(Some(other)))) else {
        panic!()
    };
    let failure = decided.failure.unwrap();
    assert_eq!(
        (failure.operation, failure.reason.as_str()),
        (Operation::Create, "AlreadyExists")
    );
}

#[test]
fn a_plan_that_is_denied_is_reported_and_not_carried_out() {
    let mut rig = Rig::new();
    let mut denied = create();
    denied
        .observes
        .push(Selector::Object(resource(None, "Other").object(&key("x"))));
    let Request::RecordEvent { event, .. } = rig.sends(denied) else {
        panic!()
    };
    assert_eq!(event.reason, "PlanDenied");
    let ended = rig.answer(Answer::Replied(Ok(None)));
    assert!(matches!(ended, Next::Ended(End::Failed(why)) if why.contains("has not observed")));
    let failures = rig.engine.ledger(&key("o")).unwrap().failures.list();
    assert_eq!(failures[0].class, FailureClass::Denied);
    assert!(rig.engine.next_due().is_some());
}

#[test]
fn a_policy_that_does_not_decide_is_asked_eight_times() {
    let mut rig = Rig::new();
    rig.next();
    for call in 0..7_u8 {
        let named = resource(None, "Item").object(&key(&format!("i{call}")));
        let next = rig.decides(Outcome::Observe(vec![Selector::Object(named)]));
        assert!(matches!(next, Next::Work(work) if matches!(work.task, Task::Decide(_))));
    }
    let Request::RecordEvent { event, .. } = request(rig.decides(Outcome::Observe(vec![items()])))
    else {
        panic!()
    };
    assert!(event.message.contains("asked 8 times"), "{}", event.message);
}

#[test]
fn contexts_come_and_go() {
    let mut rig = Rig::new();
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    rig.decides(Outcome::Act(plan(vec![])));
    assert_eq!(rig.next(), None);
    rig.engine.remove_context(&Some("east".into()));
    let Some(Task::Decide(snapshot)) = rig.next() else {
        panic!()
    };
    assert_eq!(snapshot.observations[0].results.len(), 1);
}

#[test]
fn nothing_is_sent_to_a_context_that_is_not_registered() {
    let mut rig = Rig::new();
    rig.engine.remove_context(&Some("east".into()));
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    let Next::Ended(End::Decided(decided)) = rig.decides(Outcome::Act(create())) else {
        panic!("something is sent");
    };
    let failure = decided.failure.unwrap();
    assert_eq!(
        (failure.class, failure.reason.as_str()),
        (FailureClass::Refused, "NotRegistered")
    );
    let ledger = rig.engine.ledger(&key("o")).unwrap();
    assert!(ledger.unconfirmed.is_empty());
}

#[test]
fn nothing_is_sent_for_what_is_not_watched_or_of_another_scope() {
    let east = resource(Some("east"), "Item");
    for (namespace, is_namespaced, why) in [
        (Some("other"), None, "namespace ns is not watched"),
        (None, Some(false), "cluster-scoped"),
    ] {
        let mut rig = Rig::new();
        rig.engine.close(&east);
        rig.engine.open(&east, namespace);
        if let Some(is_namespaced) = is_namespaced {
            rig.engine.resolved(&east, is_namespaced);
        }
        rig.engine.set_health(&east, namespace, Health::Synced);
        rig.next();
        rig.decides(Outcome::Observe(vec![items()]));
        let Next::Ended(End::Decided(decided)) = rig.decides(Outcome::Act(create())) else {
            panic!("something is sent");
        };
        let failure = decided.failure.unwrap();
        assert_eq!(failure.reason, "NotWatched");
        assert!(failure.message.contains(why), "{}", failure.message);
    }
}

#[test]
fn that_a_context_is_unreachable_is_said_before_that_a_write_there_is_unconfirmed() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(lost());
    let unreachable = Unavailable::new(UnavailableReason::Unreachable, "no route");
    let east = resource(Some("east"), "Item");
    rig.engine
        .set_health(&east, None, Health::Lost(unreachable));
    let Some(Task::Decide(snapshot)) = rig.next() else {
        panic!("it is read back where nothing can be read");
    };
    assert_eq!(
        items_in(&snapshot, "east"),
        Err(UnavailableReason::Unreachable)
    );
}

#[test]
fn only_what_a_plan_observes_wakes_its_primary() {
    let mut rig = Rig::new();
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    let forgetful = Plan {
        observes: vec![],
        ..plan(vec![])
    };
    rig.decides(Outcome::Act(forgetful));
    rig.engine
        .seen(&resource(None, "Item"), object("i", 2, "i1"));
    assert_eq!(rig.next(), None, "nobody depends on it");
    rig.engine
        .seen(&resource(None, "Order"), object("o", 3, "u"));
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    rig.decides(Outcome::Act(plan(vec![])));
    rig.engine
        .seen(&resource(None, "Item"), object("i", 4, "i1"));
    assert!(rig.next().is_some());
}

#[test]
fn what_is_asked_for_again_is_observed_once() {
    let mut rig = Rig::new();
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    let named = Selector::Object(resource(None, "Item").object(&key("i")));
    let Next::Work(work) = rig.decides(Outcome::Observe(vec![items(), named])) else {
        panic!()
    };
    assert!(matches!(work.task, Task::Decide(snapshot) if snapshot.observations.len() == 2));
}

#[test]
fn a_policy_may_observe_a_thousand_selectors() {
    let named = |number: usize| {
        Selector::Object(resource(None, "Item").object(&key(&format!("i{number}"))))
    };
    for (count, is_asked) in [(1_000, true), (1_001, false)] {
        let mut rig = Rig::new();
        rig.next();
        let next = rig.decides(Outcome::Observe((0..count).map(named).collect()));
        let Next::Work(work) = next else { panic!() };
        assert_eq!(matches!(work.task, Task::Decide(_)), is_asked, "{count}");
    }
}

#[test]
fn what_a_context_does_not_answer_is_waited_for_once() {
    let mut rig = Rig::new();
    let west = resource(Some("west"), "Item");
    rig.engine.add_context(west.context.clone());
    rig.engine.open(&west, None);
    rig.next();
    let ended = rig.decides(Outcome::Observe(vec![items()]));
    assert_eq!(
        ended,
        Next::Ended(End::Undecided),
        "its first list is under way"
    );
    assert_eq!(rig.next(), None);
    rig.engine.set_health(&west, None, Health::Synced);
    assert!(matches!(rig.next(), Some(Task::Decide(snapshot)) if snapshot.observations.len() == 1));
}
