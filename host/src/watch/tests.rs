//! A watch and an API server that answers as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use pilothouse_core::work::{Answer, Now};
use pilothouse_core::{Engine, Object, Resource};
use serde_json::{Value, json};

use super::*;
use crate::clock;
use crate::contract::{Action, Gvk, Manifest, Outcome, Plan, Requeue};
use crate::execute::Kinds;
use crate::shared::Shared;

/// An API server with one kind, each of whose watches is answered with that line and ends. Each list has one object more. Its version
/// is by ten higher than that of the last object.
fn client(line: &'static str) -> Client {
    let lists = Arc::new(AtomicUsize::new(0));
    Client::new(
        tower::service_fn(move |request: Request<Body>| {
            let query = request.uri().query().unwrap_or_default();
            let body = if !request.uri().path().ends_with("/things") {
                let things = json!({
                    "name": "things", "singularName": "thing", "namespaced": true, "kind": "Thing", "verbs": ["list", "watch"],
                });
                json!({"kind": "APIResourceList", "groupVersion": "test/v1", "resources": [things]})
                    .to_string()
            } else if query.contains("watch=true") {
                line.to_owned()
            } else {
                let count = lists.fetch_add(1, Ordering::Relaxed) + 1;
                list(count).to_string()
            };
            std::future::ready(Ok::<_, std::io::Error>(Response::new(Body::from(
                body.into_bytes(),
            ))))
        }),
        "default",
    )
}

fn list(count: usize) -> Value {
    let thing = |number: usize| {
        let name = format!("thing{number}");
        json!({"metadata": {"namespace": "ns", "name": name, "uid": name, "resourceVersion": number.to_string()}})
    };
    let things: Vec<Value> = (1..=count).map(thing).collect();
    json!({"metadata": {"resourceVersion": (count + 10).to_string()}, "items": things})
}

fn manifest() -> Arc<Manifest> {
    Arc::new(Manifest {
        name: "test".into(),
        version: "1".into(),
        primary: Gvk::new("test/v1", "Thing"),
        finalizer: None,
        controller: "test".into(),
        interests: vec![],
    })
}

/// What has become of the engine after a minute.
async fn watched(line: &'static str) -> (Arc<Shared>, Resource) {
    let shared = Arc::new(Shared::new(Engine::new(manifest()), clock::system()));
    let gvk = Gvk::new("test/v1", "Thing");
    let resource = Resource { context: None, gvk };
    shared.with(|engine| engine.open(&resource, None));
    let target = Target {
        client: client(line),
        resource: resource.clone(),
        namespace: None,
        shared: shared.clone(),
        kinds: Arc::new(Kinds::default()),
    };
    let _ = timeout(Duration::from_secs(60), watch(target)).await;
    (shared, resource)
}

/// How many objects are known after a minute.
async fn known(line: &'static str) -> usize {
    let (shared, resource) = watched(line).await;
    shared.with(|engine| engine.caches().keys(&resource).len())
}

/// The version that is known of an object once the API server has answered with that one.
fn known_after(engine: &mut Engine, resource: &Resource, version: u32) -> String {
    let now = Now::default();
    let primary = engine.next(now).unwrap().primary;
    let plan = Plan {
        actions: vec![Action::SetStatus("{}".into())],
        requeue: Requeue::OnChange,
        reasons: vec![],
        observes: vec![],
    };
    let decided = Answer::Decided(manifest(), Ok(Outcome::Act(plan)));
    engine.answer(now, &primary, decided);
    let known = engine.caches().get(resource, &primary).unwrap();
    let mut written = Object::clone(&known);
    written.resource_version = version.to_string();
    engine.answer(now, &primary, Answer::Replied(Ok(Some(written))));
    let known = engine.caches().get(resource, &primary).unwrap();
    known.resource_version.clone()
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_never_gets_past_an_event_is_given_up_for_a_list() {
    for line in [
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,\"message\":\"cannot convert\"}}\n",
        "nothing that can be read\n",
    ] {
        assert!(known(line).await > 1, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_says_nothing_for_long_is_given_up_for_a_list() {
    assert!(known("").await > 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_list_or_a_bookmark_is_no_news() {
    for (bookmark, last) in [(1, 11), (20, 20)] {
        let object = json!({"metadata": {"resourceVersion": bookmark.to_string()}});
        let event = json!({"type": "BOOKMARK", "object": object});
        let line: &'static str = format!("{event}\n").leak();
        for (version, known) in [(last, 1), (last + 1, last + 1)] {
            let (shared, resource) = watched(line).await;
            let after = shared.with(|engine| known_after(engine, &resource, version));
            assert_eq!(after, known.to_string(), "{line}");
        }
    }
}
