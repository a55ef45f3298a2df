//! Writing objects of a custom kind: what is kept, and what is refused with which words.

use serde_json::{Value, json};

use super::{BOATS, Step, at, boat, loosely, merge, patch, post, put, with};

/// In a namespace that does not exist.
const NOWHERE: &str = "/apis/harbour.test/v1/namespaces/nowhere/boats";

pub fn creations() -> Vec<Step> {
    vec![
        post(BOATS, boat("a")),
        Step::get(&at("a")),
        post(BOATS, boat("a")),
        post(BOATS, with(boat("b"), "/status", json!({"crew": 1}))),
        post(BOATS, with(boat("c"), "/metadata/generation", json!(7))),
        post(
            BOATS,
            with(boat("d"), "/metadata/labels", json!({"at": "sea"})),
        ),
        post(
            BOATS,
            with(boat("e"), "/spec/crew", json!([{"rank": "mate"}])),
        ),
        post(
            BOATS,
            with(boat("f"), "/spec/free", json!({"any": {"thing": [1]}})),
        ),
        post(BOATS, with(boat("g"), "/spec/maybe", Value::Null)),
        post(BOATS, with(boat("h"), "/spec/sails", Value::Null)),
        post(BOATS, with(boat("i"), "/spec/typo", json!(1))),
        post(
            &format!("{BOATS}?fieldValidation=Strict"),
            with(boat("j"), "/spec/typo", json!(1)),
        ),
        post(BOATS, with(boat("k"), "/metadata/uid", json!("mine"))),
        post(
            "/apis/harbour.test/v1/harbours",
            json!({"apiVersion": "harbour.test/v1", "kind": "Harbour",
            "metadata": {"name": "port"}, "any": {"thing": 1}, "status": {"full": true}}),
        ),
        merge(
            "/apis/harbour.test/v1/harbours/port",
            json!({"status": {"full": false}}),
        ),
        merge(
            "/apis/harbour.test/v1/harbours/port",
            json!({"metadata": {"labels": {"a": "b"}}}),
        ),
    ]
}

pub fn refusals() -> Vec<Step> {
    let spec =
        |field: &str, value: Value| post(BOATS, with(boat("x"), &format!("/spec/{field}"), value));
    let metadata = |field: &str, value: Value| {
        post(BOATS, with(boat("x"), &format!("/metadata/{field}"), value))
    };
    let owner = |controller: bool, uid: &str| json!({"apiVersion": "v1", "kind": "K", "name": "n", "uid": uid, "controller": controller});
    vec![
        spec("name", json!("")),
        spec("name", json!(1)),
        spec("name", Value::Null),
        spec("name", json!("much too long")),
        post(BOATS, with(boat("x"), "/spec", json!({}))),
        spec("sails", json!(-1)),
        spec("sails", json!(10)),
        spec("sails", json!(1.5)),
        spec("sails", json!("2")),
        spec("rig", json!("raft")),
        spec("sign", json!("abc")),
        spec("built", json!("yesterday")),
        loosely(spec("weight", json!(true))),
        spec("crew", json!([{}])),
        spec("crew", json!([{"rank": "a"}, {"rank": "b"}, {"rank": "c"}])),
        spec("crew", json!({})),
        spec("flags", json!({"a": 1})),
        spec("flags", json!({"a": null})),
        spec("crew", json!([null])),
        spec("crew", json!([{"rank": null}])),
        spec("free", json!({"a": null})),
        spec("small", json!(3_000_000_000_u64)),
        spec("free", json!("text")),
        loosely(post(
            BOATS,
            with(boat("x"), "/spec", json!({"rig": "raft", "sails": -1})),
        )),
        metadata("name", json!("A_b")),
        metadata("name", Value::Null),
        metadata("namespace", json!("other")),
        metadata("resourceVersion", json!("1")),
        metadata("labels", json!({"a": "x".repeat(64)})),
        metadata("labels", json!({"a": "no spaces"})),
        metadata("labels", json!({"a b": "c"})),
        metadata("finalizers", json!(["not a finalizer"])),
        loosely(metadata(
            "ownerReferences",
            json!([owner(true, "1"), owner(true, "2")]),
        )),
        metadata("ownerReferences", json!([owner(false, "")])),
        post(BOATS, with(boat("x"), "/kind", json!("Raft"))),
        post(NOWHERE, boat("x")),
        post(NOWHERE, with(boat("x"), "/spec", json!({}))),
        loosely(post(
            BOATS,
            with(boat("x"), "/apiVersion", json!("harbour.test/v2")),
        )),
    ]
}

pub fn updates() -> Vec<Step> {
    let current = || {
        with(
            boat("a"),
            "/metadata/resourceVersion",
            json!("<version of a>"),
        )
    };
    let sails = |number: u64| with(current(), "/spec/sails", json!(number));
    vec![
        put(&at("a"), sails(3)),
        put(&at("a"), sails(3)),
        put(
            &at("a"),
            with(
                sails(4),
                "/metadata/resourceVersion",
                json!("<first version of a>"),
            ),
        ),
        put(&at("a"), boat("a")),
        put(&at("a"), with(sails(4), "/metadata/uid", json!("another"))),
        put(&at("a"), with(sails(4), "/metadata/name", json!("b"))),
        put(
            &at("a"),
            with(sails(4), "/metadata/creationTimestamp", Value::Null),
        ),
        put(&at("a"), with(sails(4), "/status", json!({"crew": 5}))),
        put(
            &at("a"),
            with(sails(4), "/metadata/annotations", json!({"x": "y"})),
        ),
        put(&at("nobody"), boat("nobody")),
        put(
            &format!("{}/status", at("a")),
            with(
                with(current(), "/status", json!({"crew": 6})),
                "/spec/sails",
                json!(8),
            ),
        ),
    ]
}

pub fn patches() -> Vec<Step> {
    let test = |version: &str| {
        json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/spec/sails", "value": 7},
        ])
    };
    vec![
        merge(
            &at("a"),
            json!({"spec": {"sails": 5}, "metadata": {"labels": {"at": "port"}}}),
        ),
        merge(&at("a"), json!({"spec": {"sails": 5}})),
        merge(
            &at("a"),
            json!({"spec": {"sails": 6}, "metadata": {"resourceVersion": "<first version of a>"}}),
        ),
        merge(
            &at("a"),
            json!({"spec": {"sails": 6}, "metadata": {"resourceVersion": "<version of a>"}}),
        ),
        merge(&at("a"), json!({"metadata": {"uid": "another"}})),
        merge(&at("a"), json!({"metadata": {"name": "b"}})),
        merge(&at("a"), json!({"metadata": {"labels": null}})),
        merge(&at("a"), json!({"spec": {"rig": "raft"}})),
        merge(&at("nobody"), json!({})),
        patch(&at("a"), test("<first version of a>")),
        patch(&at("a"), test("<version of a>")),
        patch(&at("a"), json!([{"op": "remove", "path": "/spec/nothing"}])),
        patch(
            &at("a"),
            json!([{"op": "add", "path": "/metadata/finalizers", "value": ["harbour.test/f"]}]),
        ),
        patch(
            &at("a"),
            json!([{"op": "remove", "path": "/metadata/finalizers"}]),
        ),
        Step::new(
            "PATCH",
            &at("a"),
            "application/strategic-merge-patch+json",
            &json!({}),
        ),
        Step::new("PATCH", &at("a"), "application/json", &json!({})),
    ]
}

pub fn statuses() -> Vec<Step> {
    let status = format!("{}/status", at("a"));
    vec![
        Step::get(&status),
        merge(
            &status,
            json!({"status": {"crew": 7}, "spec": {"sails": 1}, "metadata": {"labels": {"x": "y"}}}),
        ),
        merge(&status, json!({"status": {"crew": 7}})),
        merge(&status, json!({"status": {"crew": "many"}})),
        merge(
            &status,
            json!({"status": {"left": "2022-12-15T19:43:35Z", "unknown": 1}}),
        ),
        merge(&status, json!({"status": {"left": "yesterday"}})),
        merge(
            &status,
            json!({"status": {"crew": 8}, "metadata": {"resourceVersion": "<first version of a>"}}),
        ),
        patch(
            &status,
            json!([
                {"op": "test", "path": "/metadata/resourceVersion", "value": "<version of a>"},
                {"op": "replace", "path": "/status", "value": {"crew": 9}},
            ]),
        ),
        patch(
            &status,
            json!([
                {"op": "test", "path": "/metadata/resourceVersion", "value": "<first version of a>"},
                {"op": "replace", "path": "/status", "value": {"crew": 10}},
            ]),
        ),
        patch(&status, json!([{"op": "remove", "path": "/status"}])),
        put(
            &status,
            with(
                with(
                    boat("a"),
                    "/metadata/resourceVersion",
                    json!("<version of a>"),
                ),
                "/status",
                json!({"crew": null}),
            ),
        ),
        merge(&status, json!({"status": [1]})),
        merge(&status, json!({"status": null})),
        patch(
            &status,
            json!([{"op": "add", "path": "/status", "value": {"left": null, "crew": 1}}]),
        ),
        Step::get("/apis/harbour.test/v1/harbours/port/status"),
    ]
}
