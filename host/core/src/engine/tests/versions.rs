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
