//! What happens in the demo, step by step.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::show;
use crate::component::variant;
use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, Look, World};

/// The page's quick start: a rolling restart, datacenter by datacenter.
pub async fn quick_start(world: &World) -> Result<()> {
    show::title("Quick start: restart all nodes of a cluster in two contexts");
    show::say("The cluster has dc1 and dc2, in a Kubernetes context each.");
    show::create(world, &demo()).await?;
    show::create(world, &task("task1", &json!({}))).await?;

    started(world, CONTEXTS[0], "task1-dc1").await?;
    show::say("The task has started, with a CassandraTask in the first datacenter only.");
    show::get(world, CONTEXTS[0], Kind::Task).await?;
    show::cassandra_tasks(world).await?;

    started(world, CONTEXTS[1], "task1-dc2").await?;
    show::say("The first is done; only now there is one in the second datacenter.");
    show::cassandra_tasks(world).await?;

    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    show::say("Both are done, and so is the task.");
    show::cassandra_tasks(world).await?;
    show::get(world, CONTEXTS[0], Kind::Task).await?;
    show::events(world, "task1").await?;
    show::status(world, "task1").await
}

/// A specification that is wrong.
pub async fn unknown_datacenter(world: &World) -> Result<()> {
    show::title("A datacenter that the cluster does not have");
    show::create(
        world,
        &task("task2", &json!({ "datacenters": ["dc1", "dc4"] })),
    )
    .await?;
    world.wait_for_condition("task2", "Invalid", "True").await?;
    world.wait_for_event("task2", "InvalidSpec").await?;
    show::events(world, "task2").await?;
    show::status(world, "task2").await
}

/// A datacenter that fails, one at a time.
pub async fn failure(world: &World) -> Result<()> {
    show::title("dc1 fails under Forbid: dc2 is cancelled, never created");
    world.fail("task3-dc1", 1);
    let spec = json!({ "template": { "jobs": [{ "name": "job1", "command": "cleanup" }] } });
    show::create(world, &task("task3", &spec)).await?;
    world.wait_for_condition("task3", "Failed", "True").await?;
    world.wait_for_event("task3", "Warning").await?;
    show::cassandra_tasks(world).await?;
    show::events(world, "task3").await?;
    show::status(world, "task3").await
}

/// The policy is replaced while a task runs.
pub async fn swap(world: &World) -> Result<()> {
    show::title("The policy is swapped while a task runs");
    show::create(world, &task("task4", &json!({}))).await?;
    started(world, CONTEXTS[0], "task4-dc1").await?;
    show::get(world, CONTEXTS[0], Kind::Task).await?;
    show::say(
        "dc1 runs. Another build of the policy replaces the file; the host takes it over without a restart:",
    );
    let file = world.operator.policy_file();
    let other = variant(
        &std::fs::read(file).context("reading the policy")?,
        "another build",
    );
    let new = file.with_extension("new");
    std::fs::write(&new, other)?;
    std::fs::rename(&new, file)?;
    let line = world
        .wait("the host to swap", async |world| {
            let log = world.operator.log();
            let line = log
                .lines()
                .rev()
                .find(|line| line.contains("policy swapped"))
                .map(str::to_owned);
            Ok(line.map_or(Look::NotYet(log), Look::Found))
        })
        .await?;
    show::say(&line);
    world
        .wait_for_condition("task4", "Complete", "True")
        .await?;
    show::say("The task has gone on under the new one, and nothing was done twice.");
    show::cassandra_tasks(world).await?;
    show::events(world, "task4").await?;
    show::get(world, CONTEXTS[0], Kind::Task).await
}

/// Waits until cass-operator has started a CassandraTask, and the K8ssandraTask's status says so.
async fn started(world: &World, context: &str, name: &str) -> Result<()> {
    let (task, datacenter) = name
        .rsplit_once('-')
        .context("a CassandraTask is named after its task and datacenter")?;
    world.wait_for_cassandra_task(context, name).await?;
    world
        .wait(&format!("{name} to start"), async |world| {
            let status = world.task(task).await?["status"].clone();
            let begun = status["datacenters"][datacenter]["startTime"].is_string();
            Ok(if begun {
                Look::Found(())
            } else {
                Look::NotYet(status)
            })
        })
        .await
}
