//! The store on its own: versions, namespaces, owners, deletions.

use serde_json::json;

use super::*;

fn place(name: &str) -> Place {
    Place::new(&"things".into(), "ns", name)
}

fn thing(name: &str, owner: Option<&str>) -> Value {
    let owners: Vec<_> = owner.iter().map(|uid| json!({"uid": uid})).collect();
    json!({"metadata": {"namespace": "ns", "name": name, "uid": format!("uid-{name}"), "ownerReferences": owners}})
}

fn names(objects: &[Arc<Object>]) -> Vec<&str> {
    objects.iter().map(|object| object.meta("name")).collect()
}

#[test]
fn goes_back_to_earlier_versions_until_compacted() {
    let mut store = Tables::new();
    store.put(place("a"), thing("a", None));
    let early = store.rv();
    store.put(place("b"), thing("b", None));
    store.remove(&place("a"));
    assert_eq!(names(&store.list("things", None)), ["b"]);
    assert_eq!(
        names(&store.list_at("things", Some("ns"), early).unwrap()),
        ["a"]
    );
    store.compact();
    assert!(store.list_at("things", None, early).is_none());
    assert_eq!(
        names(&store.list_at("things", None, store.rv()).unwrap()),
        ["b"]
    );
}

#[test]
fn a_namespace_that_begins_like_another_is_another() {
    let mut store = Tables::new();
    let table: Arc<str> = "things".into();
    for namespace in ["ns", "ns-2", "ns2"] {
        let object = json!({"metadata": {"namespace": namespace, "name": "a"}});
        store.put(Place::new(&table, namespace, "a"), object);
    }
    assert_eq!(store.list("things", Some("ns")).len(), 1);
    assert_eq!(store.list("things", None).len(), 3);
}

#[test]
fn knows_dependents_by_their_owners_uid() {
    let mut store = Tables::new();
    store.put(place("a"), thing("a", Some("owner")));
    assert_eq!(store.dependents("owner"), [place("a")]);
    store.put(place("a"), thing("a", None));
    assert!(store.dependents("owner").is_empty());
    store.put(place("a"), thing("a", Some("owner")));
    store.remove(&place("a"));
    assert!(store.dependents("owner").is_empty());
}

#[test]
fn a_deletion_carries_the_last_state_and_a_new_version() {
    let mut store = Tables::new();
    let kept = store.put(place("a"), thing("a", None));
    store.remove(&place("a"));
    let last = store.since(kept.rv).last().unwrap();
    assert!(last.deleted && last.rv == kept.rv + 1);
    assert_eq!(
        last.object.value["metadata"]["resourceVersion"],
        (kept.rv + 1).to_string()
    );
}
