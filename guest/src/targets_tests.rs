//! The table of states, row by row, and the resolution of targets.

use serde_json::{Value, json};

use super::*;
use crate::contract::Blindness;

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
    Sight::Blind(Blind {
        context: None,
        why: Blindness::Unreachable("down".into()),
    })
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
    for (sight, record, stage) in [
        // pending
        (Sight::Absent(place()), None, None),
        (Sight::Absent(place()), Some(json!({})), None),
        // failed
        (found(failed.clone()), None, Some(Stage::Failed)),
        (
            found(json!({"conditions": conditions(&[("Failed", "True")])})),
            None,
            Some(Stage::Failed),
        ),
        (found(failing.clone()), None, Some(Stage::Failing)),
        (
            Sight::Absent(place()),
            Some(failed.clone()),
            Some(Stage::Failed),
        ),
        (
            Sight::Absent(place()),
            Some(failing.clone()),
            Some(Stage::Failed),
        ),
        // done
        (found(done.clone()), None, Some(Stage::Done)),
        (
            found(json!({"conditions": conditions(&[("Complete", "True")])})),
            None,
            Some(Stage::Done),
        ),
        (
            Sight::Absent(place()),
            Some(done.clone()),
            Some(Stage::Done),
        ),
        // running
        (found(json!(null)), None, Some(Stage::Running)),
        (found(json!({})), None, Some(Stage::Running)),
        (found(json!(7)), None, Some(Stage::Running)),
        (found(begun.clone()), Some(json!({})), Some(Stage::Running)),
        (
            found(begun.clone()),
            Some(begun.clone()),
            Some(Stage::Running),
        ),
        // lost
        (
            Sight::Absent(place()),
            Some(begun.clone()),
            Some(Stage::Lost(place())),
        ),
        (
            Sight::Absent(place()),
            Some(json!({"active": 1})),
            Some(Stage::Lost(place())),
        ),
        // unknown: as last recorded
        (blind(), None, None),
        (blind(), Some(json!({})), Some(Stage::Running)),
        (blind(), Some(begun.clone()), Some(Stage::Running)),
        (blind(), Some(failing), Some(Stage::Failing)),
        (blind(), Some(done), Some(Stage::Done)),
        (blind(), Some(failed), Some(Stage::Failed)),
        // somebody else's: not absent, and not ours
        (Sight::Stranger(place(), "x".into()), None, None),
        (Sight::Stranger(place(), "x".into()), Some(json!({})), None),
        (
            Sight::Stranger(place(), "x".into()),
            Some(begun),
            Some(Stage::Running),
        ),
    ] {
        let datacenter = Datacenter::target("dc1", sight.clone(), record.as_ref());
        assert_eq!(datacenter.stage, stage, "{sight:?} with {record:?}");
    }
}

#[test]
fn one_that_was_dropped_is_never_lost() {
    let begun = json!({"startTime": START});
    let stage = |sight| Datacenter::dropped("dc1", sight, Some(&begun)).stage;
    assert_eq!(stage(Sight::Absent(place())), None);
    assert_eq!(stage(Sight::Nowhere), None);
    assert_eq!(stage(blind()), Some(Stage::Running));
    assert_eq!(stage(found(begun.clone())), Some(Stage::Running));
}

#[test]
fn the_copy_is_the_status_as_it_is() {
    let odd = json!({"startTime": START, "newer": {"field": [1]}});
    let copy =
        |sight, record: Option<Value>| Datacenter::target("dc1", sight, record.as_ref()).copy();
    assert_eq!(copy(found(odd.clone()), Some(json!({}))), Some(odd.clone()));
    assert_eq!(copy(found(json!(null)), None), Some(json!({})));
    assert_eq!(copy(found(json!(7)), Some(odd.clone())), Some(odd.clone()));
    assert_eq!(copy(Sight::Absent(place()), Some(odd.clone())), Some(odd));
    assert_eq!(copy(Sight::Absent(place()), None), None);
}
