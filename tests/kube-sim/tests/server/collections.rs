//! Lists: selectors, pages, versions of the world, metadata alone.

use serde_json::{Value, json};

use crate::rig::{HERE, MERGE, Rig, boat, with_metadata};

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn by_namespace_label_and_field() {
    let rig = Rig::new();
    rig.post(
        HERE,
        with_metadata(boat("a"), "labels", json!({"kind": "fast"})),
    )
    .await;
    rig.boat("b").await;
    rig.cluster.create_namespace("other");
    rig.post("/apis/harbour.test/v1/namespaces/other/boats", boat("c"))
        .await;
    for (path, expected) in [
        (HERE.to_owned(), vec!["a", "b"]),
        (
            "/apis/harbour.test/v1/boats".to_owned(),
            vec!["a", "b", "c"],
        ),
        (format!("{HERE}?labelSelector=kind%3Dfast"), vec!["a"]),
        (format!("{HERE}?labelSelector=!kind"), vec!["b"]),
        (format!("{HERE}?fieldSelector=metadata.name%3Db"), vec!["b"]),
        (
            "/apis/harbour.test/v1/boats?fieldSelector=metadata.namespace%3Dother".to_owned(),
            vec!["c"],
        ),
        (format!("{HERE}?fieldSelector=spec.name%3Da"), vec!["a"]),
        (HERE.replace("/ns/", "/none/"), vec![]),
    ] {
        let list = rig.get(&path).await.body;
        assert_eq!(names(&list), expected, "{path}");
        assert_eq!(
            (&list["kind"], &list["apiVersion"]),
            (&json!("BoatList"), &json!("harbour.test/v1"))
        );
    }
    let refused = rig
        .get(&format!("{HERE}?fieldSelector=spec.sails%3D2"))
        .await;
    assert_eq!(
        refused.refusal(),
        (400, "field label not supported: spec.sails")
    );
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_from_the_same_moment() {
    let rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.boat(name).await;
    }
    let first = rig.get(&format!("{HERE}?limit=2")).await.body;
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["a", "b"], &json!(1))
    );
    rig.boat("d").await;
    rig.delete(&format!("{HERE}/c"), json!({})).await;
    let next = format!(
        "{HERE}?limit=2&continue={}",
        first["metadata"]["continue"].as_str().unwrap()
    );
    let second = rig.get(&next).await.body;
    assert_eq!(
        (names(&second), &second["metadata"]["continue"]),
        (vec!["c"], &Value::Null)
    );
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    rig.cluster.forget_history();
    let expired = rig.get(&next).await;
    assert_eq!(
        (expired.code, &expired.body["reason"]),
        (410, &json!("Expired"))
    );
    assert_eq!(
        rig.get(&format!("{HERE}?continue=nonsense")).await.code,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn at_a_version() {
    let rig = Rig::new();
    let version = rig.boat("a").await["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    rig.patch(&format!("{HERE}/a"), MERGE, json!({"spec": {"sails": 7}}))
        .await;
    let then = rig
        .get(&format!(
            "{HERE}?resourceVersion={version}&resourceVersionMatch=Exact"
        ))
        .await
        .body;
    assert_eq!(then["items"][0]["spec"]["sails"], 2);
    let since = rig
        .get(&format!("{HERE}?resourceVersion={version}"))
        .await
        .body;
    assert_eq!(since["items"][0]["spec"]["sails"], 7);
    let future = rig.get(&format!("{HERE}?resourceVersion=1000")).await;
    assert_eq!(
        future.refusal(),
        (504, "Too large resource version: 1000, current: 5")
    );
}

#[tokio::test(start_paused = true)]
async fn metadata_alone() {
    let rig = Rig::new();
    rig.boat("a").await;
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let list = rig.ask("GET", HERE, accept, None).await.body;
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(
        (&list["items"][0]["kind"], &list["items"][0]["spec"]),
        (&json!("PartialObjectMetadata"), &Value::Null)
    );
    assert_eq!(names(&list), ["a"]);
}
