//! Events: one set, seen in two shapes.

use serde_json::json;

use crate::rig::Rig;

const NEW: &str = "/apis/events.k8s.io/v1/namespaces/ns/events";
const CORE: &str = "/api/v1/namespaces/ns/events";

fn event(name: &str) -> serde_json::Value {
    json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name},
        "eventTime": "2022-12-15T19:43:35.000000Z", "reportingController": "harbour-master",
        "reportingInstance": "one", "action": "Moor", "reason": "Moored", "type": "Normal", "note": "made fast",
        "regarding": {"kind": "Boat", "namespace": "ns", "name": name, "uid": format!("uid-of-{name}")},
    })
}

#[tokio::test(start_paused = true)]
async fn one_event_in_two_shapes() {
    let rig = Rig::new();
    let made = rig.post(NEW, event("a")).await;
    assert_eq!(
        (made.code, &made.body["note"], &made.body["apiVersion"]),
        (201, &json!("made fast"), &json!("events.k8s.io/v1"))
    );
    let core = rig.get(&format!("{CORE}/a")).await.body;
    assert_eq!(
        (
            &core["message"],
            &core["apiVersion"],
            &core["firstTimestamp"]
        ),
        (&json!("made fast"), &json!("v1"), &json!(null))
    );
    assert_eq!(core["reportingComponent"], "harbour-master");
    assert_eq!(core["metadata"]["uid"], made.body["metadata"]["uid"]);
    let repeated =
        json!({"series": {"count": 2, "lastObservedTime": "2022-12-15T19:48:35.000000Z"}});
    let patched = rig
        .patch(
            &format!("{NEW}/a"),
            "application/merge-patch+json",
            repeated,
        )
        .await;
    assert_eq!(
        (patched.code, &patched.body["series"]["count"]),
        (200, &json!(2))
    );
    assert_eq!(
        rig.get(&format!("{CORE}/a")).await.body["series"]["count"],
        2
    );
}

#[tokio::test(start_paused = true)]
async fn found_by_what_they_are_about() {
    let rig = Rig::new();
    for name in ["a", "b"] {
        rig.post(NEW, event(name)).await;
    }
    for path in [
        format!(
            "{CORE}?fieldSelector=involvedObject.name%3Da,involvedObject.namespace%3Dns,involvedObject.uid%3Duid-of-a"
        ),
        format!("{NEW}?fieldSelector=regarding.name%3Da,reportingController%3Dharbour-master"),
    ] {
        let found = rig.get(&path).await.body;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{path}");
        assert_eq!(found["items"][0]["metadata"]["name"], "a");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_event_is_said() {
    let rig = Rig::new();
    let mut bad = event("a");
    bad["action"] = "".into();
    assert_eq!(
        rig.post(NEW, bad).await.refusal(),
        (422, "Event \"a\" is invalid: action: Required value")
    );
    let mut imprecise = event("a");
    imprecise["eventTime"] = "2022-12-15T19:43:35Z".into();
    let refused = rig.post(NEW, imprecise).await;
    assert!(
        refused.code == 400 && refused.refusal().1.contains("cannot parse"),
        "{refused:?}"
    );
    rig.post(NEW, event("a")).await;
    let changed = rig
        .patch(
            &format!("{NEW}/a"),
            "application/merge-patch+json",
            json!({"note": "else"}),
        )
        .await;
    assert_eq!(
        changed.refusal(),
        (
            422,
            "Event \"a\" is invalid: message: Invalid value: \"else\": field is immutable"
        )
    );
}
