//! What a failing datacenter means for the others.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::objects::{CONTEXTS, demo, task};
use crate::world::World;

/// Forbid: the task is failed, and dc2 is never created.
pub async fn under_forbid_the_rest_is_cancelled(world: &mut World) -> Result<()> {
    world.fail("task1-dc1", 1);
    world.create(&demo()).await?;
    world
        .create(&task(
            "task1",
            &json!({ "template": { "jobs": [{ "name": "job1", "command": "cleanup" }] } }),
        ))
        .await?;
    let failed = world.wait_for_condition("task1", "Failed", "True").await?;
    ensure!(
        failed["status"]["completionTime"].is_null(),
        "not all have completed: {failed:#}"
    );
    world.assert_at_rest("task1").await?;
    ensure!(
        world.cassandra_tasks(CONTEXTS[1]).await?.is_empty(),
        "dc2 was created after dc1 had failed"
    );
    let events = world.events("task1").await?;
    let warnings: Vec<_> = events
        .iter()
        .filter(|event| event.starts_with("Warning"))
        .collect();
    ensure!(
        warnings.len() == 1 && warnings[0].contains("dc1") && warnings[0].contains("dc2"),
        "{events:#?}"
    );
    Ok(())
}

/// Allow: the task is failed, and dc2 runs to its end.
pub async fn under_allow_the_rest_goes_on(world: &mut World) -> Result<()> {
    world.fail("task1-dc1", 1);
    world.create(&demo()).await?;
    let spec = json!({
        "dcConcurrencyPolicy": "Allow",
        "template": { "jobs": [{ "name": "job1", "command": "cleanup" }] },
    });
    world.create(&task("task1", &spec)).await?;
    world.wait_for_condition("task1", "Failed", "True").await?;
    let done = world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    ensure!(done["status"]["completionTime"].is_string(), "{done:#}");
    ensure!(
        done["status"]["datacenters"]["dc2"]["completionTime"].is_string(),
        "{done:#}"
    );
    ensure!(done["status"]["failed"] == 1, "{done:#}");
    world.assert_at_rest("task1").await
}
