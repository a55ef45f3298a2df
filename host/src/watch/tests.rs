//! A watch and an API server that answers as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use pilothouse_core::{Engine, Resource};
use serde_json::{Value, json};

use super::*;
use crate::clock;
use crate::contract::{Gvk, Manifest};
use crate::execute::Kinds;
use crate::shared::Shared;

/// An API server with one kind, each of whose watches is answered with that line and ends. Each list has one object more.
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
    json!({"metadata": {"resourceVersion": count.to_string()}, "items": things})
}

/// How many objects are known after a minute.
async fn known(line: &'static str) -> usize {
    let gvk = Gvk::new("test/v1", "Thing");
    let manifest = Manifest {
        name: "test".into(),
        version: "1".into(),
        primary: gvk.clone(),
        finalizer: None,
        controller: "test".into(),
        interests: vec![],
    };
    let shared = Arc::new(Shared::new(
        Engine::new(Arc::new(manifest)),
        clock::system(),
    ));
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
    shared.with(|engine| engine.caches().keys(&resource).len())
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
