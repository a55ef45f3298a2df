//! What happens to a specification that is wrong, and when it is put right.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, World};

/// The cluster is unknown; when it appears, the task wakes by itself.
pub async fn unknown_cluster_then_it_appears(world: &mut World) -> Result<()> {
    world.create(&task("task1", &json!({}))).await?;
    world.wait_for_condition("task1", "Invalid", "True").await?;
    let expected = format!(
        "Warning InvalidSpec: unknown K8ssandraCluster {}.demo",
        world.namespace
    );
    world.wait_for_event("task1", &expected).await?;
    world.assert_at_rest("task1").await?;
    ensure!(
        world.cassandra_tasks(CONTEXTS[0]).await?.is_empty(),
        "something was created"
    );
    world.create(&demo()).await?;
    world
        .wait_for_condition("task1", "Invalid", "False")
        .await?;
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    Ok(())
}

/// The page's event text, and nothing is created.
pub async fn unknown_datacenters(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task(
            "task1",
            &json!({ "datacenters": ["dc1", "dc4", "dc5"] }),
        ))
        .await?;
    world.wait_for_condition("task1", "Invalid", "True").await?;
    world.assert_at_rest("task1").await?;
    let events = world.events("task1").await?;
    ensure!(
        events == ["Warning InvalidSpec: unknown datacenters: dc4, dc5"],
        "{events:#?}"
    );
    for context in CONTEXTS {
        ensure!(
            world.cassandra_tasks(context).await?.is_empty(),
            "something was created in {context}"
        );
    }
    Ok(())
}

/// An invalid task whose specification is put right goes on.
pub async fn put_right_it_goes_on(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task("task1", &json!({ "datacenters": ["dc4"] })))
        .await?;
    world
        .wait_for_event("task1", "Warning InvalidSpec: unknown datacenters: dc4")
        .await?;
    world
        .patch(
            Kind::Task,
            "task1",
            &json!({ "spec": { "datacenters": ["dc2"] } }),
        )
        .await?;
    world
        .wait_for_condition("task1", "Invalid", "False")
        .await?;
    let done = world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    ensure!(
        done["status"]["datacenters"]["dc2"]["completionTime"].is_string(),
        "{done:#}"
    );
    Ok(())
}
