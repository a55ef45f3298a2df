//! What waits while a watch is lost, and what wakes it.

use super::*;

fn orders() -> Resource {
    resource(None, "Order")
}

fn down() -> Health {
    Health::Lost(Unavailable::new(UnavailableReason::Unreachable, "no route"))
}

#[test]
fn nothing_is_decided_about_a_primary_whose_watch_is_lost() {
    for health in [down(), Health::Starting] {
        let mut rig = Rig::new();
        rig.engine.set_health(&orders(), None, health);
        assert_eq!(rig.next(), None);
        rig.engine.set_health(&orders(), None, Health::Synced);
        assert!(matches!(rig.next(), Some(Task::Decide(_))));
    }
}

#[test]
fn what_is_remembered_of_a_primary_outlives_the_loss_of_its_watch() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(lost());
    rig.engine.set_health(&orders(), None, down());
    rig.seconds += 60;
    assert_eq!(rig.next(), None, "its write is read back later");
    let item = object("i", 5, "i1");
    rig.engine.seen(&resource(None, "Item"), item);
    assert!(rig.engine.is_ready(), "nothing wakes it");
    assert_eq!(rig.next(), None);
    assert_eq!(rig.engine.ledger(&key("o")).unwrap().unconfirmed.len(), 1);
    rig.engine.set_health(&orders(), None, Health::Synced);
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
}

#[test]
fn a_primary_that_is_gone_once_its_watch_is_back_is_forgotten() {
    let mut rig = Rig::new();
    rig.sends(plan(vec![Action::PatchMetadata("{}".into())]));
    rig.answer(Answer::Replied(Ok(Some(object("o", 2, "u")))));
    rig.engine.overlay_gone(&orders(), &key("o"), "u");
    rig.engine.set_health(&orders(), None, down());
    assert_eq!(rig.next(), None);
    assert!(rig.engine.ledger(&key("o")).is_some());
    rig.engine.set_health(&orders(), None, Health::Synced);
    assert_eq!(rig.next(), None);
    assert!(rig.engine.ledger(&key("o")).is_none());
}
