//! What the cache of a kind knows, event by event.

use std::fmt::Display;

use pilothouse_contract::{Unavailable, UnavailableReason};

use super::*;

pub(super) fn object(name: &str, uid: &str, version: impl Display, label: &str) -> Object {
    Object::parse(&format!(
        r#"{{"metadata":{{"namespace":"ns","name":"{name}","uid":"{uid}","resourceVersion":"{version}","labels":{{"l":"{label}"}}}}}}"#
    ))
    .unwrap()
}

pub(super) fn key(name: &str) -> ObjectKey {
    ObjectKey {
        namespace: Some("ns".into()),
        name: name.into(),
    }
}

fn label(value: &str) -> Vec<(String, String)> {
    vec![("l".into(), value.into())]
}

fn version(kind: &KindCache, name: &str) -> Option<u64> {
    let known = kind.index().get(&key(name));
    known.and_then(|object| object.version())
}

/// One whose watch of all namespaces has listed nothing.
fn cache() -> KindCache {
    let mut kind = KindCache::default();
    kind.open(None);
    kind.listed(None, List::default());
    kind
}

pub(super) fn list(objects: Vec<Object>, version: &str) -> List {
    List {
        objects,
        version: version.to_owned(),
    }
}

#[test]
fn own_write_stays_over_what_an_older_watch_event_says() {
    let mut kind = cache();
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
fn own_create_survives_a_list_that_was_taken_before_it_and_not_one_that_was_taken_later() {
    let mut kind = cache();
    kind.wrote(object("a", "1", 9, "y"));
    assert!(kind.listed(None, list(vec![], "8")).is_empty());
    assert_eq!(version(&kind, "a"), Some(9));
    assert_eq!(kind.listed(None, list(vec![], "10")).len(), 1);
    assert_eq!(version(&kind, "a"), None);
}

#[test]
fn what_is_written_counts_until_the_watch_has_passed_it() {
    let mut kind = cache();
    kind.seen(object("a", "1", 5, "x"));
    kind.wrote(object("a", "1", 9, "y"));
    kind.seen(object("b", "2", 8, "x"));
    assert_eq!(version(&kind, "a"), Some(9));
    // As no API server does it: what the watch has shown counts.
    assert_eq!(kind.caught_up(None, "9").len(), 1);
    assert_eq!(version(&kind, "a"), Some(5));
    assert!(kind.wrote(object("a", "1", 9, "y")).is_empty());
}

#[test]
fn own_delete_hides_the_object_from_an_earlier_one_of_its_name() {
    let mut kind = cache();
    kind.wrote(object("a", "2", 7, "x"));
    kind.wrote_gone(&key("a"), "2");
    kind.seen(object("a", "1", 5, "x"));
    kind.seen_gone(&object("a", "1", 6, "x"));
    kind.seen(object("a", "2", 7, "x"));
    assert!(kind.wrote(object("a", "2", 8, "x")).is_empty());
    kind.seen(object("a", "2", 8, "x"));
    assert_eq!(version(&kind, "a"), None);
    kind.seen_gone(&object("a", "2", 9, "x"));
    kind.seen(object("a", "3", 10, "x"));
    assert_eq!(version(&kind, "a"), Some(10));
}

#[test]
fn own_delete_hides_the_object_in_a_list_that_was_taken_before_it() {
    let mut kind = cache();
    kind.seen(object("a", "1", 5, "x"));
    kind.wrote_gone(&key("a"), "1");
    kind.listed(None, list(vec![object("a", "1", 5, "x")], "7"));
    assert_eq!(version(&kind, "a"), None);
    // It is there again: the API server was restored.
    kind.listed(None, list(vec![object("a", "1", 5, "x")], "900"));
    assert_eq!(version(&kind, "a"), Some(5));
}

#[test]
fn a_list_of_an_earlier_version_is_the_truth_and_versions_count_from_there() {
    let mut kind = cache();
    kind.listed(None, list(vec![object("a", "1", 400, "x")], "1000"));
    kind.wrote_gone(&key("a"), "1");
    kind.wrote(object("b", "2", 1001, "x"));
    let restored = vec![object("a", "1", 3, "x"), object("c", "3", 4, "x")];
    kind.listed(None, list(restored, "5"));
    let known = |kind: &KindCache| ["a", "b", "c"].map(|name| version(kind, name));
    assert_eq!(known(&kind), [Some(3), None, Some(4)]);
    kind.seen(object("a", "1", 6, "x"));
    kind.seen_gone(&object("c", "3", 7, "x"));
    kind.wrote(object("b", "4", 8, "x"));
    assert_eq!(known(&kind), [Some(6), Some(8), None]);
}

#[test]
fn of_versions_that_are_no_numbers_the_last_to_come_counts() {
    let odd = |uid: &str, version: &str| object("a", uid, version, "x");
    let uid = |kind: &KindCache| kind.index().get(&key("a")).map(|it| it.uid.clone());
    let mut kind = cache();
    kind.wrote(odd("1", "x5"));
    assert_eq!(uid(&kind).as_deref(), Some("1"));
    kind.listed(None, list(vec![], "x4"));
    assert_eq!(uid(&kind), None);
    kind.wrote(odd("1", "x5"));
    kind.seen(object("b", "9", 1, "x"));
    assert_eq!(uid(&kind).as_deref(), Some("1"), "it is about another one");
    kind.seen(odd("2", "x3"));
    assert_eq!(uid(&kind).as_deref(), Some("2"));
    kind.wrote_gone(&key("a"), "2");
    kind.seen(odd("2", "x4"));
    assert_eq!(uid(&kind), None, "what is deleted stays so");
    kind.seen(odd("1", "x5"));
    assert_eq!(uid(&kind).as_deref(), Some("1"));
}

#[test]
fn own_delete_hides_the_object_until_the_watch_has_caught_up() {
    let mut kind = cache();
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
        kind.index()
            .labelled(None, &label(value))
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
    assert_eq!(kind.index().labelled(None, &[]).len(), 2);
    assert_eq!(kind.index().labelled(Some("other"), &label("y")).len(), 0);
}

#[test]
fn absent_pending_and_lost_are_three_answers() {
    let mut kind = KindCache::default();
    kind.open(None);
    assert_eq!(kind.known(Some("ns")).err(), Some(Unknown::Pending));
    let lost = |since, message: &str| Unavailable {
        since: Some(since),
        ..Unavailable::new(UnavailableReason::Unreachable, message)
    };
    assert!(kind.set_health(None, Health::Lost(lost(1, "down"))));
    assert!(!kind.set_health(None, Health::Lost(lost(2, "down"))));
    assert!(kind.set_health(None, Health::Lost(lost(3, "still down"))));
    let since_the_first = Unknown::Unavailable(lost(1, "still down"));
    assert_eq!(kind.known(None).err(), Some(since_the_first));
    kind.set_health(None, Health::Synced);
    assert!(!kind.set_health(None, Health::Synced));
    assert!(kind.known(Some("ns")).is_ok());
}

#[test]
fn a_namespace_that_is_not_watched_is_unknown() {
    let mut kind = KindCache::default();
    kind.open(Some("ns"));
    kind.set_health(Some("ns"), Health::Synced);
    assert!(kind.known(Some("ns")).is_ok());
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
    assert_eq!(kind.listed(Some("ns"), List::default()).len(), 1);
}
