//! Which of two answers is newer, when they come in another order than they were given in.

use super::late::{east, replied};
use super::*;

impl Rig {
    fn lists(&mut self, objects: Vec<Object>, version: u64) {
        let version = version.to_string();
        let list = List { objects, version };
        self.engine.listed(&east(), None, list);
    }
}

#[test]
fn what_was_written_and_deleted_before_a_list_was_taken_is_gone() {
    let mut rig = Rig::new();
    rig.sends(create());
    rig.answer(replied(Some(object("i", 5, "i1"))));
    rig.lists(vec![], 4);
    assert_eq!(rig.item().as_deref(), Some("i1"));
    rig.lists(vec![], 6);
    assert_eq!(rig.item(), None);
}

#[test]
fn the_reply_to_a_create_is_no_news_once_the_watch_has_shown_something_newer() {
    let shown: [fn(&mut Rig); 3] = [
        |rig| rig.lists(vec![], 6),
        |rig| rig.engine.seen_gone(&east(), &object("i", 6, "i1")),
        |rig| rig.engine.caught_up(&east(), None, "6"),
    ];
    for shown in shown {
        let mut rig = Rig::new();
        rig.sends(create());
        shown(&mut rig);
        rig.answer(replied(Some(object("i", 5, "i1"))));
        assert_eq!(rig.item(), None);
    }
}

/// What the others show may never have been, in that context.
#[test]
fn nothing_is_decided_on_an_api_server_that_was_set_back_before_all_is_listed() {
    let mut rig = Rig::new();
    let (order, item) = (resource(None, "Order"), resource(None, "Item"));
    assert!(!rig.engine.listed(&item, None, empty("50")));
    assert!(!rig.engine.listed(&east(), None, empty("50")));
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    rig.decides(Outcome::Act(plan(vec![])));
    assert!(rig.engine.listed(&item, None, empty("5")));
    assert!(rig.engine.is_outdated(&order, None));
    assert!(!rig.engine.is_outdated(&east(), None));
    rig.engine.reconcile(key("o"));
    assert_eq!(rig.next(), None);
    let list = List {
        objects: vec![object("o", 4, "u")],
        version: "6".into(),
    };
    assert!(!rig.engine.listed(&order, None, list));
    assert!(matches!(rig.next(), Some(Task::Decide(_))));
    assert!(!rig.engine.is_outdated(&item, None));
}

/// One whose list goes back as well says nothing new.
#[test]
fn each_kind_is_listed_anew_once() {
    let mut rig = Rig::new();
    let kinds = [resource(None, "Order"), resource(None, "Item")];
    for kind in &kinds {
        rig.engine.listed(kind, None, empty("50"));
    }
    let backs = kinds
        .iter()
        .map(|kind| rig.engine.listed(kind, None, empty("5")));
    assert_eq!(backs.collect::<Vec<_>>(), [true, false]);
    assert!(!kinds.iter().any(|kind| rig.engine.is_outdated(kind, None)));
}

#[test]
fn what_is_decided_while_an_api_server_is_set_back_is_decided_anew() {
    let mut rig = Rig::new();
    let item = resource(None, "Item");
    rig.engine.listed(&item, None, empty("50"));
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    assert!(rig.engine.listed(&item, None, empty("5")));
    let status = Action::SetStatus("{}".into());
    let next = rig.decides(Outcome::Act(plan(vec![status])));
    assert!(matches!(next, Next::Ended(_)), "{next:?}");
    assert_eq!(rig.next(), None, "the primaries are not listed yet");
}

/// What was written before counts no more, and what is answered afterwards is newer than any version from before.
#[test]
fn own_writes_belong_to_the_api_server_that_they_were_made_on() {
    let rig = || {
        let mut rig = Rig::new();
        let other = resource(Some("east"), "Other");
        rig.engine.open(&other, None);
        rig.engine.listed(&other, None, empty("100"));
        (rig, other)
    };
    let set_back = |rig: &mut Rig, other: &Resource| {
        assert!(rig.engine.listed(other, None, empty("50")));
    };
    let (mut before, other) = rig();
    before.lists(vec![], 40);
    before.sends(create());
    before.answer(replied(Some(object("i", 90, "i1"))));
    set_back(&mut before, &other);
    before.lists(vec![], 51);
    assert_eq!(before.item(), None);

    let (mut after, other) = rig();
    after.lists(vec![], 100);
    after.sends(create());
    set_back(&mut after, &other);
    after.answer(replied(Some(object("i", 55, "i1"))));
    after.lists(vec![], 54);
    assert_eq!(after.item().as_deref(), Some("i1"));
}

/// A cluster-scoped kind is listed whole for each namespace that is watched. What one watch shows does not make another's list old.
#[test]
fn two_watches_of_one_kind_do_not_set_each_other_back() {
    let mut rig = Rig::new();
    let west = resource(Some("west"), "Node");
    for namespace in ["a", "b"] {
        rig.engine.open(&west, Some(namespace));
    }
    rig.engine.resolved(&west, false);
    let node = |name: &str, version| {
        let mut node = object(name, version, name);
        node.key.namespace = None;
        node
    };
    rig.engine.listed(&west, Some("a"), empty("100"));
    rig.engine.seen(&west, node("n", 101));
    rig.engine.overlay(&west, node("m", 102));
    assert!(!rig.engine.listed(&west, Some("b"), empty("100")));
    let known = rig.engine.caches.get(&west, &node("m", 1).key);
    assert!(known.is_some(), "what was just written is forgotten");
}

#[test]
fn a_policy_that_asks_for_more_is_not_shown_a_primary_from_before() {
    let mut rig = Rig::new();
    let item = resource(None, "Item");
    rig.engine.listed(&item, None, empty("50"));
    rig.lists(vec![object("i", 5, "i1")], 50);
    rig.next();
    assert!(rig.engine.listed(&item, None, empty("5")));
    let Selector::Labels(mut query) = items() else {
        panic!("it is a query")
    };
    query.scope = Scope::One("east".into());
    let next = rig.decides(Outcome::Observe(vec![Selector::Labels(query)]));
    assert!(matches!(next, Next::Ended(_)), "{next:?}");
    assert_eq!(rig.next(), None, "the primaries are not listed yet");
}
