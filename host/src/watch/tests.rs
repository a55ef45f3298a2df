//! A watch and an API server that answers as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::Either;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use pilothouse_core::cache::{List, Unknown};
use pilothouse_core::work::{Answer, Now};
use pilothouse_core::{Engine, Object, Resource};
use serde_json::{Value, json};

use super::*;
use crate::clock;
use crate::contract::{Action, Gvk, Manifest, ObjectRef, Outcome, Plan, Requeue};
use crate::execute::Kinds;
use crate::shared::Shared;

/// An API server with one kind, each of whose watches is answered with that line and ends, or not at all (none). Each list has one object more. Its version
/// is by ten higher than that of the last object.
fn client(line: impl Into<Option<&'static str>>) -> Client {
    let line = line.into();
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
                match line {
                    Some(line) => line.to_owned(),
                    None => return Either::Left(std::future::pending()),
                }
            } else {
                let count = lists.fetch_add(1, Ordering::Relaxed) + 1;
                list(count).to_string()
            };
            let response = Response::new(Body::from(body.into_bytes()));
            Either::Right(std::future::ready(Ok::<_, std::io::Error>(response)))
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
async fn watched(client: Client) -> (Arc<Shared>, Resource) {
    let target = target(client);
    let (shared, resource) = (target.shared.clone(), target.resource.clone());
    let _ = timeout(Duration::from_secs(60), watch(target)).await;
    (shared, resource)
}

fn target(client: Client) -> Target {
    let shared = Arc::new(Shared::new(Engine::new(manifest()), clock::system()));
    let gvk = Gvk::new("test/v1", "Thing");
    let resource = Resource { context: None, gvk };
    shared.with(|engine| engine.open(&resource, None));
    Target {
        client,
        resource,
        namespace: None,
        shared,
        kinds: Arc::new(Kinds::default()),
    }
}

/// What is known after a minute: how many objects, or why none.
async fn known(client: Client) -> Result<usize, Unavailable> {
    let (shared, resource) = watched(client).await;
    shared.with(|engine| {
        let caches = engine.caches();
        let (context, gvk) = (resource.context.clone(), resource.gvk.clone());
        let object = ObjectRef {
            context,
            gvk,
            namespace: Some("ns".into()),
            name: "thing1".into(),
        };
        match caches.object(&object) {
            Err(Unknown::Unavailable(why)) => Err(why),
            _ => Ok(caches.keys(&resource).len()),
        }
    })
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
        assert!(known(client(line)).await.unwrap() > 1, "{line}");
    }
}

/// An API server that answers everything with that status and text.
fn saying(code: u16, text: &'static str) -> Client {
    let answer = move |_| {
        let answer = Response::builder().status(code);
        std::future::ready(answer.body(Body::from(text.as_bytes().to_vec())))
    };
    Client::new(tower::service_fn(answer), "default")
}

/// A proxy's words are neither taken for an API server's nor logged.
#[tokio::test(start_paused = true)]
async fn what_a_proxy_answers_says_nothing_of_the_kind_and_is_not_logged() {
    // With one subscriber alone, another test that comes to a line first silences it.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let lines = lines.with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(lines);
    for (code, text, reason) in [
        (200, "<html>secret</html>", UnavailableReason::Unreachable),
        (404, "<html>secret</html>", UnavailableReason::Unreachable),
        (403, "<html>secret</html>", UnavailableReason::Unreachable),
        (404, "404 page not found\n", UnavailableReason::NotServed),
    ] {
        let why = known(saying(code, text)).await.unwrap_err();
        assert_eq!(why.reason, reason, "{code} {text}: {why:?}");
    }
    let log = log.0.lock().unwrap().clone();
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains("cannot be watched"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_says_nothing_for_long_is_given_up_for_a_list() {
    assert!(known(client("")).await.unwrap() > 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_list_or_a_bookmark_is_no_news() {
    for (bookmark, last) in [(1, 11), (20, 20)] {
        let object = json!({"metadata": {"resourceVersion": bookmark.to_string()}});
        let event = json!({"type": "BOOKMARK", "object": object});
        let line: &'static str = format!("{event}\n").leak();
        for (version, known) in [(last, 1), (last + 1, last + 1)] {
            let (shared, resource) = watched(client(line)).await;
            let after = shared.with(|engine| known_after(engine, &resource, version));
            assert_eq!(after, known.to_string(), "{line}");
        }
    }
}

/// What the list of another kind says.
#[tokio::test(start_paused = true)]
async fn a_kind_is_listed_anew_where_its_api_server_was_set_back() {
    let target = target(client(None));
    let (shared, resource) = (target.shared.clone(), target.resource.clone());
    let gvk = Gvk::new("test/v1", "Other");
    let other = Resource { context: None, gvk };
    shared.with(|engine| engine.open(&other, None));
    let (watching, second) = (tokio::spawn(watch(target)), Duration::from_secs(1));
    for (version, known) in [("50", 1), ("60", 1), ("5", 2)] {
        let list = List {
            objects: vec![],
            version: version.into(),
        };
        shared.listed(&other, None, list);
        sleep(second).await;
        let keys = shared.with(|engine| engine.caches().keys(&resource));
        assert_eq!(keys.len(), known);
    }
    watching.abort();
}
