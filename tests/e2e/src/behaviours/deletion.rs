//! What goes when something is deleted, or has lived long enough.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, World};

async fn both_created(world: &World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task("task1", &json!({ "dcConcurrencyPolicy": "Allow" })))
        .await?;
    world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    world
        .wait_for_cassandra_task(CONTEXTS[1], "task1-dc2")
        .await?;
    Ok(())
}

async fn all_gone(world: &World) -> Result<()> {
    world.wait_gone(CONTEXTS[0], Kind::Task, "task1").await?;
    for context in CONTEXTS {
        let left = world.cassandra_tasks(context).await?;
        ensure!(
            left.is_empty(),
            "the task went before its CassandraTasks in {context}: {left:?}"
        );
    }
    Ok(())
}

/// Deleting the task removes its CassandraTasks in every context, and only then the task.
pub async fn of_the_task(world: &mut World) -> Result<()> {
    both_created(world).await?;
    world.delete(Kind::Task, "task1").await?;
    all_gone(world).await
}

/// Deleting the cluster removes its tasks, and theirs.
pub async fn of_the_cluster(world: &mut World) -> Result<()> {
    both_created(world).await?;
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    world.delete(Kind::Cluster, "demo").await?;
    all_gone(world).await
}

/// TTL 1: a second after its end the task and its CassandraTasks are gone.
pub async fn ttl_one_second(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task(
            "task1",
            &json!({ "template": { "ttlSecondsAfterFinished": 1 } }),
        ))
        .await?;
    world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    all_gone(world).await
}

/// TTL 0: it stays.
pub async fn ttl_zero_is_for_ever(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task(
            "task1",
            &json!({ "template": { "ttlSecondsAfterFinished": 0 } }),
        ))
        .await?;
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    world.idle(Duration::from_secs(3)).await;
    world.assert_at_rest("task1").await
}
