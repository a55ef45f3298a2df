//! What waits while a watch is lost, and what wakes it.

use super::*;
use crate::cache::Unknown;

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

/// Reads there would take their whole time, one after the other.
#[test]
fn a_write_is_read_back_once_its_kind_is_watched_again() {
    let mut rig = Rig::new();
    let east = resource(Some("east"), "Item");
    rig.sends(Plan {
        observes: vec![],
        ..create()
    });
    rig.answer(lost());
    rig.engine.set_health(&east, None, down());
    rig.seconds += 60;
    assert!(matches!(rig.next(), Some(Task::Decide(_))));
    rig.decides(Outcome::Act(Plan {
        observes: vec![],
        ..plan(vec![])
    }));
    assert!(rig.engine.next_due().is_some(), "nothing wakes it");
    assert_eq!(rig.next(), None);
    rig.engine.set_health(&east, None, Health::Synced);
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
}

/// A task that is aborted runs on to its next await.
#[test]
fn what_a_stopped_watch_tells_is_not_kept() {
    let east = resource(Some("east"), "Item");
    let tells = |engine: &mut Engine| {
        engine.seen(&east, object("i", 5, "i1"));
        let list = List {
            objects: vec![object("i", 6, "i1")],
            version: "6".into(),
        };
        engine.listed(&east, None, list);
        assert!(!engine.set_health(&east, None, Health::Synced));
        engine.resolved(&east, true);
    };
    let mut rig = Rig::new();
    rig.engine.close(&east);
    tells(&mut rig.engine);
    let known = rig.engine.caches.object(&east.object(&key("i")));
    let Err(Unknown::Unavailable(why)) = known else {
        panic!("{known:?}");
    };
    assert_eq!(why.reason, UnavailableReason::NotWatched);

    let mut rig = Rig::new();
    rig.engine.seen(&east, object("i", 5, "i1"));
    rig.engine.remove_context(&east.context);
    tells(&mut rig.engine);
    rig.engine.add_context(east.context.clone());
    rig.engine.open(&east, None);
    assert!(rig.engine.caches.get(&east, &key("i")).is_none());
    assert!(!rig.engine.set_health(&east, Some("other"), Health::Synced));
}
