//! Who has a turn and when, and what is not kept for ever.

use pilothouse_contract::{Event, Severity};

use super::*;

/// Runs a reconcile up to its end, if one is due: each call is answered with the plan, each request with the function. Whose it was
/// comes back.
pub(super) fn play(
    rig: &mut Rig,
    plan: &Plan,
    mut reply: impl FnMut(&Request) -> Result<Option<Object>, Cause>,
) -> Option<ObjectKey> {
    let now = rig.now();
    let mut work = rig.engine.next(now)?;
    loop {
        let answer = match &work.task {
            Task::Decide(snapshot) if snapshot.observations.is_empty() => {
                Answer::Decided(manifest(), Ok(Outcome::Observe(vec![items()])))
            }
            Task::Decide(_) => Answer::Decided(manifest(), Ok(Outcome::Act(plan.clone()))),
            Task::Send(request) => Answer::Replied(reply(request)),
        };
        match rig.engine.answer(now, &work.primary, answer) {
            Next::Work(next) => work = *next,
            Next::Ended(_) => return Some(work.primary),
        }
    }
}

#[test]
fn a_status_that_conflicts_for_good_is_tried_ever_more_slowly() {
    for reason in ["Conflict", "NotFound"] {
        let mut rig = Rig::new();
        let set = plan(vec![Action::SetStatus("{}".into())]);
        for _ in 0..20 {
            let played = play(&mut rig, &set, |_| Err(Cause::because(reason, "")));
            assert!(played.is_some());
            let due = rig.engine.next_due().unwrap();
            rig.seconds = due.as_secs() + 1;
        }
        assert!(rig.seconds > 600, "{reason}: {} s", rig.seconds);
    }
}

#[test]
fn a_plan_that_does_nothing_is_not_made_again_at_once() {
    for requeue in [Requeue::After(0), Requeue::AtOnce] {
        let mut rig = Rig::new();
        let idle = Plan {
            requeue,
            ..plan(vec![])
        };
        play(&mut rig, &idle, |_| panic!("nothing is sent"));
        assert_eq!(rig.engine.next_due(), Some(Duration::from_secs(1)));
    }
}

#[test]
fn one_that_is_always_ready_leaves_new_ones_their_turn() {
    let mut rig = Rig::new();
    let event = Event {
        severity: Severity::Normal,
        reason: "R".into(),
        message: "m".into(),
    };
    let again = Plan {
        requeue: Requeue::AtOnce,
        ..plan(vec![Action::RecordEvent(event)])
    };
    play(&mut rig, &again, |_| Ok(None));
    rig.engine
        .seen(&resource(None, "Order"), object("new", 2, "n"));
    let played: Vec<_> = (0..8)
        .filter_map(|_| play(&mut rig, &again, |_| Ok(None)))
        .collect();
    assert_eq!(played.len(), 8);
    assert!(played.contains(&key("new")), "{played:?}");
}

#[test]
fn a_new_one_that_failed_is_still_a_new_one() {
    let mut rig = Rig::new();
    let finalizer = Some("f".to_owned());
    rig.engine.swap(Arc::new(Manifest {
        finalizer: finalizer.clone(),
        ..(*manifest()).clone()
    }));
    play(&mut rig, &create(), |_| {
        Err(Cause::because("Forbidden", "no"))
    });
    rig.seconds = 1;
    let mut played = Vec::new();
    for (version, name) in (2..).zip(["s", "t", "u"]) {
        let mut started = object(name, version, name);
        started.finalizers.extend(finalizer.clone());
        rig.engine.seen(&resource(None, "Order"), started);
        played.extend(play(&mut rig, &plan(vec![]), |_| Ok(None)));
    }
    assert_eq!(played, ["s", "t", "u"].map(key));
}

#[test]
fn a_thousand_failures_are_kept() {
    let mut rig = Rig::new();
    for number in 0..1_100 {
        let object = json!({"apiVersion": "g/v1", "kind": "Item",
            "metadata": {"name": format!("i{number}"), "namespace": "ns"}});
        let create = plan(vec![Action::Create(Creation {
            context: Some("east".into()),
            object: object.to_string(),
        })]);
        play(&mut rig, &create, |_| {
            Err(Cause::because("Forbidden", "no"))
        });
        rig.seconds += 61;
    }
    let kept = rig.engine.ledger(&key("o")).unwrap().failures.list();
    assert_eq!(kept.len(), 1_000);
    let has_last = kept.iter().any(|it| it.object.name == "i1099");
    assert!(has_last, "the latest is forgotten");
}

#[test]
fn what_a_failing_policy_asked_for_long_ago_does_not_wake() {
    let mut rig = Rig::new();
    for number in 0..3 {
        assert!(rig.next().is_some(), "{number}");
        let name = key(&format!("i{number}"));
        let named = Selector::Object(resource(None, "Item").object(&name));
        rig.decides(Outcome::Observe(vec![named]));
        rig.answer(Answer::Decided(manifest(), Err("trap".into())));
        rig.answer(Answer::Replied(Ok(None)));
        rig.seconds += 61;
    }
    // The backoff has not passed.
    rig.seconds -= 61;
    let mut wakes = |name: &str| {
        rig.engine
            .seen(&resource(None, "Item"), object(name, 5, name));
        rig.engine.is_ready()
    };
    assert!(!wakes("i0"));
    assert!(wakes("i2"));
}

/// The wall clock is set, or the machine was suspended.
#[test]
fn all_are_decided_anew_where_the_clock_has_jumped() {
    for (wall, is_woken) in [(4_000, false), (3_600_000, true)] {
        let mut rig = Rig::new();
        rig.next();
        rig.decides(Outcome::Observe(vec![items()]));
        rig.decides(Outcome::Act(plan(vec![])));
        assert_eq!(rig.next(), None);
        let now = Now { wall, ..rig.now() };
        assert_eq!(rig.engine.next(now).is_some(), is_woken, "{wall}");
    }
}
