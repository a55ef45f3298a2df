//! Answers that come late: the watch has shown something newer meanwhile, or they do not say what they seem to say.

use pilothouse_contract::Deletion;

use super::*;

pub(super) fn east() -> Resource {
    resource(Some("east"), "Item")
}

fn orders() -> Resource {
    resource(None, "Order")
}

pub(super) fn replied(object: Option<Object>) -> Answer {
    Answer::Replied(Ok(object))
}

fn refused(reason: &str) -> Answer {
    Answer::Replied(Err(Cause::because(reason, "no")))
}

/// One that is being deleted.
fn terminating(mut object: Object) -> Object {
    object.is_being_deleted = true;
    object
}

pub(super) fn delete(uid: &str) -> Plan {
    plan(vec![Action::Delete(Deletion {
        object: east().object(&key("i")),
        uid: uid.into(),
    })])
}

fn status() -> Plan {
    plan(vec![Action::SetStatus(json!({"a": 1}).to_string())])
}

fn created_again() -> Plan {
    let mut both = delete("i1");
    both.actions.extend(create().actions);
    both
}

impl Rig {
    /// The uid of the item that is known.
    pub(super) fn item(&self) -> Option<String> {
        let item = self.engine.caches.get(&east(), &key("i"));
        item.map(|item| item.uid.clone())
    }

    /// Reads an unconfirmed write back.
    fn reads_back(&mut self) {
        self.answer(lost());
        self.seconds += 1;
        assert!(matches!(
            self.next(),
            Some(Task::Send(Request::Read { .. }))
        ));
    }
}

#[test]
fn a_primary_that_is_created_again_while_it_is_read_back_is_decided_upon() {
    let mut rig = Rig::new();
    rig.sends(status());
    rig.reads_back();
    rig.engine.seen_gone(&orders(), &object("o", 3, "u"));
    rig.engine.seen(&orders(), object("o", 4, "v"));
    let snapshot = asked(rig.answer(replied(None)));
    let primary: Value = serde_json::from_str(&snapshot.primary).unwrap();
    assert_eq!(primary["metadata"]["uid"], "v");
    rig.decides(Outcome::Observe(vec![items()]));
    rig.decides(Outcome::Act(plan(vec![])));
    rig.engine.seen(&orders(), object("o", 5, "v"));
    assert!(rig.next().is_some(), "what happens to it later is hidden");
}

#[test]
fn a_create_that_is_carried_out_after_it_was_read_back_is_seen() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.reads_back();
    rig.engine.seen(&east(), object("i", 5, "i1"));
    let snapshot = asked(rig.answer(replied(None)));
    assert_eq!(items_in(&snapshot, "east").unwrap().len(), 1);
}

#[test]
fn only_an_answer_confirms_what_was_written() {
    for reason in ["Forbidden", "Unauthorized"] {
        let mut rig = Rig::new();
        rig.sends(create());
        rig.reads_back();
        let snapshot = asked(rig.answer(refused(reason)));
        let items = items_in(&snapshot, "east");
        assert_eq!(items, Err(UnavailableReason::Unconfirmed), "{reason}");
    }
}

#[test]
fn what_the_watch_has_shown_gone_does_not_come_back() {
    let mut rig = Rig::new();
    let patch = Action::PatchMetadata("{\"finalizers\":[]}".into());
    rig.sends(plan(vec![patch]));
    rig.engine.seen_gone(&orders(), &object("o", 3, "u"));
    rig.answer(replied(Some(terminating(object("o", 2, "u")))));
    assert!(rig.engine.caches.get(&orders(), &key("o")).is_none());

    let mut rig = Rig::new();
    rig.engine.seen(&east(), object("i", 5, "i1"));
    rig.sends(delete("i1"));
    rig.engine.seen_gone(&east(), &object("i", 8, "i1"));
    rig.answer(replied(Some(terminating(object("i", 7, "i1")))));
    assert_eq!(rig.item(), None);
}

#[test]
fn an_earlier_object_does_not_replace_one_of_its_name() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(refused("AlreadyExists"));
    rig.engine.seen(&east(), object("i", 5, "i1"));
    rig.engine.seen_gone(&east(), &object("i", 6, "i1"));
    rig.engine.seen(&east(), object("i", 7, "i2"));
    rig.answer(replied(Some(object("i", 5, "i1"))));
    assert_eq!(rig.item().as_deref(), Some("i2"));
}

#[test]
fn what_was_deleted_and_created_again_is_known_while_the_watch_is_behind() {
    let mut rig = Rig::new();
    rig.engine.seen(&east(), object("i", 5, "i1"));
    rig.sends(created_again());
    let next = request(rig.answer(replied(None)));
    rig.confirmed(next);
    rig.answer(replied(Some(object("i", 9, "i2"))));
    rig.engine.seen(&east(), object("i", 6, "i1"));
    assert_eq!(rig.item().as_deref(), Some("i2"));
    rig.engine.seen_gone(&east(), &object("i", 8, "i1"));
    assert_eq!(rig.item().as_deref(), Some("i2"));
}

#[test]
fn a_list_of_one_namespace_says_nothing_of_another() {
    let mut rig = Rig::new();
    let west = resource(Some("west"), "Item");
    rig.engine.open(&west, Some("ns"));
    rig.engine.open(&west, Some("other"));
    rig.engine.seen(&west, object("i", 5, "i1"));
    rig.engine.overlay_gone(&west, &key("i"), "i1");
    let list = List {
        objects: vec![],
        version: "7".into(),
    };
    rig.engine.listed(&west, Some("other"), list);
    rig.engine.seen(&west, object("i", 6, "i1"));
    assert!(rig.engine.caches.get(&west, &key("i")).is_none());
}

/// An admission webhook may answer so, and a namespace that is terminating does.
#[test]
fn a_delete_that_conflicts_is_done_only_where_the_object_is_gone() {
    let there = object("i", 6, "i1");
    let another = object("i", 7, "i2");
    for (found, failed, known) in [
        (Some(there), true, Some("i1")),
        (Some(another), false, Some("i2")),
        (None, false, None),
    ] {
        let mut rig = Rig::new();
        rig.engine.seen(&east(), object("i", 5, "i1"));
        rig.sends(delete("i1"));
        let read = request(rig.answer(refused("Conflict")));
        assert!(matches!(read, Request::Read { .. }));
        let Next::Ended(End::Decided(decided)) = rig.answer(replied(found)) else {
            panic!("it has not ended");
        };
        assert_eq!(decided.failure.is_some(), failed, "{known:?}");
        assert_eq!(rig.item().as_deref(), known);
    }
}

/// As a Pod: it is answered without finalizers, and is there until its time is over.
#[test]
fn what_is_deleted_gracefully_is_still_there() {
    let mut rig = Rig::new();
    rig.engine.seen(&east(), object("i", 5, "i1"));
    rig.sends(delete("i1"));
    rig.answer(replied(Some(terminating(object("i", 6, "i1")))));
    assert_eq!(rig.item().as_deref(), Some("i1"));
}

#[test]
fn a_primary_that_is_created_again_starts_with_nothing_remembered() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(refused("Forbidden"));
    rig.engine.seen_gone(&orders(), &object("o", 3, "u"));
    rig.engine.seen(&orders(), object("o", 4, "v"));
    let Some(Task::Decide(snapshot)) = rig.next() else {
        panic!("it is not decided upon");
    };
    assert_eq!((snapshot.failures, snapshot.observations), (vec![], vec![]));
}

#[test]
fn nothing_more_is_sent_for_a_primary_that_is_gone() {
    let mut rig = Rig::new();
    rig.sends(created_again());
    rig.engine.seen_gone(&orders(), &object("o", 3, "u"));
    rig.engine.seen(&orders(), object("o", 4, "v"));
    let next = rig.answer(replied(None));
    assert!(matches!(next, Next::Ended(_)), "{next:?}");

    let mut rig = Rig::new();
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    rig.engine.seen_gone(&orders(), &object("o", 3, "u"));
    let next = rig.decides(Outcome::Act(create()));
    assert!(matches!(next, Next::Ended(_)), "{next:?}");
}
