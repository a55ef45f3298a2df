//! Creating, replacing and patching single objects: metadata, versions, conflicts, generations, the status apart.

use serde_json::{Value, json};

use crate::rig::{HERE, MERGE, Rig, boat, with_metadata};

#[tokio::test(start_paused = true)]
async fn a_new_object_gets_its_metadata_from_the_server() {
    let rig = Rig::new();
    let mut sent = boat("a");
    sent["metadata"]["uid"] = "mine".into();
    sent["metadata"]["generation"] = 7.into();
    sent["metadata"]["unknown"] = 1.into();
    sent["status"] = json!({"crew": 3});
    let made = rig.post(HERE, sent).await;
    assert_eq!(made.code, 201);
    let uid = made.body["metadata"]["uid"].clone();
    assert_eq!(
        made.body["metadata"],
        json!({
            "name": "a", "namespace": "ns", "uid": uid, "generation": 1, "resourceVersion": "4",
            "creationTimestamp": "2022-12-15T19:43:35Z",
        })
    );
    assert!(uid.as_str().unwrap().len() == 36 && uid != "mine");
    assert_eq!(
        made.body["status"],
        Value::Null,
        "the status is only written through its subresource"
    );
    assert_eq!(rig.get(&format!("{HERE}/a")).await.body, made.body);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_created() {
    let rig = Rig::new();
    rig.boat("a").await;
    let cases = [
        (boat("a"), 409, r#"boats.harbour.test "a" already exists"#),
        (
            with_metadata(boat("b"), "namespace", json!("other")),
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            with_metadata(boat("b"), "resourceVersion", json!("1")),
            500,
            "resourceVersion should not be set on objects to be created",
        ),
        (
            with_metadata(boat("b"), "name", json!(null)),
            422,
            r#"Boat.harbour.test "" is invalid: metadata.name: Required value: name or generateName is required"#,
        ),
        (
            json!({"apiVersion": "harbour.test/v2", "kind": "Boat"}),
            400,
            "the API version in the data (harbour.test/v2) does not match the expected API version (harbour.test/v1)",
        ),
    ];
    for (object, code, message) in cases {
        assert_eq!(rig.post(HERE, object).await.refusal(), (code, message));
    }
    let long = rig
        .post(
            HERE,
            with_metadata(boat("b"), "labels", json!({"a": "x".repeat(64)})),
        )
        .await;
    assert_eq!(long.code, 422);
    let two = json!({"apiVersion": "v1", "kind": "K", "name": "n", "uid": "u", "controller": true});
    let controllers = rig
        .post(
            HERE,
            with_metadata(boat("b"), "ownerReferences", json!([two, two])),
        )
        .await;
    assert_eq!(controllers.code, 422);
    assert_eq!(rig.names(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn generated_names_differ() {
    let rig = Rig::new();
    let nameless = json!({"metadata": {"generateName": "a-"}, "spec": {"name": "x"}});
    let (one, two) = (
        rig.post(HERE, nameless.clone()).await,
        rig.post(HERE, nameless).await,
    );
    let name =
        |answer: &crate::rig::Answer| answer.body["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name(&one).starts_with("a-") && name(&one).len() == 7);
    assert_ne!(name(&one), name(&two));
}

#[tokio::test(start_paused = true)]
async fn a_replacement_needs_the_current_version() {
    let rig = Rig::new();
    let old = rig.boat("a").await;
    let path = format!("{HERE}/a");
    let mut new = old.clone();
    new["spec"]["sails"] = 3.into();
    let first = rig.put(&path, new.clone()).await;
    assert_eq!(
        (first.code, &first.body["metadata"]["generation"]),
        (200, &json!(2))
    );
    let conflict = "Operation cannot be fulfilled on boats.harbour.test \"a\": the object has been modified; please \
                    apply your changes to the latest version and try again";
    assert_eq!(rig.put(&path, new.clone()).await.refusal(), (409, conflict));
    let without = with_metadata(new.clone(), "resourceVersion", json!(null));
    let unconditional = "boats.harbour.test \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
                         specified for an update";
    assert_eq!(
        rig.put(&path, without).await.refusal(),
        (422, unconditional)
    );
    let stranger = with_metadata(first.body.clone(), "uid", json!("another"));
    assert_eq!(rig.put(&path, stranger).await.body["reason"], "Conflict");
    assert_eq!(
        rig.put(&format!("{HERE}/b"), boat("b")).await.refusal(),
        (404, "boats.harbour.test \"b\" not found")
    );
    assert_eq!(
        rig.put(&path, first.body.clone()).await.body,
        first.body,
        "what is the same is not written"
    );
}

#[tokio::test(start_paused = true)]
async fn the_status_is_written_apart() {
    let rig = Rig::new();
    rig.boat("a").await;
    let (path, status) = (format!("{HERE}/a"), format!("{HERE}/a/status"));
    let both =
        json!({"metadata": {"labels": {"x": "y"}}, "spec": {"sails": 9}, "status": {"crew": 3}});
    let written = rig.patch(&status, MERGE, both.clone()).await.body;
    assert_eq!(
        (&written["status"], &written["spec"]["sails"]),
        (&json!({"crew": 3}), &json!(2))
    );
    assert_eq!(
        (
            &written["metadata"]["labels"],
            &written["metadata"]["generation"]
        ),
        (&json!(null), &json!(1))
    );
    let mut other = both;
    other["status"]["crew"] = 4.into();
    let written = rig.patch(&path, MERGE, other).await.body;
    assert_eq!(
        (&written["status"], &written["spec"]["sails"]),
        (&json!({"crew": 3}), &json!(9))
    );
    assert_eq!(
        (
            &written["metadata"]["labels"]["x"],
            &written["metadata"]["generation"]
        ),
        (&json!("y"), &json!(2))
    );
    let labels_only = rig
        .patch(&path, MERGE, json!({"metadata": {"labels": {"x": "z"}}}))
        .await
        .body;
    assert_eq!(labels_only["metadata"]["generation"], 2);
    assert_eq!(
        rig.get("/apis/harbour.test/v1/harbours/h/status")
            .await
            .code,
        404,
        "harbours have no status apart"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_writes_nothing() {
    let rig = Rig::new();
    assert_eq!(
        rig.post(&format!("{HERE}?dryRun=All"), boat("a"))
            .await
            .code,
        201
    );
    assert!(rig.names().is_empty());
    rig.boat("a").await;
    let path = format!("{HERE}/a?dryRun=All");
    assert_eq!(
        rig.patch(&path, MERGE, json!({"spec": {"sails": 9}}))
            .await
            .body["spec"]["sails"],
        9
    );
    assert_eq!(rig.delete(&path, json!({})).await.code, 200);
    assert_eq!(
        rig.cluster.object("boats", "ns", "a").unwrap()["spec"]["sails"],
        2
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there() {
    let rig = Rig::new();
    for (method, path, code) in [
        ("GET", "/apis/harbour.test/v1/namespaces/ns/rafts", 404),
        ("GET", "/apis/harbour.test/v2/boats", 404),
        ("GET", "/apis/harbour.test/v1/boats/a", 404),
        ("GET", "/nonsense", 404),
        ("POST", "/version", 405),
        ("POST", "/apis/harbour.test/v1/namespaces/ns/boats/a", 405),
        ("GET", "/readyz", 200),
    ] {
        assert_eq!(
            rig.ask(method, path, "*/*", None).await.code,
            code,
            "{method} {path}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn uids_are_the_same_in_every_run_and_differ_between_clusters() {
    let uid = async |name: &str| {
        let rig = Rig {
            cluster: kube_sim::Cluster::new(name, kube_sim::tokio_clock()),
            ..Rig::new()
        };
        rig.cluster.install_crds(crate::rig::BOATS).unwrap();
        rig.cluster.create_namespace("ns");
        let rig = Rig {
            client: rig.cluster.client("test"),
            ..rig
        };
        rig.boat("a").await["metadata"]["uid"].clone()
    };
    assert_eq!(uid("one").await, uid("one").await);
    assert_ne!(uid("one").await, uid("two").await);
}
