//! Events and the other kinds that every server has, and discovery.

use serde_json::{Value, json};

use super::{Step, loosely, merge, post, with};

pub fn namespaces() -> Vec<Step> {
    vec![post(
        "/api/v1/namespaces",
        json!({"metadata": {"name": "ns"}}),
    )]
}

pub fn events() -> Vec<Step> {
    let (new, core) = (
        "/apis/events.k8s.io/v1/namespaces/ns/events",
        "/api/v1/namespaces/ns/events",
    );
    let event = |name: &str| {
        json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name, "namespace": "ns"},
            "eventTime": "2022-12-15T19:43:35.000000Z", "reportingController": "harbour.test/master",
            "reportingInstance": "one", "action": "Moor", "reason": "Moored", "type": "Normal", "note": "made fast",
            "regarding": {"kind": "Boat", "namespace": "ns", "name": name},
        })
    };
    let wrong =
        |field: &str, value: Value| post(new, with(event("wrong"), &format!("/{field}"), value));
    vec![
        post(new, event("moored")),
        Step::get(&format!("{core}/moored")),
        merge(
            &format!("{new}/moored"),
            json!({"series": {"count": 2, "lastObservedTime": "2022-12-15T19:48:35.000000Z"}}),
        ),
        merge(&format!("{new}/moored"), json!({"series": {"count": 1}})),
        merge(&format!("{new}/moored"), json!({"note": "something else"})),
        Step::get(&format!(
            "{core}?fieldSelector=involvedObject.name%3Dmoored"
        )),
        wrong("eventTime", Value::Null),
        wrong("action", json!("")),
        wrong("reason", json!("")),
        loosely(wrong("reportingController", json!(""))),
        wrong("reportingInstance", json!("x".repeat(129))),
        wrong("type", json!("Loud")),
        wrong("note", json!("x".repeat(1025))),
        wrong("deprecatedCount", json!(2)),
        wrong(
            "series",
            json!({"count": 1, "lastObservedTime": "2022-12-15T19:48:35.000000Z"}),
        ),
        loosely(wrong("eventTime", json!("2022-12-15T19:43:35Z"))),
        wrong(
            "regarding",
            json!({"kind": "Boat", "namespace": "other", "name": "a"}),
        ),
    ]
}

pub fn others() -> Vec<Step> {
    vec![
        Step::get("/api/v1/namespaces/ns"),
        Step::get("/apis/harbour.test"),
        Step::get("/apis/harbour.test/v1"),
        Step::get("/apis/nobody.test/v1"),
        Step::get("/nonsense"),
    ]
}
