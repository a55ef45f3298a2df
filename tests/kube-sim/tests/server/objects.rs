//! Single objects: where there are none, what is not simulated, and that every run is the same.

use kube_sim::{Cluster, tokio_clock};
use serde_json::{Value, json};

use crate::rig::{HERE, MERGE, Rig, boat};

#[tokio::test(start_paused = true)]
async fn what_is_not_there() {
    let rig = Rig::new();
    for (method, path, code) in [
        ("GET", "/apis/harbour.test/v0/harbours", 404),
        ("GET", "/apis/harbour.test/v2/boats", 404),
        ("POST", "/version", 405),
        ("POST", "/apis/harbour.test/v1/namespaces/ns/boats/a", 405),
    ] {
        let answer = rig.ask(method, path, "*/*", Value::Null).await;
        assert_eq!(answer.code, code, "{method} {path}");
    }
}

/// Nobody is to take an answer for that of a real API server where it is not.
#[tokio::test(start_paused = true)]
async fn what_is_not_simulated_is_refused() {
    let rig = Rig::new();
    rig.boat("a").await;
    let (a, ns) = (format!("{HERE}/a"), "/api/v1/namespaces/ns".to_owned());
    let json = "application/json";
    let nameless = json!({"metadata": {"generateName": "a-"}, "spec": {"name": "a"}});
    let apply = "application/apply-patch+yaml";
    let strategic = "application/strategic-merge-patch+json";
    let policy = |policy: &str| json!({"propagationPolicy": policy});
    let event = "/api/v1/namespaces/ns/events".to_owned();
    let cases = [
        ("GET", format!("{HERE}?labelSelector=x"), json, Value::Null),
        (
            "GET",
            format!("{HERE}?fieldSelector=spec.name%3Da"),
            json,
            Value::Null,
        ),
        (
            "GET",
            format!("{HERE}?fieldSelector=metadata.name!%3Da"),
            json,
            Value::Null,
        ),
        (
            "GET",
            format!("{HERE}?resourceVersion=1000"),
            json,
            Value::Null,
        ),
        (
            "GET",
            format!("{HERE}?watch=true&sendInitialEvents=true"),
            json,
            Value::Null,
        ),
        (
            "GET",
            HERE.to_owned(),
            "application/json;as=PartialObjectMetadataList",
            Value::Null,
        ),
        ("POST", format!("{HERE}?dryRun=All"), json, boat("b")),
        ("POST", HERE.to_owned(), json, nameless),
        ("POST", HERE.to_owned(), "application/yaml", boat("b")),
        ("POST", event, json, json!({"metadata": {"name": "e"}})),
        ("PATCH", a.clone(), apply, boat("a")),
        (
            "PATCH",
            ns,
            strategic,
            json!({"metadata": {"labels": {"a": "b"}}}),
        ),
        ("DELETE", HERE.to_owned(), json, Value::Null),
        ("DELETE", a.clone(), json, policy("Foreground")),
        ("DELETE", a.clone(), json, policy("Orphan")),
        ("DELETE", a.clone(), json, json!({"dryRun": ["All"]})),
        ("DELETE", a.clone(), json, json!({"orphanDependents": true})),
        (
            "DELETE",
            a.clone(),
            json,
            json!({"preconditions": {"resourceVersion": "1"}}),
        ),
    ];
    let before = rig.cluster.objects("boats");
    for (method, path, media_type, body) in cases {
        let answer = rig.ask(method, &path, media_type, body.clone()).await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(
            answer.code == 501 && message.starts_with("kube-sim does not simulate "),
            "{method} {path} {media_type} {body}: {answer:?}"
        );
    }
    assert_eq!(rig.cluster.objects("boats"), before);
    let unknown = rig.ask("PATCH", &a, strategic, json!({})).await;
    assert_eq!(
        unknown.code, 415,
        "custom kinds have none on a real one either"
    );
    assert_eq!(rig.ask("PATCH", &a, MERGE, json!({})).await.code, 200);
}

#[tokio::test(start_paused = true)]
async fn uids_are_the_same_in_every_run_and_differ_between_clusters() {
    let uid = async |name: &str| {
        let rig = Rig::on(Cluster::new(name, tokio_clock()));
        rig.boat("a").await["metadata"]["uid"].clone()
    };
    assert_eq!(uid("one").await, uid("one").await);
    assert_ne!(uid("one").await, uid("two").await);
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
