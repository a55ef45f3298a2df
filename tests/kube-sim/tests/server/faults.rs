//! Faults, and the log of requests: each fault does what it says to the requests that are meant, and to no others.

use std::time::Duration;

use kube::api::{DeleteParams, PostParams};
use kube_sim::{Fault, Filter, Verb};
use serde_json::json;

use crate::rig::{HERE, Rig, boat, settle};

fn object(name: &str) -> kube::api::DynamicObject {
    serde_json::from_value(boat(name)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_request_is_written_down() {
    let rig = Rig::new();
    rig.boat("a").await;
    rig.get(&format!("{HERE}/b")).await;
    rig.ask(
        "PUT",
        &format!("{HERE}/a/status"),
        "application/json",
        json!({}),
    )
    .await;
    rig.get("/apis").await;
    let lines: Vec<_> = rig
        .cluster
        .requests(&Filter::any())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "test: create boats.harbour.test ns/a -> 201",
            "test: get boats.harbour.test ns/b -> 404",
            "test: update boats.harbour.test/status ns/a -> 400",
            "test: discover  -> 200",
        ]
    );
    let count = |filter: Filter| rig.cluster.count(&filter);
    assert_eq!(count(Filter::writes()), 2);
    assert_eq!(count(Filter::writes().subresource(Some("status"))), 1);
    assert_eq!(
        count(
            Filter::any()
                .verb(Verb::Create)
                .resource("boats")
                .namespace("ns")
                .name("a")
        ),
        1
    );
    assert_eq!(count(Filter::any().user_agent("somebody else")), 0);
    assert_eq!(
        count(Filter::any().matching(|request| request.answered == Some(404))),
        1
    );
    rig.cluster.forget_requests();
    assert_eq!(count(Filter::any()), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_before_is_not_carried_out_and_a_lost_reply_is() {
    let rig = Rig::new();
    let boats = rig.boats();
    let fault = rig
        .cluster
        .inject(Fault::before(Filter::any().verb(Verb::Create)).status(503, "ServiceUnavailable"));
    match boats.create(&PostParams::default(), &object("a")).await {
        Err(kube::Error::Api(status)) => assert_eq!(
            (status.code, status.reason.as_str()),
            (503, "ServiceUnavailable")
        ),
        other => panic!("{other:?}"),
    }
    fault.lift();
    assert!(rig.names().is_empty());
    let lost = rig
        .cluster
        .inject(Fault::after(Filter::any().name("a")).disconnect().times(1));
    assert!(matches!(
        boats.create(&PostParams::default(), &object("a")).await,
        Err(kube::Error::Service(_))
    ));
    assert_eq!((rig.names(), lost.hits()), (vec!["a".to_owned()], 1));
    let last = rig.cluster.requests(&Filter::writes()).pop().unwrap();
    assert_eq!((last.carried_out, last.answered), (Some(201), None));
    boats.delete("a", &DeleteParams::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_nth_request_only() {
    let rig = Rig::new();
    let fault = rig.cluster.inject(
        Fault::before(Filter::writes())
            .status(500, "InternalError")
            .skip(1)
            .times(2),
    );
    let mut codes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        codes.push(rig.post(HERE, boat(name)).await.code);
    }
    assert_eq!(codes, [201, 500, 500, 201]);
    assert_eq!(fault.hits(), 2);
}

#[tokio::test(start_paused = true)]
async fn delays_and_hangs_end() {
    let rig = Rig::new();
    let started = tokio::time::Instant::now();
    let late = rig
        .cluster
        .inject(Fault::before(Filter::any().name("a")).delay(Duration::from_secs(5)));
    rig.boat("a").await;
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    late.lift();

    let hang = rig
        .cluster
        .inject(Fault::after(Filter::any().name("b")).hang());
    let boats = rig.boats();
    let waiting =
        tokio::spawn(async move { boats.create(&PostParams::default(), &object("b")).await });
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!waiting.is_finished());
    assert_eq!(rig.names(), ["a", "b"], "carried out, but not answered");
    hang.lift();
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_on_a_hanging_request_has_not_sent_it() {
    let rig = Rig::new();
    let hang = rig.cluster.inject(Fault::before(Filter::writes()).hang());
    let attempt = tokio::time::timeout(Duration::from_secs(5), rig.post(HERE, boat("a"))).await;
    assert!(attempt.is_err());
    hang.lift();
    settle().await;
    assert!(rig.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_cluster_answers_nothing() {
    let rig = Rig::new();
    let boats = rig.boats();
    rig.cluster.set_reachable(false);
    assert!(matches!(
        boats.create(&PostParams::default(), &object("a")).await,
        Err(kube::Error::Service(_))
    ));
    rig.cluster.set_reachable(true);
    assert!(rig.names().is_empty());
    assert_eq!(rig.cluster.requests(&Filter::writes())[0].carried_out, None);
    boats
        .create(&PostParams::default(), &object("a"))
        .await
        .unwrap();

    // One that is under way when the cluster goes loses its reply.
    rig.cluster
        .inject(Fault::after(Filter::writes()).delay(Duration::from_secs(5)));
    let under_way =
        tokio::spawn(async move { boats.create(&PostParams::default(), &object("b")).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.cluster.set_reachable(false);
    assert!(under_way.await.unwrap().is_err());
    assert_eq!(rig.names(), ["a", "b"]);
}
