//! Contexts that hang or do not answer hold up nobody else, and nothing that waits for them is forgotten.

use super::*;

fn east() -> Context {
    Some("east".into())
}

fn orders() -> Resource {
    resource(None, "Order")
}

/// The primaries of that name write into the east, the others a status.
fn plan_of(primary: &ObjectKey) -> Plan {
    match primary.name.starts_with('e') {
        true => create(),
        false => plan(vec![Action::SetStatus("{}".into())]),
    }
}

fn silent() -> Option<Answer> {
    Some(lost())
}

fn done(primary: &ObjectKey) -> Option<Answer> {
    let object = match primary.name.starts_with('e') {
        true => object("i", 50, "i1"),
        false => object(&primary.name, 50, &primary.name),
    };
    Some(Answer::Replied(Ok(Some(object))))
}

impl Rig {
    fn add(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            self.engine.seen(&orders(), object(&name, 2, &name));
        }
    }

    /// Does what there is to do now. Whose requests were sent, in order; those without an answer stay under way.
    fn work(&mut self, reply: impl Fn(&ObjectKey) -> Option<Answer>) -> Vec<String> {
        let (now, mut sent) = (self.now(), Vec::new());
        while let Some(work) = self.engine.next(now) {
            let mut next = Some(work);
            while let Some(work) = next.take() {
                let known = self.known(&work.task, &work.primary);
                let answer = known.or_else(|| {
                    sent.push(work.primary.name.clone());
                    reply(&work.primary)
                });
                if let Some(answer) = answer
                    && let Next::Work(more) = self.engine.answer(now, &work.primary, answer)
                {
                    next = Some(*more);
                }
            }
        }
        sent
    }

    /// The answer to all but the requests that a plan asks for: the policy's, and what there is of the primary.
    fn known(&self, task: &Task, primary: &ObjectKey) -> Option<Answer> {
        match task {
            Task::Send(Request::Read { resource, key }) if *resource == orders() => {
                let known = self.engine.caches.get(resource, key);
                Some(Answer::Replied(Ok(known.map(|it| (*it).clone()))))
            }
            task => decided(task, || plan_of(primary)),
        }
    }

    fn answered(&mut self, name: &str, answer: Answer) {
        let now = self.now();
        let next = self.engine.answer(now, &key(name), answer);
        assert!(matches!(next, Next::Ended(_)), "{next:?}");
    }
}

fn names(prefix: &str, numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("{prefix}{number}")).collect()
}

/// An engine with nothing but these primaries.
fn rig(primaries: Vec<String>) -> Rig {
    let mut rig = Rig::new();
    rig.engine.seen_gone(&orders(), &object("o", 1, "u"));
    rig.add(primaries);
    rig
}

#[test]
fn a_context_that_hangs_leaves_workers_to_others() {
    let mut rig = rig([names("e", 10..40), names("c", 0..10)].concat());
    let sent = rig.work(|primary| match primary.name.starts_with('e') {
        true => None,
        false => done(primary),
    });
    let (in_east, others): (Vec<_>, Vec<_>) = sent.iter().partition(|it| it.starts_with('e'));
    assert_eq!((in_east.len(), others.len()), (8, 10));
    assert!(!rig.engine.is_ready());
    // Each that is answered makes room for the one that has waited longest.
    rig.answered(in_east[0], lost());
    assert!(rig.engine.is_ready());
    assert_eq!(rig.work(|_| None), ["e18"]);
    assert_eq!(rig.work(|_| None), [""; 0]);
}

#[test]
fn what_waits_for_a_context_that_is_removed_goes_on() {
    let mut rig = rig(names("e", 10..30));
    let hanging = rig.work(|_| None);
    rig.engine.remove_context(&east());
    // Those that waited have failed, and were decided again.
    assert_eq!(rig.work(|_| None), [""; 0]);
    for name in names("e", 18..30) {
        assert!(rig.engine.due(&key(&name)).is_some(), "{name}");
    }
    for name in &hanging {
        rig.answered(name, lost());
    }
    rig.engine.add_context(east());
    rig.seconds = 100;
    assert_eq!(rig.work(|_| None).len(), 8);
}

#[test]
fn a_primary_that_is_gone_while_it_waits_holds_no_slot() {
    let mut rig = rig(names("e", 10..20));
    let hanging = rig.work(|_| None);
    rig.engine.seen_gone(&orders(), &object("e18", 3, "e18"));
    rig.answered(&hanging[0], done(&key("e10")).unwrap());
    assert_eq!(rig.work(|_| None), ["e19"]);
    for name in hanging[1..].iter().map(String::as_str).chain(["e19"]) {
        rig.answered(name, done(&key(name)).unwrap());
    }
    rig.add(names("e", 30..40));
    assert_eq!(rig.work(|_| None).len(), 8);
}

#[test]
fn a_context_that_does_not_answer_is_asked_once_in_a_while() {
    let mut rig = rig(names("e", 0..20));
    assert_eq!(rig.work(|_| silent()), ["e0", "e1", "e2"]);
    let ledger = |rig: &Rig, name: &str| rig.engine.ledger(&key(name)).cloned().unwrap();
    let refused = ledger(&rig, "e5");
    assert!(refused.unconfirmed.is_empty());
    let failure = &refused.failures.list()[0];
    assert_eq!(
        (failure.class, failure.reason.as_str()),
        (FailureClass::Throttled, "Timeout")
    );
    assert_eq!(ledger(&rig, "e0").unconfirmed.len(), 1);
    // In ten minutes: after 1, 2, 4, 8, 16, 32 s, and then each minute.
    let mut sent = 0;
    for second in 1..=600 {
        rig.seconds = second;
        sent += rig.work(|_| silent()).len();
    }
    assert!((10..=15).contains(&sent), "{sent} were sent");
    // One that is answered lets all others through at once.
    rig.seconds = 700;
    let mut sent = rig.work(done);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 20);
}

/// Not after its own backoff, which may come just before.
#[test]
fn what_waits_for_a_context_is_sent_as_soon_as_it_is_asked_again() {
    let mut rig = rig(names("e", 0..4));
    rig.work(|_| silent());
    let mut asked = vec![];
    while asked.len() < 6 {
        let due = rig.engine.next_due().unwrap();
        rig.seconds = (due + Duration::from_millis(999)).as_secs();
        let sent = rig.work(|_| silent());
        asked.extend(sent.iter().map(|_| rig.seconds));
    }
    assert_eq!(asked, [1, 3, 7, 15, 31, 63]);
}

#[test]
fn a_watch_that_is_well_again_makes_the_next_request_a_probe() {
    let mut rig = rig(names("e", 0..5));
    rig.work(|_| silent());
    for second in 1..=60 {
        rig.seconds = second;
        rig.work(|_| silent());
    }
    let item = Resource {
        context: east(),
        ..resource(None, "Item")
    };
    let lost = Unavailable::new(UnavailableReason::Unreachable, "no route");
    rig.engine.set_health(&item, None, Health::Lost(lost));
    rig.work(|_| silent());
    rig.engine.set_health(&item, None, Health::Synced);
    let mut sent = rig.work(done);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 5);
}

impl Rig {
    /// Brings a primary to its create, or to where it waits for a slot.
    fn start(&mut self, name: &str) -> Next {
        let (now, primary) = (self.now(), key(name));
        let work = self.engine.next(now).unwrap();
        assert_eq!(work.primary, primary);
        let mut next = Next::Work(Box::new(work));
        while let Next::Work(work) = &next
            && let Some(answer) = self.known(&work.task, &primary)
        {
            next = self.engine.answer(now, &primary, answer);
        }
        next
    }

    /// What is done for e18 once there is room, after it has waited for that while something has happened.
    fn waits(happens: impl FnOnce(&mut Self)) -> Option<Task> {
        let mut rig = rig(names("e", 10..19));
        for name in names("e", 10..18) {
            assert!(matches!(rig.start(&name), Next::Work(_)));
        }
        assert_eq!(rig.start("e18"), Next::Ended(End::Waiting));
        happens(&mut rig);
        rig.answered("e10", done(&key("e10")).unwrap());
        rig.next()
    }
}

#[test]
fn what_has_waited_is_sent_only_for_what_was_decided_upon() {
    let create = Rig::waits(|_| {});
    assert!(
        matches!(create, Some(Task::Send(Request::Create { .. }))),
        "{create:?}"
    );
    let again = Rig::waits(|rig| {
        let mut deleted = object("e18", 9, "e18");
        deleted.is_being_deleted = true;
        rig.engine.seen(&orders(), deleted);
    });
    assert!(matches!(again, Some(Task::Decide(_))), "{again:?}");
    let nothing = Rig::waits(|rig| {
        for version in ["50", "5"] {
            let item = resource(None, "Item");
            rig.engine.listed(&item, None, empty(version));
        }
    });
    assert_eq!(nothing, None, "its API server was set back");
    let nothing = Rig::waits(|rig| {
        let lost = Unavailable::new(UnavailableReason::Unreachable, "no route");
        rig.engine.set_health(&orders(), None, Health::Lost(lost));
    });
    assert_eq!(nothing, None, "nobody sees what becomes of it");
}

/// It is a request to the control plane.
#[test]
fn the_read_before_a_create_is_not_sent_where_nothing_is_answered() {
    let mut rig = rig(names("e", 0..6));
    let (now, mut reads) = (rig.now(), 0);
    while let Some(work) = rig.engine.next(now) {
        let primary = work.primary.clone();
        let mut next = Next::Work(Box::new(work));
        while let Next::Work(work) = &next {
            let answer = decided(&work.task, create).unwrap_or_else(|| {
                reads += 1;
                lost()
            });
            next = rig.engine.answer(now, &primary, answer);
        }
    }
    assert_eq!(reads, 3);
}

#[test]
fn one_is_woken_to_find_out_whether_a_context_answers() {
    let mut rig = rig(names("e", 10..40));
    rig.work(|_| silent());
    rig.seconds = 1;
    for name in names("e", 10..40) {
        // Without its own backoff.
        rig.engine.queue.forget(&key(&name));
    }
    let now = rig.now();
    assert_eq!(std::iter::from_fn(|| rig.engine.next(now)).count(), 1);
}

#[test]
fn few_workers_are_shared_out_too() {
    let mut rig = rig(names("e", 10..20));
    rig.engine.slots = Slots::new(8);
    assert_eq!(rig.work(|_| None).len(), 1);
}
