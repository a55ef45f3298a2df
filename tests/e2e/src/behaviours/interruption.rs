//! The host is killed, or its policy replaced, in the middle of a task: nothing is lost or done twice.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::component::variant;
use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Look, World};

/// Creates the task; gives dc1's CassandraTask.
async fn begin(world: &World) -> Result<Value> {
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await
}

/// The task completes, and each CassandraTask was created once: its uid is the one of its only creation, and an event
/// tells of it. A host that is killed between a create and its event tells of dc1 no more: its status does.
async fn end(world: &World, first: &Value, killed: bool) -> Result<()> {
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
    let namespace = &world.namespace;
    let created = [("dc1", CONTEXTS[0]), ("dc2", CONTEXTS[1])].map(|(dc, context)| {
        format!("Normal CreateCassandraTask: Created CassandraTask {namespace}.task1-{dc} in context {context}")
    });
    let mut events = world.events("task1").await?;
    events.retain(|event| event.contains("CreateCassandraTask"));
    ensure!(
        events == created || killed && events == created[1..],
        "{events:#?}"
    );
    world.assert_at_rest("task1").await
}

/// SIGKILL while dc1 runs, then another start.
pub async fn killed_and_started_again(world: &mut World) -> Result<()> {
    let first = begin(world).await?;
    world.operator.kill().await?;
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
    end(world, &first, true).await
}

/// Another build of the policy takes over while dc1 runs.
pub async fn policy_replaced(world: &mut World) -> Result<()> {
    world.cass_operators[0].pause();
    let first = begin(world).await?;
    let file = world.operator.policy_file().to_owned();
    let other = variant(
        &std::fs::read(&file).context("reading the policy")?,
        "another build",
    );
    replace(&file, &other)?;
    wait_for_log(world, "policy swapped").await?;
    dc1_goes_on(world).await?;
    end(world, &first, false).await
}

/// A broken file is refused in a line that says why, and the old policy goes on.
pub async fn policy_broken(world: &mut World) -> Result<()> {
    world.cass_operators[0].pause();
    let first = begin(world).await?;
    let file = world.operator.policy_file().to_owned();
    replace(&file, b"not a component")?;
    wait_for_log(world, "policy refused").await?;
    dc1_goes_on(world).await?;
    end(world, &first, false).await
}

/// Lets dc1's cass-operator go on: until now dc1 has not ended and dc2 has not begun, and what follows is decided later.
async fn dc1_goes_on(world: &World) -> Result<()> {
    let dc1 = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    let has_ended = dc1["status"]["completionTime"].is_string();
    ensure!(!has_ended, "dc1 ended too early: {dc1:#}");
    let begun = world.cassandra_tasks(CONTEXTS[1]).await?;
    ensure!(begun.is_empty(), "begun beside dc1: {begun:?}");
    world.cass_operators[0].resume();
    Ok(())
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
