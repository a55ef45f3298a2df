//! What goes with an owner or a namespace.

use serde_json::{Value, json};

use crate::rig::{HERE, Rig, boat, owner, settle, with_metadata};

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
    rig.delete(&format!("{HERE}/mother")).await;
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
async fn a_namespace_goes_with_all_that_is_in_it() {
    let rig = Rig::new();
    rig.boat("free").await;
    rig.post(
        HERE,
        with_metadata(boat("held"), "finalizers", json!(["harbour.test/f"])),
    )
    .await;
    assert_eq!(
        rig.delete("/api/v1/namespaces/ns").await.body["status"]["phase"],
        "Terminating"
    );
    settle().await;
    assert_eq!(rig.names(), ["held"]);
    let refused = rig.post(HERE, boat("late")).await;
    assert_eq!(
        (refused.code, &refused.body["reason"]),
        (403, &json!("Forbidden"))
    );
    let released = json!({"metadata": {"finalizers": null}});
    rig.merge(&format!("{HERE}/held"), released).await;
    settle().await;
    assert_eq!(rig.get("/api/v1/namespaces/ns").await.code, 404);
}
