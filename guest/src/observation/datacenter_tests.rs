use super::*;

const START: &str = "2022-12-15T19:43:35Z";

fn status(letter: char) -> Value {
    let set = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": kind, "message": "", "lastTransitionTime": START});
    match letter {
        'r' => json!({"startTime": START}),
        'd' => {
            json!({"startTime": START, "completionTime": START, "conditions": [set("Complete", "True")]})
        }
        'f' => {
            json!({"completionTime": START, "conditions": [set("Complete", "True"), set("Failed", "True")]})
        }
        'F' => {
            json!({"startTime": START, "conditions": [set("Running", "True"), set("Failed", "True")]})
        }
        'l' => {
            json!({"conditions": [{"type": "Failed", "status": "True", "reason": "CassandraTaskDeleted"}]})
        }
        _ => json!({}),
    }
}

fn child(letter: char, uid: &str) -> Rc<CassandraTask> {
    let mut document =
        json!({"metadata": {"name": "t-dc1", "namespace": "ns"}, "status": status(letter)});
    if !uid.is_empty() {
        document["metadata"]["annotations"] = json!({"pilothouse.dev/created-for": uid});
    }
    Rc::new(CassandraTask::read(None, &document.to_string()))
}

fn found(text: &str) -> Found {
    let unavailable = Unavailable::not_registered(&None, "CassandraTask");
    let letter = text.chars().nth(1).unwrap_or('-');
    match text.chars().next() {
        Some('m') => Found::Child(child(letter, "u1")),
        Some('u') => Found::Child(child(letter, "")),
        Some('x') => Found::Foreign(child(letter, "u0")),
        Some('?') => Found::Unavailable(unavailable),
        Some('!') => Found::Abandoned(unavailable),
        _ => Found::Absent,
    }
}

/// The state for what was found (`m`arked or `u`nmarked with a status, `x` foreign, `?` unavailable, `!` abandoned, `-` absent)
/// and what was recorded (a status, `-` an empty one, `o` one that was
/// unobserved, none).
fn judged(found_text: &str, recorded: Option<char>, is_former: bool) -> Datacenter {
    let was_unobserved = recorded == Some('o');
    let copy = recorded.map(|letter| status(if was_unobserved { '-' } else { letter }));
    let progress = copy.as_ref().map(Progress::read);
    let evidence = Evidence {
        found: found(found_text),
        copy: copy.as_ref().zip(progress.as_ref()),
        is_recorded: recorded.is_some(),
        may_have_run: was_unobserved || progress.as_ref().is_some_and(|it| it.has_started),
        uid: "u1",
        created: None,
    };
    let place = Some(Place {
        datacenter: "dc1".into(),
        context: None,
        namespace: "ns".into(),
        name: "t-dc1".into(),
    });
    Datacenter::judge("dc1", is_former, place, None, evidence)
}

#[test]
fn the_table_of_states() {
    use State::{Done, Failed, Failing, Lost, Pending, Running};
    for (found, recorded, expected) in [
        ("-", None, Pending),
        ("-", Some('-'), Pending),
        ("-", Some('o'), Lost),
        ("!", Some('o'), Lost),
        ("x", Some('o'), Running),
        ("-", Some('r'), Lost),
        ("-", Some('F'), Lost),
        ("-", Some('d'), Done),
        ("-", Some('f'), Failed),
        ("-", Some('l'), Lost),
        ("!", Some('r'), Lost),
        ("!", Some('-'), Pending),
        ("?", None, Pending),
        ("?", Some('-'), Running),
        ("?", Some('r'), Running),
        ("?", Some('F'), Failing),
        ("?", Some('l'), Lost),
        ("x", None, Pending),
        ("x", Some('-'), Pending),
        ("x", Some('r'), Running),
        ("x", Some('d'), Done),
        ("m-", None, Running),
        ("m-", Some('r'), Running),
        ("mr", None, Running),
        ("md", Some('r'), Done),
        ("mf", Some('r'), Failed),
        ("mF", None, Failing),
        ("mr", Some('d'), Running),
        ("mr", Some('l'), Running),
        ("ur", Some('d'), Done),
        ("ud", Some('l'), Lost),
        ("ud", Some('r'), Done),
    ] {
        assert_eq!(
            judged(found, recorded, false).state,
            expected,
            "{found} with {recorded:?}"
        );
    }
}

#[test]
fn a_former_target_is_not_lost_and_is_given_up_with_its_context() {
    assert_eq!(judged("-", Some('r'), true).state, State::Pending);
    assert_eq!(judged("-", Some('l'), true).state, State::Lost);
    assert!(judged("?", Some('r'), false).is_active());
    assert!(!judged("?", Some('r'), true).is_active());
}

#[test]
fn the_copy_is_the_observed_status_or_the_recorded_one() {
    let copy = |found: &str, recorded| judged(found, recorded, false).copy;
    assert_eq!(copy("-", None), None);
    assert_eq!(copy("m-", None), Some(json!({})));
    assert_eq!(copy("-", Some('-')), Some(json!({})));
    assert_eq!(copy("mr", Some('-')), Some(status('r')));
    assert_eq!(copy("?", Some('r')), Some(status('r')));
    assert_eq!(
        copy("ur", Some('d')),
        Some(status('d')),
        "only a marked one changes what is done"
    );
}

#[test]
fn of_namesakes_the_failed_or_working_one_counts() {
    let (done, running, failed) = (child('d', "u1"), child('r', "u1"), child('f', "u1"));
    let name =
        |children: [&Rc<CassandraTask>; 2]| preferred(children.into_iter(), None).map(Rc::as_ptr);
    assert_eq!(name([&done, &running]), Some(Rc::as_ptr(&running)));
    assert_eq!(name([&running, &failed]), Some(Rc::as_ptr(&failed)));
}
