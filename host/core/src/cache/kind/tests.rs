//! What the cache of a kind knows, event by event.

use pilothouse_contract::UnavailableReason;

use super::*;

fn object(name: &str, uid: &str, version: u32, label: &str) -> Object {
    Object::parse(&format!(
        r#"{{"metadata":{{"namespace":"ns","name":"{name}","uid":"{uid}","resourceVersion":"{version}","labels":{{"l":"{label}"}}}}}}"#
    ))
    .unwrap()
}

fn key(name: &str) -> ObjectKey {
    ObjectKey {
        namespace: Some("ns".into()),
        name: name.into(),
    }
}

fn label(value: &str) -> Vec<(String, String)> {
    vec![("l".into(), value.into())]
}

fn version(kind: &KindCache, name: &str) -> Option<u64> {
    kind.get(&key(name)).and_then(|object| object.version())
}

#[test]
fn own_write_stays_over_what_an_older_watch_event_says() {
    let mut kind = KindCache::default();
    kind.seen(object("a", "1", 5, "x"));
    kind.wrote(object("a", "1", 9, "y"));
    assert!(kind.seen(object("a", "1", 7, "x")).is_empty());
    assert_eq!(version(&kind, "a"), Some(9));
    assert!(
        kind.seen(object("a", "1", 9, "y")).is_empty(),
        "our own write is no news"
    );
    assert_eq!(kind.seen(object("a", "1", 10, "y")).len(), 1);
    assert_eq!(version(&kind, "a"), Some(10));
}

#[test]
fn own_create_survives_a_list_that_began_before_it_and_not_one_that_began_after() {
    let mut kind = KindCache::default();
    let before = kind.begin();
    kind.wrote(object("a", "1", 9, "y"));
    kind.replace(None, vec![], before);
    assert_eq!(version(&kind, "a"), Some(9));
    let after = kind.begin();
    assert_eq!(kind.replace(None, vec![], after).len(), 1);
    assert_eq!(version(&kind, "a"), None);
}

#[test]
fn own_delete_hides_the_object_until_the_watch_has_caught_up() {
    let mut kind = KindCache::default();
    kind.seen(object("a", "1", 5, "x"));
    assert_eq!(kind.wrote_gone(&key("a"), "1").len(), 1);
    assert!(
        kind.seen(object("a", "1", 6, "x")).is_empty(),
        "late news of what we deleted"
    );
    assert_eq!(version(&kind, "a"), None);
    assert_eq!(
        kind.seen(object("a", "2", 8, "x")).len(),
        1,
        "another object under the name"
    );
    assert!(kind.seen_gone(&object("a", "1", 7, "x")).is_empty());
    assert_eq!(version(&kind, "a"), Some(8));
}

#[test]
fn labels_find_objects_and_a_change_names_old_and_new_labels() {
    let mut kind = KindCache::default();
    kind.seen(object("b", "1", 1, "x"));
    kind.seen(object("a", "2", 2, "x"));
    let names = |kind: &KindCache, value: &str| {
        kind.labelled(None, &label(value))
            .iter()
            .map(|o| o.key.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&kind, "x"), ["a", "b"]);
    let changes = kind.seen(object("b", "1", 3, "y"));
    assert_eq!(
        changes[0].labels,
        [("l".to_owned(), "x".to_owned()), ("l".into(), "y".into())]
    );
    assert_eq!(names(&kind, "x"), ["a"]);
    assert_eq!(names(&kind, "z"), [""; 0]);
    assert_eq!(kind.labelled(None, &[]).len(), 2);
    assert_eq!(kind.labelled(Some("other"), &label("y")).len(), 0);
}

#[test]
fn absent_pending_and_lost_are_three_answers() {
    let mut kind = KindCache::default();
    kind.open(None);
    assert_eq!(kind.known(Some("ns")), Err(Unknown::Pending));
    let lost = |since, message: &str| Unavailable {
        since: Some(since),
        ..Unavailable::new(UnavailableReason::Unreachable, message)
    };
    assert!(kind.set_health(None, Health::Lost(lost(1, "down"))));
    assert!(!kind.set_health(None, Health::Lost(lost(2, "down"))));
    assert!(kind.set_health(None, Health::Lost(lost(3, "still down"))));
    let since_the_first = Err(Unknown::Unavailable(lost(1, "still down")));
    assert_eq!(kind.known(None), since_the_first);
    kind.set_health(None, Health::Synced);
    assert!(!kind.set_health(None, Health::Synced));
    assert_eq!(kind.known(Some("ns")), Ok(()));
}

#[test]
fn a_namespace_that_is_not_watched_is_unknown() {
    let mut kind = KindCache::default();
    kind.open(Some("ns"));
    kind.set_health(Some("ns"), Health::Synced);
    assert_eq!(kind.known(Some("ns")), Ok(()));
    let Err(Unknown::Unavailable(unavailable)) = kind.known(Some("other")) else {
        panic!("it is known")
    };
    assert_eq!(unavailable.reason, UnavailableReason::NotWatched);
}

#[test]
fn a_list_for_one_namespace_is_all_that_there_is_of_a_kind_without_namespaces() {
    let mut kind = KindCache::default();
    let text = r#"{"metadata":{"name":"a","uid":"1","resourceVersion":"5"}}"#;
    kind.seen(Object::parse(text).unwrap());
    let since = kind.begin();
    assert_eq!(kind.replace(Some("ns"), vec![], since).len(), 1);
}
