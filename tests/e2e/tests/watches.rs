//! What watches go through: none of it hides what happens for good, and none of it is worth a write where nothing happens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::time::Duration;

use anyhow::{Result, ensure};
use kube::api::{PostParams, Request};
use kube_sim::{Fault, Filter, Verb};
use pilothouse_e2e::objects::{CONTEXTS, demo, task};
use pilothouse_e2e::simulated::{Deciding, Stage, play};
use pilothouse_e2e::world::{Kind, condition_of};
use serde_json::{Value, json};

/// What the host asks for.
fn host(verb: Verb, resource: &str) -> Filter {
    Filter::any()
        .user_agent("pilothouse")
        .verb(verb)
        .resource(resource)
}

/// How many status writes there were.
fn statuses(stage: &Stage) -> usize {
    let filter = Filter::writes().user_agent("pilothouse");
    stage.clusters[0].count(&filter.subresource(Some("status")))
}

/// A task is created, and completes whatever the watches go through.
async fn completes(stage: &Stage, name: &str, spec: &Value) -> Result<()> {
    let world = &stage.world;
    world.create(&task(name, spec)).await?;
    world.wait_for_condition(name, "Complete", "True").await?;
    Ok(())
}

/// A cluster that declares the datacenter of a task in a context that nobody has: the task waits.
async fn waiting(stage: &Stage) -> Result<()> {
    let mut cluster = demo();
    cluster["spec"]["cassandra"]["datacenters"][0]["k8sContext"] = json!("kind-gone");
    stage.world.create(&cluster).await?;
    stage.world.create(&task("task1", &json!({}))).await?;
    stage.world.idle(Duration::from_secs(20)).await;
    let task = stage.world.task("task1").await?;
    ensure!(condition_of(&task, "Running").is_some(), "{task:#}");
    Ok(())
}

#[test]
fn a_watch_that_is_never_answered_again_hides_nothing_for_good() {
    for resource in ["k8ssandratasks", "cassandratasks", "k8ssandraclusters"] {
        let story = play(Deciding::Native, async |stage| {
            let renewed = Fault::before(host(Verb::Watch, resource)).skip(1).times(1);
            let injected = stage.clusters[0].inject(renewed.hang());
            stage.world.idle(Duration::from_secs(60)).await;
            ensure!(injected.hits() == 1, "the fault was not met");
            stage.world.create(&demo()).await?;
            completes(stage, "task1", &json!({})).await
        });
        story.unwrap_or_else(|error| panic!("{resource}: {error:?}"));
    }
}

#[test]
fn a_list_may_take_longer_than_anybody_waits_for_it() {
    play(Deciding::Native, async |stage| {
        let late = Fault::before(host(Verb::List, "cassandratasks"));
        let late = stage.clusters[1].inject(late.delay(Duration::from_secs(12)));
        stage.world.create(&demo()).await?;
        completes(stage, "task1", &json!({})).await?;
        ensure!(late.hits() > 0, "the fault was not met");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_watch_that_breaks_is_resumed_without_a_list_or_a_write() {
    play(Deciding::Native, async |stage| {
        waiting(stage).await?;
        let lists = Filter::any().user_agent("pilothouse").verb(Verb::List);
        let count = |stage: &Stage| -> Vec<usize> {
            stage.clusters.iter().map(|it| it.count(&lists)).collect()
        };
        let (written, listed) = (statuses(stage), count(stage));
        let mut injected = Vec::new();
        for cluster in &stage.clusters {
            let refused = Filter::any().user_agent("pilothouse").verb(Verb::Watch);
            let refused = Fault::before(refused).times(2);
            injected.push(cluster.inject(refused.status(503, "ServiceUnavailable")));
            cluster.cut_watches();
        }
        stage.world.idle(Duration::from_secs(30)).await;
        ensure!(injected.iter().all(|it| it.hits() == 2), "not met");
        ensure!(
            statuses(stage) == written,
            "written though nothing happened"
        );
        assert_eq!(count(stage), listed);
        Ok(())
    })
    .unwrap();
}

/// The API server has forgotten the resourceVersion, so that there has to be a list.
#[test]
fn one_list_that_fails_is_no_news() {
    play(Deciding::Native, async |stage| {
        waiting(stage).await?;
        let written = statuses(stage);
        // Of the control plane: it is there that something was written, so that something is forgotten.
        let list = Fault::before(host(Verb::List, "cassandratasks")).times(1);
        let injected = stage.clusters[0].inject(list.status(503, "ServiceUnavailable"));
        stage.clusters[0].forget_history();
        stage.clusters[0].cut_watches();
        stage.world.idle(Duration::from_secs(30)).await;
        ensure!(injected.hits() == 1, "the fault was not met");
        ensure!(
            statuses(stage) == written,
            "written though nothing happened"
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_kind_that_may_be_listed_and_not_watched_is_reported_once() {
    play(Deciding::Native, async |stage| {
        let refused = Fault::before(host(Verb::Watch, "cassandratasks")).status(403, "Forbidden");
        let injected = stage.clusters[1].inject(refused);
        stage.world.create(&demo()).await?;
        let spec = json!({ "datacenters": ["dc2"] });
        stage.world.idle(Duration::from_secs(40)).await;
        stage.world.create(&task("task1", &spec)).await?;
        stage.world.idle(Duration::from_secs(120)).await;
        let waits = stage.world.task("task1").await?;
        let told = condition_of(&waits, "Running").unwrap()["message"].to_string();
        ensure!(told.contains("does not allow"), "{told}");
        let written = statuses(stage);
        stage.world.idle(Duration::from_secs(120)).await;
        ensure!(statuses(stage) - written <= 1, "it comes and goes");
        injected.lift();
        stage
            .world
            .wait_for_condition("task1", "Complete", "True")
            .await?;
        Ok(())
    })
    .unwrap();
}

/// API servers store objects that are nested up to 10,000 levels deep, and everybody may create a cluster.
#[test]
fn an_object_that_is_nested_deep_hides_no_other() {
    play(Deciding::Native, async |stage| {
        let mut deep = json!({});
        for _ in 0..200 {
            deep = json!({ "a": deep });
        }
        let mut tenant = demo();
        tenant["metadata"] = json!({ "name": "tenant", "namespace": stage.world.namespace });
        tenant["spec"]["cassandra"]["config"] = json!({ "cassandraYaml": deep });
        // The reply is too deep for kube: it is not looked at.
        let clusters = stage.world.api(CONTEXTS[0], Kind::Cluster);
        let request = Request::new(clusters.resource_url());
        let request = request.create(&PostParams::default(), tenant.to_string().into())?;
        stage.world.clients[CONTEXTS[0]]
            .request_text(request)
            .await?;
        stage.world.create(&demo()).await?;
        completes(stage, "task1", &json!({})).await?;
        let on_it = json!({ "cluster": { "name": "tenant" } });
        completes(stage, "task2", &on_it).await
    })
    .unwrap();
}

#[test]
fn what_cannot_be_recorded_delays_nothing() {
    play(Deciding::Native, async |stage| {
        let events = stage.clusters[0].inject(Fault::before(host(Verb::Create, "events")).hang());
        stage.world.create(&demo()).await?;
        completes(stage, "task1", &json!({})).await?;
        let created = Filter::any().verb(Verb::Create).resource("cassandratasks");
        let asked = stage.clusters[0].requests(&host(Verb::Create, "events"));
        let created = stage.clusters[1].requests(&created);
        ensure!(events.hits() > 0, "the fault was not met");
        // An event is given up after five seconds.
        let given_up = asked[0].at + Duration::from_secs(5);
        ensure!(created[0].at < given_up, "{created:?} waited for {asked:?}");
        Ok(())
    })
    .unwrap();
}
