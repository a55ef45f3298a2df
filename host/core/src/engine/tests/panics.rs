//! The engine itself panics: whose reconcile it was is worked for again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// A log that panics at whatever is said.
struct Panics;

impl Subscriber for Panics {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("the engine panics");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn panics<T>(call: impl FnOnce() -> T) {
    let call = AssertUnwindSafe(|| with_default(Panics, call));
    assert!(catch_unwind(call).is_err(), "it does not panic");
}

impl Rig {
    fn is_abandoned(&mut self) {
        assert_eq!(self.engine.abandon(self.now()), Some(key("o")));
        assert!(self.engine.next_due().is_some(), "it is never tried again");
        self.seconds += 1;
    }
}

#[test]
fn a_reconcile_in_which_the_engine_panics_is_begun_anew() {
    let mut rig = Rig::new();
    rig.next();
    rig.decides(Outcome::Observe(vec![items()]));
    panics(|| rig.decides(Outcome::Act(create())));
    rig.is_abandoned();
    assert!(matches!(rig.next(), Some(Task::Decide(_))));
    assert_eq!(rig.engine.abandon(rig.now()), None, "nothing has panicked");
}

#[test]
fn a_write_whose_answer_the_engine_panics_at_is_read_back() {
    let mut rig = Rig::new();
    rig.sends(create());
    panics(|| rig.answer(Answer::Replied(Ok(Some(object("i", 5, "i1"))))));
    rig.is_abandoned();
    assert!(matches!(rig.next(), Some(Task::Send(Request::Read { .. }))));
}

#[test]
fn a_primary_that_the_engine_panics_at_the_start_of_is_started_again() {
    let mut rig = Rig::new();
    let orders = resource(None, "Order");
    rig.engine.seen_gone(&orders, &object("o", 2, "u"));
    panics(|| rig.next());
    rig.is_abandoned();
    rig.engine.seen(&orders, object("o", 3, "v"));
    assert!(matches!(rig.next(), Some(Task::Decide(_))));
}
