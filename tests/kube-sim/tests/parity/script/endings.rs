//! Deleting: conditions, finalizers, and what the garbage collector takes along.

use serde_json::{Value, json};

use super::{BOATS, Step, at, boat, delete, loosely, merge, patch, post, with};

pub fn deletions() -> Vec<Step> {
    vec![
        delete(&at("b"), json!({"preconditions": {"uid": "another"}})),
        delete(&at("b"), json!({"preconditions": {"resourceVersion": "1"}})),
        delete(
            &at("b"),
            json!({"preconditions": {"uid": "<uid of b>", "resourceVersion": "<version of b>"}}),
        ),
        delete(&at("b"), Value::Null),
        delete(&at("c"), json!({"propagationPolicy": "Background"})),
        delete(&at("d"), json!({"propagationPolicy": "Sideways"})),
        merge(
            &at("d"),
            json!({"metadata": {"finalizers": ["harbour.test/f"]}}),
        ),
        delete(&at("d"), json!({})),
        delete(&at("d"), json!({})),
        merge(
            &at("d"),
            json!({"metadata": {"finalizers": ["harbour.test/f", "harbour.test/g"]}}),
        ),
        merge(&at("d"), json!({"metadata": {"deletionTimestamp": null}})),
        merge(&at("d"), json!({"spec": {"sails": 1}})),
        merge(&at("d"), json!({"metadata": {"finalizers": []}})),
        Step::get(&at("d")),
        delete(&format!("{}?dryRun=All", at("e")), Value::Null),
        merge(
            &at("e"),
            json!({"metadata": {"deletionTimestamp": "2022-12-15T19:43:35Z"}}),
        ),
    ]
}

pub fn garbage() -> Vec<Step> {
    let owned = |name: &str, uid: &str| {
        let owner =
            json!({"apiVersion": "harbour.test/v1", "kind": "Boat", "name": "mother", "uid": uid});
        post(
            BOATS,
            with(boat(name), "/metadata/ownerReferences", json!([owner])),
        )
    };
    let gone = |name: &str| Step::until("404", Step::get(&at(name)));
    let released = json!([{"op": "remove", "path": "/metadata/finalizers"}]);
    vec![
        post(BOATS, boat("mother")),
        owned("child", "<uid of mother>"),
        owned("stranger", "another"),
        gone("stranger"),
        delete(&at("mother"), json!({})),
        gone("child"),
        post(BOATS, boat("mother")),
        post(
            BOATS,
            with(
                boat("child"),
                "/metadata",
                json!({"name": "child", "finalizers": ["harbour.test/f"],
            "ownerReferences": [{"apiVersion": "harbour.test/v1", "kind": "Boat", "name": "mother",
                "uid": "<uid of mother>", "blockOwnerDeletion": true}]}),
            ),
        ),
        delete(&at("mother"), json!({"propagationPolicy": "Foreground"})),
        loosely(patch(&at("child"), released)),
        gone("child"),
        gone("mother"),
        delete(&format!("{BOATS}?labelSelector=none"), json!({})),
    ]
}
