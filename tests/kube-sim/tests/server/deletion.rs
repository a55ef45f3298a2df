//! Deleting: preconditions, finalizers, and what goes with an owner, a namespace or a definition.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{HERE, MERGE, Rig, boat, owner, settle, with_metadata};

#[tokio::test(start_paused = true)]
async fn what_nothing_holds_is_gone_at_once() {
    let rig = Rig::new();
    let made = rig.boat("a").await;
    let answer = rig.delete(&format!("{HERE}/a"), json!({})).await;
    assert_eq!(answer.code, 200);
    assert_eq!(answer.body["status"], "Success");
    assert_eq!(
        answer.body["details"],
        json!({
            "name": "a", "group": "harbour.test", "kind": "boats", "uid": made["metadata"]["uid"],
        })
    );
    assert_eq!(rig.delete(&format!("{HERE}/a"), json!({})).await.code, 404);
}

#[tokio::test(start_paused = true)]
async fn preconditions() {
    let rig = Rig::new();
    let made = rig.boat("a").await;
    let path = format!("{HERE}/a");
    for precondition in [json!({"uid": "another"}), json!({"resourceVersion": "1"})] {
        let refused = rig
            .delete(&path, json!({"preconditions": precondition}))
            .await;
        assert_eq!(
            (refused.code, &refused.body["reason"]),
            (409, &json!("Conflict"))
        );
    }
    let met = json!({"uid": made["metadata"]["uid"], "resourceVersion": made["metadata"]["resourceVersion"]});
    assert_eq!(
        rig.delete(&path, json!({"preconditions": met})).await.code,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_holds_its_object() {
    let rig = Rig::new();
    rig.post(
        HERE,
        with_metadata(boat("a"), "finalizers", json!(["harbour.test/f"])),
    )
    .await;
    let path = format!("{HERE}/a");
    let held = rig.delete(&path, json!({})).await;
    let metadata = &held.body["metadata"];
    assert_eq!((held.code, &held.body["kind"]), (200, &json!("Boat")));
    assert_eq!(
        (&metadata["deletionTimestamp"], &metadata["generation"]),
        (&json!("2022-12-15T19:43:35Z"), &json!(2))
    );
    let again = rig.delete(&path, json!({})).await;
    assert_eq!(again.body, held.body, "asking twice changes nothing");
    let more = rig
        .patch(
            &path,
            MERGE,
            json!({"metadata": {"finalizers": ["harbour.test/f", "harbour.test/g"]}}),
        )
        .await;
    assert!(
        more.refusal()
            .1
            .contains("no new finalizers can be added if the object is being deleted")
    );
    let back = rig
        .patch(
            &path,
            MERGE,
            json!({"metadata": {"deletionTimestamp": null}}),
        )
        .await;
    assert_eq!(
        back.body["metadata"]["deletionTimestamp"],
        metadata["deletionTimestamp"]
    );
    assert_eq!(
        rig.patch(&path, MERGE, json!({"metadata": {"finalizers": null}}))
            .await
            .code,
        200
    );
    assert_eq!(rig.get(&path).await.code, 404);
}

/// A boat that belongs to `owners`.
async fn tender(rig: &Rig, name: &str, owners: Vec<Value>) -> Value {
    let answer = rig
        .post(
            HERE,
            with_metadata(boat(name), "ownerReferences", owners.into()),
        )
        .await;
    assert_eq!(answer.code, 201, "{answer:?}");
    answer.body
}

#[tokio::test(start_paused = true)]
async fn dependents_follow_their_owner() {
    let rig = Rig::new();
    let mother = rig.boat("mother").await;
    let child = tender(&rig, "child", vec![owner(&mother)]).await;
    tender(&rig, "grandchild", vec![owner(&child)]).await;
    let other = rig.boat("other").await;
    tender(&rig, "shared", vec![owner(&mother), owner(&other)]).await;
    settle().await;
    assert_eq!(rig.names().len(), 5);
    rig.delete(
        &format!("{HERE}/mother"),
        json!({"propagationPolicy": "Background"}),
    )
    .await;
    settle().await;
    assert_eq!(rig.names(), ["other", "shared"]);
    let shared = rig.cluster.object("boats", "ns", "shared").unwrap();
    assert_eq!(
        shared["metadata"]["ownerReferences"],
        json!([owner(&other)])
    );
}

#[tokio::test(start_paused = true)]
async fn an_owner_counts_by_its_uid_and_in_its_namespace() {
    let rig = Rig::new();
    let mother = rig.boat("mother").await;
    let mut same_name = owner(&mother);
    same_name["uid"] = "of-an-earlier-one".into();
    tender(&rig, "late", vec![same_name]).await;
    let mut unknown = owner(&mother);
    unknown["kind"] = "Ghost".into();
    tender(&rig, "puzzling", vec![unknown]).await;
    let elsewhere = HERE.replace("/ns/", "/other/");
    rig.post(
        &elsewhere,
        with_metadata(boat("astray"), "ownerReferences", json!([owner(&mother)])),
    )
    .await;
    settle().await;
    assert_eq!(rig.names(), ["mother", "puzzling"]);
}

#[tokio::test(start_paused = true)]
async fn collection_can_be_late() {
    let rig = Rig::new();
    rig.cluster
        .delay_garbage_collection(Duration::from_secs(30));
    let mother = rig.boat("mother").await;
    tender(&rig, "child", vec![owner(&mother)]).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    rig.delete(&format!("{HERE}/mother"), json!({})).await;
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(rig.names(), ["child"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(rig.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn foreground_waits_and_orphan_releases() {
    let rig = Rig::new();
    let mother = rig.boat("mother").await;
    tender(&rig, "child", vec![owner(&mother)]).await;
    rig.patch(
        &format!("{HERE}/child"),
        MERGE,
        json!({"metadata": {"finalizers": ["harbour.test/f"]}}),
    )
    .await;
    let waiting = rig
        .delete(
            &format!("{HERE}/mother"),
            json!({"propagationPolicy": "Foreground"}),
        )
        .await;
    assert_eq!(
        waiting.body["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    settle().await;
    assert_eq!(
        rig.names(),
        ["child", "mother"],
        "the child is held, and so is its mother"
    );
    rig.patch(
        &format!("{HERE}/child"),
        MERGE,
        json!({"metadata": {"finalizers": null}}),
    )
    .await;
    settle().await;
    assert!(rig.names().is_empty());

    let mother = rig.boat("mother").await;
    tender(&rig, "child", vec![owner(&mother)]).await;
    rig.delete(
        &format!("{HERE}/mother"),
        json!({"propagationPolicy": "Orphan"}),
    )
    .await;
    settle().await;
    assert_eq!(rig.names(), ["child"]);
    assert_eq!(
        rig.cluster.object("boats", "ns", "child").unwrap()["metadata"]["ownerReferences"],
        Value::Null
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let rig = Rig::new();
    rig.boat("free").await;
    rig.post(
        HERE,
        with_metadata(boat("held"), "finalizers", json!(["harbour.test/f"])),
    )
    .await;
    assert_eq!(
        rig.delete("/api/v1/namespaces/ns", json!({})).await.body["status"]["phase"],
        "Terminating"
    );
    settle().await;
    assert_eq!(rig.names(), ["held"]);
    let refused = rig.post(HERE, boat("late")).await;
    assert_eq!(
        (refused.code, &refused.body["reason"]),
        (403, &json!("Forbidden"))
    );
    rig.patch(
        &format!("{HERE}/held"),
        MERGE,
        json!({"metadata": {"finalizers": null}}),
    )
    .await;
    settle().await;
    assert_eq!(rig.get("/api/v1/namespaces/ns").await.code, 404);
}

#[tokio::test(start_paused = true)]
async fn a_whole_collection() {
    let rig = Rig::new();
    for name in ["a", "b"] {
        rig.post(
            HERE,
            with_metadata(boat(name), "labels", json!({"old": name})),
        )
        .await;
    }
    let answer = rig
        .delete(&format!("{HERE}?labelSelector=old%3Da"), json!({}))
        .await;
    assert_eq!(
        (answer.code, answer.body["items"].as_array().unwrap().len()),
        (200, 1)
    );
    assert_eq!(rig.names(), ["b"]);
}
