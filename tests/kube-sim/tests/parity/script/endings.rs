//! Deleting: conditions, finalizers, and what the garbage collector takes along.

use serde_json::{Value, json};

use super::{BOATS, Step, at, boat, delete, merge, post, with};

pub fn deletions() -> Vec<Step> {
    vec![
        delete(&at("b"), json!({"preconditions": {"uid": "another"}})),
        delete(&at("b"), json!({"preconditions": {"uid": "<uid of b>"}})),
        delete(&at("b"), Value::Null),
        delete(&at("c"), json!({"propagationPolicy": "Background"})),
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
    vec![
        post(BOATS, boat("mother")),
        owned("child", "<uid of mother>"),
        owned("stranger", "another"),
        gone("stranger"),
        delete(&at("mother"), json!({})),
        gone("child"),
    ]
}
