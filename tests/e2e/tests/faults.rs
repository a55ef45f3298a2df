//! The network fails, contexts go, the host dies between any two writes: nothing is lost, and nothing done twice. And
//! where nothing fails, exactly this is written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use kube_sim::{Cluster, Fault, Filter, Verb};
use pilothouse_e2e::objects::{CONTEXTS, demo, task};
use pilothouse_e2e::simulated::{Deciding, Stage, play};
use pilothouse_e2e::world::{Look, World, condition_of};
use serde_json::json;

/// What the host writes.
fn writes() -> Filter {
    Filter::writes().user_agent("pilothouse")
}

/// Every write of the quick start where nothing fails: which cluster's, and the how manieth there.
fn every_write() -> Vec<(usize, usize)> {
    let mut counts = Vec::new();
    play(Deciding::Native, async |stage| {
        begin(&stage.world).await?;
        complete_once(stage, [0, 1]).await?;
        counts.extend(stage.clusters.iter().map(|it| it.count(&writes())));
        Ok(())
    })
    .unwrap();
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    let clusters = counts.into_iter().enumerate();
    clusters
        .flat_map(|(cluster, count)| (0..count).map(move |write| (cluster, write)))
        .collect()
}

/// The writes of the host to a cluster, counted by verb and resource.
fn written(cluster: &Cluster) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in cluster.requests(&writes()) {
        let subresource = request
            .subresource
            .map(|name| format!("/{name}"))
            .unwrap_or_default();
        *counts
            .entry(format!(
                "{} {}{subresource}",
                request.verb, request.resource
            ))
            .or_insert(0) += 1;
    }
    counts
}

async fn begin(world: &World) -> Result<()> {
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await
}

/// The task completes, each CassandraTask came into being once, and that of the second cluster was not asked for before
/// cass-operator had written the end of the first one's.
async fn complete_once(stage: &Stage, [first, second]: [usize; 2]) -> Result<()> {
    stage
        .world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    for cluster in &stage.clusters {
        let created = Filter::any().verb(Verb::Create).resource("cassandratasks");
        let created =
            cluster.requests(&created.matching(|request| request.carried_out == Some(201)));
        ensure!(created.len() == 1, "created more than once: {created:#?}");
    }
    let statuses = Filter::writes()
        .resource("cassandratasks")
        .subresource(Some("status"));
    let creates = Filter::any().verb(Verb::Create).resource("cassandratasks");
    let (statuses, creates) = (
        stage.clusters[first].requests(&statuses),
        stage.clusters[second].requests(&creates),
    );
    let (end, begin) = (
        statuses.last().map(|it| it.at),
        creates.first().map(|it| it.at),
    );
    ensure!(
        end.is_some() && end <= begin,
        "the second began at {begin:?}, beside the first: {statuses:#?}"
    );
    stage.world.assert_at_rest("task1").await
}

#[test]
fn the_quick_start_writes_exactly_this() {
    play(Deciding::Native, async |stage| {
        begin(&stage.world).await?;
        complete_once(stage, [0, 1]).await?;
        let expected = |pairs: &[(&str, usize)]| {
            pairs
                .iter()
                .map(|(what, count)| ((*what).to_owned(), *count))
                .collect::<BTreeMap<_, _>>()
        };
        // The status: dc1 created; started; counts; done, and dc2 is created; started; counts; complete.
        let control_plane = [
            ("create cassandratasks", 1),
            ("create events", 2),
            ("patch k8ssandratasks", 1),
            ("patch k8ssandratasks/status", 7),
        ];
        assert_eq!(written(&stage.clusters[0]), expected(&control_plane));
        assert_eq!(
            written(&stage.clusters[1]),
            expected(&[("create cassandratasks", 1)])
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn any_write_may_fail_or_lose_its_reply() {
    for (cluster, write) in every_write() {
        for (what, fault) in [
            (
                "refused",
                Fault::before(writes()).status(500, "InternalError"),
            ),
            ("lost on the way", Fault::before(writes()).disconnect()),
            ("reply lost", Fault::after(writes()).disconnect()),
        ] {
            let story = play(Deciding::Native, async |stage| {
                let injected = stage.clusters[cluster].inject(fault.skip(write).times(1));
                begin(&stage.world).await?;
                complete_once(stage, [0, 1]).await?;
                ensure!(injected.hits() == 1, "the fault was not met");
                Ok(())
            });
            story.unwrap_or_else(|error| {
                panic!("write {write} to {} {what}: {error:?}", CONTEXTS[cluster])
            });
        }
    }
}

#[test]
fn killed_after_any_write() {
    for (cluster, write) in every_write() {
        let story = play(Deciding::Native, async |stage| {
            let hanging =
                stage.clusters[cluster].inject(Fault::after(writes()).skip(write).times(1).hang());
            begin(&stage.world).await?;
            stage
                .world
                .wait("the write to hang", async |_| {
                    Ok(if hanging.hits() == 1 {
                        Look::Found(())
                    } else {
                        Look::NotYet(())
                    })
                })
                .await?;
            stage.world.operator.kill().await?;
            hanging.lift();
            stage.world.operator.start().await?;
            complete_once(stage, [0, 1]).await
        });
        story.unwrap_or_else(|error| {
            panic!(
                "killed after write {write} to {}: {error:?}",
                CONTEXTS[cluster]
            )
        });
    }
}

#[test]
fn a_context_that_is_down_delays_only_what_depends_on_it() {
    play(Deciding::Native, async |stage| {
        stage.clusters[1].set_reachable(false);
        let world = &stage.world;
        world.create(&demo()).await?;
        world
            .create(&task("here", &json!({ "datacenters": ["dc1"] })))
            .await?;
        world.wait_for_condition("here", "Complete", "True").await?;
        world.create(&task("both", &json!({}))).await?;
        let waiting = world
            .wait("both to wait for dc2", async |world| {
                let task = world.task("both").await?;
                let done = task["status"]["datacenters"]["dc1"]["completionTime"].is_string();
                Ok(if done {
                    Look::Found(task)
                } else {
                    Look::NotYet(task)
                })
            })
            .await?;
        let running = condition_of(&waiting, "Running").unwrap()["message"].to_string();
        ensure!(
            running.contains(CONTEXTS[1]),
            "the task does not say what it waits for: {running}"
        );
        ensure!(
            condition_of(&waiting, "Complete").unwrap()["status"] == "False",
            "{waiting:#}"
        );
        world.idle(Duration::from_secs(60)).await;
        stage.clusters[1].set_reachable(true);
        world.wait_for_condition("both", "Complete", "True").await?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_create_without_an_answer_is_not_taken_for_one_that_did_nothing() {
    play(Deciding::Native, async |stage| {
        let far = &stage.clusters[1];
        let host = Filter::any()
            .user_agent("pilothouse")
            .resource("cassandratasks");
        // It is carried out, but nobody hears of it: no answer, a watch that lags, and no answer to questions either.
        far.hold_watches(true);
        let lost = far.inject(Fault::after(host.clone().verb(Verb::Create)).disconnect());
        let deaf = far.inject(Fault::before(host.verb(Verb::Get)).disconnect());
        let world = &stage.world;
        world.create(&demo()).await?;
        let spec = json!({ "datacenters": ["dc2", "dc1"] });
        world.create(&task("task1", &spec)).await?;
        world.idle(Duration::from_secs(10)).await;
        ensure!(lost.hits() > 0, "the fault was not met");
        // Somebody gives dc2 up.
        let patch = json!({ "spec": { "datacenters": ["dc1"] } });
        world
            .patch(pilothouse_e2e::world::Kind::Task, "task1", &patch)
            .await?;
        world.idle(Duration::from_secs(20)).await;
        let begun = world.cassandra_tasks(CONTEXTS[0]).await?;
        ensure!(begun.is_empty(), "begun beside dc2: {begun:?}");
        let told =
            condition_of(&world.task("task1").await?, "Running").unwrap()["message"].to_string();
        ensure!(
            told.contains(CONTEXTS[1]),
            "it does not say why it waits: {told}"
        );
        lost.lift();
        deaf.lift();
        stage.clusters[1].hold_watches(false);
        complete_once(stage, [1, 0]).await
    })
    .unwrap();
}

#[test]
fn watches_may_be_cut_and_history_forgotten() {
    play(Deciding::Native, async |stage| {
        begin(&stage.world).await?;
        stage
            .world
            .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
            .await?;
        for _ in 0..5 {
            for cluster in &stage.clusters {
                cluster.forget_history();
                cluster.cut_watches();
            }
            stage.world.idle(Duration::from_millis(200)).await;
        }
        complete_once(stage, [0, 1]).await
    })
    .unwrap();
}

#[test]
fn another_writer_of_the_primary_is_never_overwritten() {
    play(Deciding::Native, async |stage| {
        begin(&stage.world).await?;
        for round in 0..20 {
            let patch = json!({ "metadata": { "annotations": { "round": round.to_string() } } });
            stage
                .world
                .patch(pilothouse_e2e::world::Kind::Task, "task1", &patch)
                .await?;
            stage.world.idle(Duration::from_millis(70)).await;
        }
        complete_once(stage, [0, 1]).await?;
        ensure!(
            stage.world.task("task1").await?["metadata"]["annotations"]["round"] == "19",
            "overwritten"
        );
        Ok(())
    })
    .unwrap();
}
