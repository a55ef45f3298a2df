//! The host is killed, or its policy replaced, in the middle of a task: nothing is lost or done twice.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::component::variant;
use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Look, World};

async fn begin(world: &World) -> Result<()> {
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    Ok(())
}

/// The task completes, and each CassandraTask was created once: its uid is the one of its only creation.
async fn end(world: &World, first: &serde_json::Value) -> Result<()> {
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    let last = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    ensure!(
        first["metadata"]["uid"] == last["metadata"]["uid"],
        "task1-dc1 was created twice"
    );
    let created = world
        .events("task1")
        .await?
        .into_iter()
        .filter(|event| event.contains("CreateCassandraTask"));
    let created: Vec<_> = created.collect();
    ensure!(
        created.len() <= 2 && created.iter().all(|event| !event.contains("(x")),
        "{created:#?}"
    );
    world.assert_at_rest("task1").await
}

/// SIGKILL while dc1 runs, then another start.
pub async fn killed_and_started_again(world: &mut World) -> Result<()> {
    begin(world).await?;
    world.operator.kill().await?;
    let first = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    world
        .wait("dc1 to end without a host", async |world| {
            let dc1 = world
                .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
                .await?;
            Ok(if dc1["status"]["completionTime"].is_string() {
                Look::Found(())
            } else {
                Look::NotYet(dc1)
            })
        })
        .await?;
    ensure!(
        world.cassandra_tasks(CONTEXTS[1]).await?.is_empty(),
        "dc2 was created by nobody"
    );
    world.operator.start().await?;
    end(world, &first).await
}

/// Another build of the policy takes over while dc1 runs.
pub async fn policy_replaced(world: &mut World) -> Result<()> {
    begin(world).await?;
    let first = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    let file = world.operator.policy_file().to_owned();
    let other = variant(
        &std::fs::read(&file).context("reading the policy")?,
        "another build",
    );
    replace(&file, &other)?;
    wait_for_log(world, "policy swapped").await?;
    end(world, &first).await
}

/// A broken file is refused in a line that says why, and the old policy goes on.
pub async fn policy_broken(world: &mut World) -> Result<()> {
    begin(world).await?;
    let first = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    let file = world.operator.policy_file().to_owned();
    replace(&file, b"not a component")?;
    wait_for_log(world, "policy refused").await?;
    end(world, &first).await
}

fn replace(file: &std::path::Path, content: &[u8]) -> Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, content)?;
    Ok(std::fs::rename(&new, file)?)
}

async fn wait_for_log(world: &World, line: &str) -> Result<()> {
    world
        .wait(&format!("the log line {line:?}"), async |world| {
            let log = world.operator.log();
            Ok(if log.contains(line) {
                Look::Found(())
            } else {
                Look::NotYet(log)
            })
        })
        .await
}
