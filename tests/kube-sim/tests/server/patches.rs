//! Patches of every media type, and the versions that they are held against.

use serde_json::{Value, json};

use crate::rig::{HERE, JSON, MERGE, Rig, boat};

#[tokio::test(start_paused = true)]
async fn patches() {
    let rig = Rig::new();
    let old = rig.boat("a").await;
    let (path, version) = (
        format!("{HERE}/a"),
        old["metadata"]["resourceVersion"].clone(),
    );
    let merged = rig
        .patch(
            &path,
            MERGE,
            json!({"metadata": {"labels": {"x": "y"}}, "spec": {"sails": 3}}),
        )
        .await;
    assert_eq!(
        (merged.code, &merged.body["spec"]["sails"]),
        (200, &json!(3))
    );
    let stale = json!({"metadata": {"resourceVersion": version}, "spec": {"sails": 4}});
    assert_eq!(
        rig.patch(&path, MERGE, stale).await.body["reason"],
        "Conflict"
    );
    let unchanged = rig.patch(&path, MERGE, json!({"spec": {"sails": 3}})).await;
    assert_eq!(
        unchanged.body["metadata"]["resourceVersion"],
        merged.body["metadata"]["resourceVersion"]
    );
    let test = |value: &Value| {
        json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": value},
            {"op": "replace", "path": "/spec/sails", "value": 5},
        ])
    };
    let failed = "the server rejected our request due to an error in our request";
    assert_eq!(
        rig.patch(&path, JSON, test(&version)).await.refusal(),
        (422, failed)
    );
    let current = &merged.body["metadata"]["resourceVersion"];
    assert_eq!(
        rig.patch(&path, JSON, test(current)).await.body["spec"]["sails"],
        5
    );
    assert_eq!(
        rig.patch(&path, "application/strategic-merge-patch+json", json!({}))
            .await
            .code,
        415
    );
    let immutable = rig
        .patch(&path, MERGE, json!({"metadata": {"uid": "another"}}))
        .await;
    assert_eq!(
        (immutable.code, &immutable.body["reason"]),
        (422, &json!("Invalid"))
    );
}

#[tokio::test(start_paused = true)]
async fn server_side_apply_creates_and_merges() {
    let rig = Rig::new();
    let (path, apply) = (
        format!("{HERE}/a?fieldManager=test"),
        "application/apply-patch+yaml",
    );
    assert_eq!(rig.patch(&path, apply, boat("a")).await.code, 201);
    let again = rig
        .patch(
            &path,
            apply,
            json!({"metadata": {"name": "a"}, "spec": {"rig": "ketch"}}),
        )
        .await;
    assert_eq!(
        (again.code, &again.body["spec"]),
        (200, &json!({"name": "a", "sails": 2, "rig": "ketch"}))
    );
    assert_eq!(
        rig.patch(&format!("{HERE}/b"), apply, boat("b")).await.code,
        422,
        "a field manager is required"
    );
}
