//! The table of states, row by row, and the resolution of targets.

use serde_json::{Value, json};

use super::*;

const START: &str = "2022-12-15T19:43:35Z";
const END: &str = "2022-12-15T19:44:25Z";

fn conditions(list: &[(&str, &str)]) -> Value {
    list.iter()
        .map(|(kind, status)| json!({"type": kind, "status": status}))
        .collect()
}

fn found(status: Value) -> Sight {
    Sight::Found(CassandraTask::read(None, &json!({"status": status}).to_string()).into())
}

fn blind() -> Sight {
    Sight::Blind(None, Blindness::Unreachable("down".into()))
}

fn place() -> Place {
    Place {
        datacenter: "dc1".into(),
        context: None,
        namespace: "ns".into(),
        name: "task1-dc1".into(),
    }
}

#[test]
fn each_row_of_the_table() {
    let begun = json!({"startTime": START});
    let done = json!({"startTime": START, "completionTime": END});
    let failed = json!({"startTime": START, "completionTime": END,
        "conditions": conditions(&[("Complete", "True"), ("Failed", "True")])});
    let failing = json!({"startTime": START, "conditions": conditions(&[("Running", "True"), ("Failed", "True")])});
    for (sight, record, state) in [
        // pending
        (Sight::Absent, None, State::Pending),
        (Sight::Absent, Some(json!({})), State::Pending),
        // failed
        (found(failed.clone()), None, State::Failed),
        (
            found(json!({"conditions": conditions(&[("Failed", "True")])})),
            None,
            State::Failed,
        ),
        (found(failing.clone()), None, State::Failing),
        (Sight::Absent, Some(failed.clone()), State::Failed),
        // done
        (found(done.clone()), None, State::Done),
        (
            found(json!({"conditions": conditions(&[("Complete", "True")])})),
            None,
            State::Done,
        ),
        (Sight::Absent, Some(done.clone()), State::Done),
        // running
        (found(json!(null)), None, State::Running),
        (found(json!({})), None, State::Running),
        (found(json!(7)), None, State::Running),
        (found(begun.clone()), Some(json!({})), State::Running),
        (found(begun.clone()), Some(begun.clone()), State::Running),
        // lost
        (Sight::Absent, Some(begun.clone()), State::Lost),
        // unknown: as last recorded
        (blind(), None, State::Pending),
        (blind(), Some(json!({})), State::Running),
        (blind(), Some(begun.clone()), State::Running),
        (blind(), Some(failing), State::Failing),
        (blind(), Some(done), State::Done),
        (blind(), Some(failed), State::Failed),
        // somebody else's: not absent, and not ours
        (Sight::Stranger("x".into()), None, State::Pending),
        (Sight::Stranger("x".into()), Some(begun), State::Running),
    ] {
        let datacenter = Datacenter::target(place(), sight.clone(), record.as_ref());
        assert_eq!(datacenter.state, state, "{sight:?} with {record:?}");
    }
}

#[test]
fn a_leftover_is_never_pending_or_lost() {
    let begun = json!({"startTime": START});
    let state =
        |sight, record: Option<&Value>| Datacenter::leftover("dc1", None, sight, record).state;
    assert_eq!(state(Sight::Absent, Some(&begun)), State::Gone);
    assert_eq!(state(Sight::Absent, Some(&json!({}))), State::Gone);
    assert_eq!(state(Sight::Unplaced, Some(&begun)), State::Running);
    assert_eq!(state(found(begun.clone()), None), State::Running);
}

#[test]
fn the_copy_is_the_status_as_it_is() {
    let odd = json!({"startTime": START, "newer": {"field": [1]}});
    let copy =
        |sight, record: Option<Value>| Datacenter::target(place(), sight, record.as_ref()).copy();
    assert_eq!(copy(found(odd.clone()), Some(json!({}))), Some(odd.clone()));
    assert_eq!(copy(found(json!(null)), None), Some(json!({})));
    assert_eq!(copy(found(json!(7)), Some(odd.clone())), Some(odd.clone()));
    assert_eq!(copy(Sight::Absent, Some(odd.clone())), Some(odd));
    assert_eq!(copy(Sight::Absent, None), None);
}
