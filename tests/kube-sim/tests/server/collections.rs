//! Pages of lists.

use serde_json::{Value, json};

use crate::rig::{HERE, Rig};

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_from_the_same_moment() {
    let rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.boat(name).await;
    }
    let first = rig.get(&format!("{HERE}?limit=2")).await.body;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    rig.boat("d").await;
    rig.delete(&format!("{HERE}/c")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let next = format!("{HERE}?limit=2&continue={token}");
    let second = rig.get(&next).await.body;
    assert_eq!(names(&second), ["c"]);
    let version = &first["metadata"]["resourceVersion"];
    assert_eq!(second["metadata"], json!({"resourceVersion": version}));
    rig.cluster.forget_history();
    let expired = rig.get(&next).await;
    assert_eq!(expired.code, 410);
    assert_eq!(expired.body["reason"], "Expired");
}
