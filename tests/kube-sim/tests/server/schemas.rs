//! What the schema of a definition does to objects: unknown fields, defaults, refusals; and definitions themselves.

use serde_json::json;

use crate::rig::{HERE, MERGE, Rig, boat};

#[tokio::test(start_paused = true)]
async fn unknown_fields_are_dropped_with_a_warning_or_refused() {
    let rig = Rig::new();
    let mut sent = boat("a");
    sent["spec"]["sials"] = 3.into();
    sent["spec"]["free"] = json!({"anything": {"goes": true}});
    let refused = rig
        .post(&format!("{HERE}?fieldValidation=Strict"), sent.clone())
        .await;
    let message = "Boat in version \"v1\" cannot be handled as a Boat: strict decoding error: unknown field \"spec.sials\"";
    assert_eq!(refused.refusal(), (400, message));
    let made = rig.post(HERE, sent).await;
    assert_eq!(
        made.warning.as_deref(),
        Some(r#"299 - "unknown field \"spec.sials\"""#)
    );
    assert_eq!(
        made.body["spec"],
        json!({"name": "a", "sails": 2, "free": {"anything": {"goes": true}}})
    );
}

#[tokio::test(start_paused = true)]
async fn what_breaks_the_schema_is_refused_field_by_field() {
    let rig = Rig::new();
    let mut sent = boat("a");
    sent["spec"] = json!({"sails": -1, "rig": "raft"});
    let refused = rig.post(HERE, sent).await;
    assert_eq!(
        (refused.code, &refused.body["reason"]),
        (422, &json!("Invalid"))
    );
    let details = &refused.body["details"];
    assert_eq!(
        (&details["kind"], &details["name"], &details["group"]),
        (&json!("Boat"), &json!("a"), &json!("harbour.test"))
    );
    let causes: Vec<_> = details["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| {
            (
                cause["field"].as_str().unwrap(),
                cause["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        causes,
        [
            ("spec.rig", "FieldValueNotSupported"),
            ("spec.sails", "FieldValueInvalid"),
            ("spec.name", "FieldValueRequired"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_status_is_held_to_the_schema_too() {
    let rig = Rig::new();
    rig.boat("a").await;
    let status = format!("{HERE}/a/status");
    for bad in [
        json!({"left": "yesterday"}),
        json!({"crew": "many"}),
        json!([1]),
    ] {
        assert_eq!(
            rig.patch(&status, MERGE, json!({"status": bad})).await.code,
            422,
            "{bad}"
        );
    }
    let mut whole = rig.get(&status).await.body;
    whole["status"] = json!({"crew": null});
    let answer = rig.put(&status, whole).await;
    assert_eq!(
        (answer.code, &answer.body["status"]),
        (200, &json!({})),
        "a null that is not allowed is dropped"
    );
}

#[tokio::test(start_paused = true)]
async fn definitions_are_objects() {
    let rig = Rig::new();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let boats = rig
        .get(&format!("{definitions}/boats.harbour.test"))
        .await
        .body;
    assert_eq!(boats["status"]["conditions"][1]["type"], "Established");
    let groups = rig.get("/apis").await.body;
    assert!(
        groups["groups"]
            .as_array()
            .unwrap()
            .iter()
            .any(|group| group["name"] == "harbour.test")
    );
    let kinds = rig.get("/apis/harbour.test/v1").await.body;
    let names: Vec<_> = kinds["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["boats", "boats/status", "harbours"]);
    rig.boat("a").await;
    assert_eq!(
        rig.delete(&format!("{definitions}/boats.harbour.test"), json!({}))
            .await
            .code,
        200
    );
    assert_eq!(rig.get(HERE).await.code, 404);
    rig.cluster.install_crds(crate::rig::BOATS).unwrap();
    assert!(
        rig.names().is_empty(),
        "the objects went with their definition"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_definition_is_refused_by_name() {
    let rig = Rig::new();
    for (yaml, expected) in [
        (
            "kind: Pod\nmetadata: {name: p}",
            "\"Pod\" p is not a CustomResourceDefinition, and nothing else can be installed",
        ),
        (
            "kind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {group: g, scope: Namespaced, names: {plural: xs, kind: X}, \
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}",
            "metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group, xs.g",
        ),
        (": : :", "reading CustomResourceDefinitions"),
    ] {
        let error = rig.cluster.install_crds(yaml).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
