//! A patch of the primary itself is refused: it has changed, it is gone, or somebody refuses it.

use pilothouse_contract::Severity;

use super::*;

fn orders() -> Resource {
    resource(None, "Order")
}

fn status() -> Plan {
    plan(vec![Action::SetStatus(json!({"a": 1}).to_string())])
}

fn metadata() -> Plan {
    plan(vec![Action::PatchMetadata("{\"labels\":{}}".into())])
}

fn refused(reason: &str) -> Answer {
    Answer::Replied(Err(Cause::because(reason, "no")))
}

impl Rig {
    /// Sends the plan's patch, which is refused so. The primary is read then, and this is found.
    fn patch(&mut self, plan: Plan, reason: &str, found: Option<Object>) -> Next {
        assert!(!matches!(self.sends(plan), Request::Read { .. }));
        let read = request(self.answer(refused(reason)));
        assert_eq!(read.object(), orders().object(&key("o")));
        assert!(matches!(read, Request::Read { .. }));
        self.answer(Answer::Replied(Ok(found)))
    }

    /// The uid and the resourceVersion of the primary that is known.
    fn order(&self) -> Option<(String, String)> {
        let order = self.engine.caches.get(&orders(), &key("o"))?;
        Some((order.uid.clone(), order.resource_version.clone()))
    }
}

#[test]
fn a_primary_that_has_changed_is_decided_on_as_it_is_while_the_watch_is_behind() {
    for plan in [status(), metadata()] {
        let mut rig = Rig::new();
        for attempt in 0..6 {
            let newer = object("o", 10 + attempt, "u");
            let ended = rig.patch(plan.clone(), "Conflict", Some(newer));
            assert!(matches!(ended, Next::Ended(End::Decided(_))), "{ended:?}");
            let version = (10 + attempt).to_string();
            assert_eq!(rig.order(), Some(("u".into(), version)));
            assert!(!rig.engine.is_ready(), "it is tried again at once");
            let due = rig.engine.next_due().unwrap();
            let delay = due - Duration::from_secs(rig.seconds);
            assert_eq!(delay, Duration::from_millis(200) * 2_u32.pow(attempt));
            rig.seconds = due.as_secs() + 1;
        }
        let Request::Patch { patch, .. } = rig.sends(metadata()) else {
            panic!("no patch");
        };
        assert_eq!(patch["metadata"]["resourceVersion"], "15");
    }
}

#[test]
fn a_watch_event_is_not_waited_out() {
    let mut rig = Rig::new();
    rig.patch(status(), "Conflict", Some(object("o", 2, "u")));
    rig.engine.seen(&orders(), object("o", 3, "u"));
    assert!(matches!(rig.next(), Some(Task::Decide(_))), "at once");
}

#[test]
fn a_primary_that_is_gone_is_not_patched_again() {
    let mut rig = Rig::new();
    rig.patch(status(), "NotFound", None);
    assert_eq!(rig.order(), None);
    assert_eq!(rig.next(), None);
    assert!(rig.engine.ledger(&key("o")).is_none());

    let mut rig = Rig::new();
    rig.patch(status(), "Conflict", Some(object("o", 7, "v")));
    assert_eq!(rig.order(), Some(("v".into(), "7".into())));
    assert!(matches!(rig.next(), Some(Task::Decide(_))), "at once");
}

/// What the event says that a patch is refused; none where nothing is said, and the reconcile has ended.
fn said(next: &Next) -> Option<String> {
    match next {
        Next::Work(work) => match &work.task {
            Task::Send(Request::RecordEvent { event, .. }) => {
                assert_eq!(event.severity, Severity::Warning);
                Some(format!("{}: {}", event.reason, event.message))
            }
            other => panic!("{other:?}"),
        },
        Next::Ended(_) => None,
    }
}

#[test]
fn a_patch_that_is_refused_although_nothing_has_changed_is_a_failure() {
    let no_subresource = "StatusRefused: cannot set the status of Order: NotFound: no; \
        does the CRD of Order have the status subresource?";
    let denied = "StatusRefused: cannot set the status of Order: Conflict: no";
    let metadata_denied = "MetadataRefused: cannot patch the metadata of Order: Conflict: no";
    for (plan, reason, message) in [
        (status(), "NotFound", no_subresource),
        (status(), "Conflict", denied),
        (metadata(), "Conflict", metadata_denied),
    ] {
        let mut rig = Rig::new();
        for attempt in 0..10 {
            let next = rig.patch(plan.clone(), reason, Some(object("o", 1, "u")));
            let news = (attempt == 0).then_some(message);
            assert_eq!(said(&next).as_deref(), news, "{attempt}");
            if attempt == 0 {
                let ended = rig.answer(Answer::Replied(Ok(None)));
                assert!(matches!(ended, Next::Ended(End::Decided(_))), "{ended:?}");
            }
            assert!(!rig.engine.is_ready(), "it is tried again at once");
            rig.seconds = rig.engine.next_due().unwrap().as_secs() + 1;
        }
        assert!(rig.seconds > 100, "{} s", rig.seconds);
        let failures = rig.engine.ledger(&key("o")).unwrap().failures.list();
        let failure = failures.first().unwrap();
        let kept = (failures.len(), failure.class, failure.attempts);
        assert_eq!(kept, (1, FailureClass::Refused, 10));
    }
}

#[test]
fn people_see_that_a_status_is_refused() {
    let mut rig = Rig::new();
    for message in ["too large", "too large", "too long"] {
        rig.sends(status());
        let refused = Cause::answered(413, "RequestEntityTooLarge", message);
        let next = rig.answer(Answer::Replied(Err(refused)));
        let said = said(&next).unwrap_or_default();
        let is_said = said.contains(message);
        assert_eq!(is_said, rig.seconds != 60, "{message}: {said}");
        if is_said {
            rig.answer(Answer::Replied(Ok(None)));
        }
        rig.seconds += 60;
    }
}

/// It is definite that nothing was written.
#[test]
fn where_the_primary_cannot_be_read_the_answer_to_its_patch_counts() {
    let mut rig = Rig::new();
    rig.sends(status());
    rig.answer(refused("Conflict"));
    let Next::Ended(End::Decided(decided)) = rig.answer(lost()) else {
        panic!("it has not ended");
    };
    assert_eq!(decided.failure.unwrap().class, FailureClass::Conflict);
    assert!(rig.engine.ledger(&key("o")).unwrap().unconfirmed.is_empty());
}
