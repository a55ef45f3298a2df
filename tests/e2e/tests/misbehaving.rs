//! Whatever a policy does, it harms nobody but its own primary: that one is held as it is, people are told, and the
//! others go on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube_sim::{Cluster, system_clock, tokio_clock};
use pilothouse::contexts::Contexts;
use pilothouse::contract::{Outcome, Snapshot};
use pilothouse::host::{Host, Options};
use pilothouse::policy::wasm::{Limits, Runtime};
use pilothouse::policy::{Decide, Policy};
use pilothouse_e2e::component;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const CRDS: &str = include_str!("../../fixtures/misbehaving/crds.yaml");

fn runtime() -> Runtime {
    // A tenth of a second of computing is plenty here, and a loop ends sooner.
    Runtime::new(
        8,
        Limits {
            fuel: 50_000_000,
            ..Limits::default()
        },
    )
    .unwrap()
}

fn policy() -> Vec<u8> {
    std::fs::read(
        component::built()
            .unwrap()
            .with_file_name("misbehaving.wasm"),
    )
    .unwrap()
}

fn api(client: &Client, group: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind), plural);
    Api::namespaced_with(client.clone(), "default", &resource)
}

async fn order(orders: &Api<DynamicObject>, name: &str, what: &str) {
    let order = json!({
        "apiVersion": "test.pilothouse.dev/v1", "kind": "Order",
        "metadata": { "name": name }, "spec": { "do": what },
    });
    orders
        .create(
            &PostParams::default(),
            &serde_json::from_value(order).unwrap(),
        )
        .await
        .unwrap();
}

/// The policy, but that asking it about an order of `panic` is a fault of the host.
struct Panicking(Policy);

impl Decide for Panicking {
    fn reconcile(&self, snapshot: &Snapshot) -> anyhow::Result<Outcome> {
        assert!(
            !snapshot.primary.contains("\"panic\""),
            "a fault of the host"
        );
        self.0.reconcile(snapshot)
    }
}

/// The status of the misbehaving order, its events, and that of one that is well, after ten seconds.
async fn watch_it(what: &str) -> (Value, Vec<Value>, Value) {
    let clock = tokio_clock();
    let cluster = Cluster::new("only", clock.clone());
    cluster.install_crds(CRDS).unwrap();
    let contexts = Contexts::new(cluster.client("pilothouse"), []);
    let options = Options {
        contexts,
        namespaces: vec![],
        workers: 2,
        calls: 2,
        clock,
        instance: "test".into(),
        grace: Duration::from_secs(20),
    };
    let policy = runtime().load(&policy(), "{}").unwrap();
    let (manifest, digest) = (policy.manifest.clone(), policy.digest.clone());
    let host = Host::new(options, Policy::new(manifest, digest, Panicking(policy))).unwrap();
    let stop = CancellationToken::new();
    let user = cluster.client("user");
    let orders = api(&user, "test.pilothouse.dev", "Order", "orders");
    let story = async {
        order(&orders, "bad", what).await;
        order(&orders, "good", "well").await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        stop.cancel();
    };
    tokio::join!(host.run(stop.clone()), story);
    let events = api(&user, "events.k8s.io", "Event", "events")
        .list(&ListParams::default())
        .await
        .unwrap();
    let events = events
        .items
        .iter()
        .map(|event| event.data.clone())
        .collect();
    let status = async |name: &str| orders.get(name).await.unwrap().data["status"].clone();
    (status("bad").await, events, status("good").await)
}

async fn held_with(what: &str, reason: &str, note: &str) {
    let (bad, events, good) = watch_it(what).await;
    assert_eq!(bad, Value::Null, "{what}: something was written");
    assert_eq!(
        good,
        json!({ "done": true }),
        "{what}: the other one did not go on"
    );
    assert_eq!(events.len(), 1, "{what}: {events:#?}");
    assert_eq!(
        (&events[0]["reason"], &events[0]["type"]),
        (&json!(reason), &json!("Warning")),
        "{what}"
    );
    assert!(
        events[0]["note"].as_str().unwrap().contains(note),
        "{what}: {:?} lacks {note:?}",
        events[0]["note"]
    );
    // Tried again, but less and less often: after the same time each time, it were dozens.
    let tries = events[0]["series"]["count"].as_u64();
    assert!(
        tries.is_some_and(|tries| (3..=12).contains(&tries)),
        "{what}: {events:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_host_holds_the_primary() {
    held_with("panic", "PolicyFailed", "panicked").await;
}

#[tokio::test(start_paused = true)]
async fn a_trap_holds_the_primary() {
    held_with("trap", "PolicyFailed", "unreachable").await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_holds_the_primary() {
    held_with("loop", "PolicyFailed", "fuel").await;
}

#[tokio::test(start_paused = true)]
async fn too_much_memory_holds_the_primary() {
    held_with(
        "allocate",
        "PolicyFailed",
        "it needs more than 64 MiB of memory",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn too_long_an_answer_holds_the_primary() {
    held_with("babble", "PolicyFailed", "").await;
}

#[tokio::test(start_paused = true)]
async fn looking_for_ever_holds_the_primary() {
    held_with(
        "look-forever",
        "PolicyFailed",
        "asked 8 times to observe more",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn looking_at_nothing_new_holds_the_primary() {
    held_with("look-at-nothing-new", "PolicyFailed", "observe nothing new").await;
}

#[tokio::test(start_paused = true)]
async fn a_malformed_plan_is_denied() {
    held_with("malformed", "PlanDenied", "the status is not a JSON object").await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_oversteps_is_denied_as_a_whole() {
    held_with(
        "overreach",
        "PlanDenied",
        "does not let it create v1 Pod default/overreach",
    )
    .await;
}

/// Instructions may take long, and cost little fuel.
#[test]
fn a_call_is_ended_by_the_clock_as_well() {
    let limits = Limits {
        fuel: u64::MAX,
        time: Duration::from_millis(300),
        ..Limits::default()
    };
    let policy = Runtime::new(1, limits)
        .unwrap()
        .load(&policy(), "{}")
        .unwrap();
    let snapshot = Snapshot {
        now: 0,
        primary: r#"{"spec":{"do":"loop"}}"#.into(),
        observations: vec![],
        failures: vec![],
    };
    let error = format!("{:#}", policy.reconcile(&snapshot).unwrap_err());
    assert!(error.ends_with("it took longer than 0.3 s"), "{error}");
}

/// A policy that is slow, and how many calls of it there were at a time.
#[derive(Clone, Default)]
struct Slow {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    time: Duration,
}

impl Decide for Slow {
    fn reconcile(&self, _: &Snapshot) -> anyhow::Result<Outcome> {
        self.most
            .fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        std::thread::sleep(self.time);
        self.now.fetch_sub(1, SeqCst);
        anyhow::bail!("it was slow")
    }
}

/// A host with a slow policy, and a dozen orders.
async fn slow_host(slow: &Slow) -> (Cluster, Host) {
    let cluster = Cluster::new("only", system_clock());
    cluster.install_crds(CRDS).unwrap();
    let options = Options {
        contexts: Contexts::new(cluster.client("pilothouse"), []),
        namespaces: vec![],
        workers: 16,
        calls: 2,
        clock: system_clock(),
        instance: "test".into(),
        grace: Duration::from_secs(1),
    };
    let manifest = runtime().load(&policy(), "{}").unwrap().manifest;
    let host = Host::new(options, Policy::new(manifest, "slow".into(), slow.clone())).unwrap();
    let orders = api(
        &cluster.client("user"),
        "test.pilothouse.dev",
        "Order",
        "orders",
    );
    for number in 0..12 {
        order(&orders, &format!("order{number}"), "well").await;
    }
    (cluster, host)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_calls_run_at_a_time_than_there_is_room_for() {
    let slow = Slow {
        time: Duration::from_millis(50),
        ..Slow::default()
    };
    let (_cluster, host) = slow_host(&slow).await;
    let stop = CancellationToken::new();
    let end = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        stop.cancel();
    };
    tokio::join!(host.run(stop.clone()), end);
    assert_eq!(slow.most.load(SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_host_that_stops_names_what_does_not_end() {
    let slow = Slow {
        time: Duration::from_secs(5),
        ..Slow::default()
    };
    let (_cluster, host) = slow_host(&slow).await;
    let stop = CancellationToken::new();
    let end = async {
        while slow.now.load(SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        std::time::Instant::now()
    };
    let (left, told) = tokio::join!(host.run(stop.clone()), end);
    assert!(told.elapsed() < Duration::from_secs(3));
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].ends_with(": a call of the policy"), "{left:?}");
}

#[test]
fn what_is_no_policy_is_refused_with_a_reason() {
    let error = |bytes: &[u8], settings: &str| {
        format!("{:#}", runtime().load(bytes, settings).err().unwrap())
    };
    assert!(
        error(b"no", "{}").contains("not a WebAssembly component"),
        "{}",
        error(b"no", "{}")
    );
    let newer = error(b"\0asm\x0d\0\x01\0 and what comes in 2030", "{}");
    assert!(
        newer.starts_with("a WebAssembly component that this host cannot run"),
        "{newer}"
    );
    assert!(error(&policy(), "[]").contains("its settings are invalid: there are no settings"));
}
