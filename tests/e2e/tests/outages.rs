//! API servers that take rights away, refuse credentials, lose what they store, or die, under a host that runs on; and the host as it is
//! shipped. Each test has API servers of its own.

use std::time::Duration;

use anyhow::{Context as _, Result};
use kube_env::is_available_or_skip;
use pilothouse_e2e::chaos::{self, Options};
use pilothouse_e2e::objects::{CONTEXTS, demo, task};
use pilothouse_e2e::real::Clusters;
use pilothouse_e2e::shipped::Shipped;
use pilothouse_e2e::world::{Kind, World};
use serde_json::json;
use tokio::sync::Mutex;

/// One at a time: each uses every core there is.
static TURN: Mutex<()> = Mutex::const_new(());

/// Runs a test on API servers of its own, if there are any.
async fn on_real_servers(test: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    if !is_available_or_skip()? {
        return Ok(());
    }
    let _turn = TURN.lock().await;
    test().await
}

async fn complete(world: &World, name: &str) -> Result<()> {
    world.create(&task(name, &json!({}))).await?;
    world
        .wait_for_condition(name, "Complete", "True")
        .await
        .map(drop)
}

/// A task that is created now stalls, and says why, until the host is given back what it needs.
async fn goes_on(
    world: &World,
    why: &str,
    give_back: impl Future<Output = Result<()>>,
) -> Result<()> {
    world.create(&task("meanwhile", &json!({}))).await?;
    let stalled = world
        .wait_for_condition("meanwhile", "Stalled", "True")
        .await?;
    assert!(stalled.to_string().contains(why), "{stalled:#}");
    give_back.await?;
    world
        .wait_for_condition("meanwhile", "Complete", "True")
        .await?;
    complete(world, "after").await
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_in_the_middle_and_given_back() -> Result<()> {
    on_real_servers(async || {
        let clusters = Clusters::start().await?;
        let world = clusters.new_world().await?;
        world.create(&demo()).await?;
        complete(&world, "before").await?;
        clusters.take_rights(CONTEXTS[1]).await?;
        goes_on(&world, "forbidden", clusters.give_rights(CONTEXTS[1])).await
    })
    .await
}

/// As when they have expired. API servers remember for ten seconds that a token was good.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_accepted_any_more_until_there_are_new_ones() -> Result<()> {
    on_real_servers(async || {
        let clusters = Clusters::start().await?;
        let world = clusters.new_world().await?;
        world.create(&demo()).await?;
        complete(&world, "before").await?;
        clusters.revoke_tokens(CONTEXTS[1]).await?;
        world.idle(Duration::from_secs(11)).await;
        goes_on(&world, CONTEXTS[1], clusters.issue_tokens()).await
    })
    .await
}

/// All namespaces, the pod's account in the control plane, a Secret's kubeconfig for the remote contexts.
#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_as_it_is_shipped() -> Result<()> {
    if !Shipped::is_possible() {
        eprintln!("skipped: this machine gives a test no file system of its own");
        return Ok(());
    }
    on_real_servers(async || {
        let clusters = Clusters::start().await?;
        let mut world = clusters.new_world().await?;
        world.operator.kill().await?;
        let shipped = clusters.shipped()?;
        world.create(&demo()).await?;
        let log = || format!("the container's log:\n{}", shipped.log());
        complete(&world, "task1").await.with_context(log)?;
        world.delete(Kind::Task, "task1").await?;
        let gone = world.wait_gone(&world.control_plane, Kind::Task, "task1");
        gone.await.with_context(log)?;
        shipped.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_emptied_and_counts_from_the_beginning() -> Result<()> {
    on_real_servers(async || {
        let clusters = Clusters::start().await?;
        let mut world = clusters.world_of_administrator().await?;
        world.create(&demo()).await?;
        complete(&world, "task1").await?;
        clusters.empty(&mut world).await?;
        // Each watch finds out by itself, when it ends.
        world.idle(Duration::from_secs(45)).await;
        world.create(&demo()).await?;
        let log = || format!("the host's log:\n{}", world.operator.log());
        complete(&world, "task1").await.with_context(log)?;
        world.assert_at_rest("task1").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_api_servers_die_and_nothing_is_lost_or_done_twice() -> Result<()> {
    on_real_servers(async || {
        let options = Options {
            seed: 1,
            time: Duration::from_secs(45),
        };
        let report = chaos::run(options).await?;
        assert!(!report.faults.is_empty() && report.tasks > 0, "{report}");
        Ok(())
    })
    .await
}
