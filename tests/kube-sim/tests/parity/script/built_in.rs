//! Events and the other kinds that every server has, and discovery.

use serde_json::{Value, json};

use super::{Step, delete, loosely, merge, post, put, with};

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
        Step::get(&format!("{new}?fieldSelector=regarding.name%3Dmoored")),
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
    let leases = "/apis/coordination.k8s.io/v1/namespaces/ns/leases";
    let lease = |holder: &str| {
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "lead"},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2022-12-15T19:43:35.000000Z"}})
    };
    let lead = format!("{leases}/lead");
    vec![
        post(leases, lease("one")),
        put(&lead, lease("two")),
        put(
            &lead,
            with(
                lease("two"),
                "/metadata/resourceVersion",
                json!("<version of lead>"),
            ),
        ),
        put(
            &lead,
            with(
                lease("one"),
                "/metadata/resourceVersion",
                json!("<first version of lead>"),
            ),
        ),
        post(
            "/api/v1/namespaces/ns/secrets",
            json!({"metadata": {"name": "key"}, "data": {"a": "Yg=="}}),
        ),
        post(
            "/api/v1/namespaces/ns/configmaps",
            json!({"metadata": {"name": "map"}, "data": {"a": "b"}}),
        ),
        put(
            "/api/v1/namespaces/ns/configmaps/map",
            json!({"metadata": {"name": "map"}, "data": {"a": "c"}}),
        ),
        put(
            "/api/v1/namespaces/ns/configmaps/other",
            json!({"metadata": {"name": "other"}}),
        ),
        put(
            &format!("{leases}/late"),
            with(lease("one"), "/metadata/name", json!("late")),
        ),
        Step::new(
            "PATCH",
            "/api/v1/namespaces/ns/configmaps/map",
            "application/strategic-merge-patch+json",
            &json!({"data": {"d": "e"}}),
        ),
        delete(
            "/api/v1/namespaces/ns/configmaps/map",
            json!({"preconditions": {"uid": "another"}}),
        ),
        delete("/api/v1/namespaces/ns/configmaps/map", json!({})),
        Step::get("/api/v1/namespaces/ns/secrets"),
        Step::get("/api/v1/namespaces/ns"),
        Step::get("/apis/harbour.test"),
        Step::get("/apis/harbour.test/v1"),
        Step::get("/apis/nobody.test/v1"),
        Step::get("/nonsense"),
    ]
}
