//! What does not come to rest writes ever more slowly, and says so once.

use super::turns::play;
use super::*;

const HOUR: u64 = 3_600;

fn status(text: &str) -> Action {
    Action::SetStatus(json!({ "text": text }).to_string())
}

/// What was sent, by kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    patches: usize,
    events: Vec<String>,
}

impl Count {
    fn add(&mut self, request: &Request) {
        match request {
            Request::RecordEvent { event, .. } => {
                self.events
                    .push(format!("{} {}", event.reason, event.message));
            }
            _ => self.patches += 1,
        }
    }
}

/// The policy makes that plan as often as it is called, and everything succeeds.
fn plays(rig: &mut Rig, plan: &Plan, until: u64) -> Count {
    let (mut count, mut version) = (
        Count::default(),
        1_000 * u32::try_from(rig.seconds).unwrap(),
    );
    while rig.seconds < until {
        let played = play(rig, plan, |request| {
            count.add(request);
            version += 1;
            Ok(Some(object("o", version, "u")))
        });
        match (played, rig.engine.next_due()) {
            (Some(_), _) => {}
            (None, Some(due)) => rig.seconds = due.as_secs(),
            (None, None) => break,
        }
    }
    count
}

#[test]
fn a_policy_that_writes_without_end_writes_every_ten_seconds() {
    let mut rig = Rig::new();
    let again = Plan {
        requeue: Requeue::AtOnce,
        ..plan(vec![status("a"), status("b")])
    };
    let count = plays(&mut rig, &again, HOUR);
    assert_eq!(count.patches, 2 * (60 + 360), "{:?}", count.events);
    let said = "NotAtRest does not come to rest: 60 writes in the last 0 s; further ones wait";
    assert_eq!(count.events, [said]);
}

#[test]
fn what_was_at_rest_may_write_again_and_says_so_again() {
    let mut rig = Rig::new();
    let again = Plan {
        requeue: Requeue::AtOnce,
        ..plan(vec![status("a")])
    };
    let first = plays(&mut rig, &again, 1);
    // The policy has nothing to do for a while.
    plays(&mut rig, &plan(vec![]), 2);
    rig.seconds += 700;
    rig.engine.reconcile(key("o"));
    let until = rig.seconds + 1;
    let second = plays(&mut rig, &again, until);
    assert_eq!(first.patches, second.patches);
    assert_eq!((first.events.len(), second.events.len()), (1, 1));
}

#[test]
fn one_that_is_created_again_does_not_begin_with_a_full_budget() {
    let mut rig = Rig::new();
    let again = Plan {
        requeue: Requeue::AtOnce,
        ..plan(vec![status("a")])
    };
    plays(&mut rig, &again, 1);
    let orders = resource(None, "Order");
    rig.engine.seen_gone(&orders, &object("o", 5_000, "u"));
    assert_eq!(rig.next(), None);
    rig.engine.seen(&orders, object("o", 5_001, "v"));
    assert!(rig.next().is_some());
    rig.decides(Outcome::Observe(vec![items()]));
    request(rig.decides(Outcome::Act(again)));
    rig.answer(Answer::Replied(Ok(Some(object("o", 5_002, "v")))));
    assert_eq!(rig.next(), None);
}

/// The status may follow what others do: a change every second, for an hour.
#[test]
fn what_follows_others_does_not_wait() {
    let mut rig = Rig::new();
    let item = resource(None, "Item");
    let set = plan(vec![status("a")]);
    let mut count = Count::default();
    for second in 1..=3_600_u32 {
        rig.seconds = second.into();
        rig.engine.seen(&item, object("i", second, "i1"));
        play(&mut rig, &set, |request| {
            count.add(request);
            Ok(Some(object("o", 1 + second, "u")))
        });
    }
    assert_eq!((count.patches, count.events), (3_600, vec![]));
}

/// A webhook refuses the finalizer with another text each time, and the policy writes that text into the status.
#[test]
fn a_refusal_that_changes_is_followed_ever_more_slowly() {
    let mut rig = Rig::new();
    let (mut count, mut version) = (Count::default(), 1);
    while rig.seconds < HOUR {
        let patch = Action::PatchMetadata("{\"labels\":{}}".into());
        let text = plan(vec![status(&version.to_string()), patch]);
        let played = play(&mut rig, &text, |request| {
            count.add(request);
            version += 1;
            match request {
                Request::Patch { .. } => {
                    Err(Cause::because("Forbidden", &format!("request {version}")))
                }
                _ => Ok(Some(object("o", version, "u"))),
            }
        });
        if played.is_none() {
            let due = rig.engine.next_due().unwrap();
            rig.seconds = due.as_secs() + u64::from(due.subsec_nanos() > 0);
        }
    }
    assert_eq!((count.patches, count.events), (2 * 68, vec![]));
}
