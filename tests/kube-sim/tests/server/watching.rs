//! Watches: what is seen and what is not, how they end, and that kube's own watcher misses nothing through all of it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt;
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::{Value, json};

use crate::rig::{HERE, Rig, boat, settle, soon};

fn seen(event: (String, Value)) -> (String, String) {
    let name = event.1["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (event.0, name)
}

/// The version of a new boat.
async fn version_of(rig: &Rig, name: &str) -> String {
    let boat = rig.boat(name).await;
    boat["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn event(type_: &str, name: &str) -> (String, String) {
    (type_.to_owned(), name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn from_a_version_on_in_one_namespace() {
    let rig = Rig::new();
    let version = version_of(&rig, "a").await;
    let mut watch = rig.watch(&format!("resourceVersion={version}")).await;
    rig.post(&HERE.replace("/ns/", "/other/"), boat("x")).await;
    rig.boat("b").await;
    rig.merge(&format!("{HERE}/a"), json!({"spec": {"sails": 5}}))
        .await;
    rig.delete(&format!("{HERE}/b")).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(soon(watch.next()).await.unwrap().unwrap());
    }
    let versions: Vec<u64> = all
        .iter()
        .map(|(_, object)| {
            object["metadata"]["resourceVersion"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert!(versions.is_sorted());
    let all: Vec<_> = all.into_iter().map(seen).collect();
    assert_eq!(
        all,
        [
            event("ADDED", "b"),
            event("MODIFIED", "a"),
            event("DELETED", "b")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn bookmarks_and_the_end_of_time() {
    let rig = Rig::new();
    let version = version_of(&rig, "a").await;
    let query = format!("resourceVersion={version}&allowWatchBookmarks=true&timeoutSeconds=90");
    let mut watch = rig.watch(&query).await;
    // After a minute, and two seconds before the end.
    for _ in 0..2 {
        let (type_, mark) = soon(watch.next()).await.unwrap().unwrap();
        let told = (&mark["metadata"]["resourceVersion"], &mark["kind"]);
        assert_eq!(type_, "BOOKMARK");
        assert_eq!(told, (&json!(version), &json!("Boat")));
    }
    assert!(
        soon(watch.next()).await.is_none(),
        "after its time it ends like any response"
    );
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_version_is_too_old() {
    let rig = Rig::new();
    let version = version_of(&rig, "a").await;
    let mut up_to_date = rig.watch(&format!("resourceVersion={version}")).await;
    rig.boat("b").await;
    assert_eq!(
        seen(soon(up_to_date.next()).await.unwrap().unwrap()),
        event("ADDED", "b")
    );
    rig.cluster.forget_history();
    let mut late = rig.watch(&format!("resourceVersion={version}")).await;
    let (type_, status) = soon(late.next()).await.unwrap().unwrap();
    assert_eq!(
        (type_.as_str(), &status["code"], &status["reason"]),
        ("ERROR", &json!(410), &json!("Expired"))
    );
    assert!(soon(late.next()).await.is_none());
    rig.boat("c").await;
    assert_eq!(
        seen(soon(up_to_date.next()).await.unwrap().unwrap()),
        event("ADDED", "c"),
        "it had missed nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn cut_held_and_unreachable() {
    let rig = Rig::new();
    let mut watch = rig.watch("resourceVersion=1").await;
    rig.cluster.cut_watches();
    assert!(soon(watch.next()).await.unwrap().is_err());
    let version = version_of(&rig, "a").await;
    let mut watch = rig.watch(&format!("resourceVersion={version}")).await;
    rig.cluster.hold_watches(true);
    rig.boat("b").await;
    let quiet = tokio::time::timeout(Duration::from_secs(600), watch.next()).await;
    assert!(quiet.is_err(), "held watches say nothing");
    rig.cluster.hold_watches(false);
    assert_eq!(
        seen(soon(watch.next()).await.unwrap().unwrap()),
        event("ADDED", "b")
    );
    rig.cluster.set_reachable(false);
    assert!(soon(watch.next()).await.unwrap().is_err());
}

/// The names that a watcher's events leave behind.
fn follow(known: &mut BTreeSet<String>, event: watcher::Event<kube::api::DynamicObject>) {
    let name = |object: kube::api::DynamicObject| object.metadata.name.unwrap();
    match event {
        watcher::Event::Init => known.clear(),
        watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
            known.insert(name(object));
        }
        watcher::Event::Delete(object) => {
            known.remove(&name(object));
        }
        watcher::Event::InitDone => {}
    }
}

#[tokio::test(start_paused = true)]
async fn kubes_watcher_misses_nothing() {
    let rig = Rig::new();
    let known = Arc::new(Mutex::new(BTreeSet::new()));
    let config = watcher::Config::default().page_size(2);
    let stream = watcher(rig.boats(), config).default_backoff();
    let following = {
        let known = known.clone();
        tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while let Some(event) = stream.next().await {
                if let Ok(event) = event {
                    follow(&mut known.lock().unwrap(), event);
                }
            }
        })
    };
    let mut expected = BTreeSet::new();
    for round in 0..12 {
        let name = format!("boat-{round}");
        rig.boat(&name).await;
        expected.insert(name);
        match round % 4 {
            0 => rig.cluster.cut_watches(),
            1 => {
                // While nobody watches, the past is forgotten: the watcher must list anew.
                rig.cluster.set_reachable(false);
                settle().await;
                rig.cluster.set_reachable(true);
                let before = format!("boat-{}", round - 1);
                rig.delete(&format!("{HERE}/{before}")).await;
                expected.remove(&before);
                rig.cluster.forget_history();
            }
            2 => rig.cluster.hold_watches(true),
            _ => rig.cluster.hold_watches(false),
        }
        if round % 4 != 2 {
            tokio::time::sleep(Duration::from_secs(120)).await;
            assert_eq!(*known.lock().unwrap(), expected, "round {round}");
        }
    }
    assert!(!following.is_finished());
    following.abort();
}
