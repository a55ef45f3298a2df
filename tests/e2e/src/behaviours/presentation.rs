//! What users see of a task with kubectl.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::demo::show::{described_events, table};
use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, Look, World};

/// The words of each line.
fn words(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect())
        .collect()
}

/// The page's tables and, where there is a kubectl to print them, its events.
pub async fn reads_as_on_the_page(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    let text = table(world, CONTEXTS[0], Kind::Task).await?;
    let tasks = words(&text);
    ensure!(
        tasks[0] == ["NAME", "JOB", "SCHEDULED", "STARTED", "COMPLETED"],
        "{text}"
    );
    // Nothing is scheduled, so that column is empty.
    ensure!(
        tasks[1].len() == 4 && tasks[1][..2] == ["task1", "restart"],
        "{text}"
    );
    let text = table(world, CONTEXTS[1], Kind::CassandraTask).await?;
    let cassandra_tasks = words(&text);
    ensure!(
        cassandra_tasks[0]
            == [
                "NAME",
                "DATACENTER",
                "JOB",
                "SCHEDULED",
                "STARTED",
                "COMPLETED"
            ],
        "{text}"
    );
    ensure!(
        cassandra_tasks[1].len() == 5 && cassandra_tasks[1][..3] == ["task1-dc2", "dc2", "restart"],
        "{text}"
    );
    if world.kubectl.is_some() {
        described_as_on_the_page(world).await?;
    }
    Ok(())
}

/// The end of what `kubectl describe` prints.
async fn described_as_on_the_page(world: &World) -> Result<()> {
    let text = described_events(world, "task1").await?;
    let events = words(&text);
    ensure!(
        events[1] == ["Type", "Reason", "Age", "From", "Message"],
        "{text}"
    );
    for (line, (datacenter, context)) in events[3..]
        .iter()
        .zip([("dc1", CONTEXTS[0]), ("dc2", CONTEXTS[1])])
    {
        let message = format!(
            "Created CassandraTask {}.task1-{datacenter} in context {context}",
            world.namespace
        );
        ensure!(
            line[..2] == ["Normal", "CreateCassandraTask"] && line[3] == "k8ssandratask-controller",
            "{text}"
        );
        ensure!(line[4..].join(" ") == message, "{text}");
    }
    ensure!(events.len() == 5, "{text}");
    Ok(())
}

/// The same event again is one event with a count: `x2 over 5m`.
pub async fn repeated_events_are_counted(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task("task1", &json!({ "datacenters": ["dc4"] })))
        .await?;
    world
        .wait_for_event("task1", "unknown datacenters: dc4")
        .await?;
    world
        .patch(
            Kind::Task,
            "task1",
            &json!({ "spec": { "datacenters": ["dc5"] } }),
        )
        .await?;
    world
        .wait_for_event("task1", "unknown datacenters: dc5")
        .await?;
    world
        .patch(
            Kind::Task,
            "task1",
            &json!({ "spec": { "datacenters": ["dc4"] } }),
        )
        .await?;
    world
        .wait("the first event to be counted again", async |world| {
            let events = world.events("task1").await?;
            let expected = [
                "Warning InvalidSpec: unknown datacenters: dc4 (x2)",
                "Warning InvalidSpec: unknown datacenters: dc5",
            ];
            Ok(if events == expected {
                Look::Found(())
            } else {
                Look::NotYet(events)
            })
        })
        .await?;
    if world.kubectl.is_some() {
        let text = described_events(world, "task1").await?;
        ensure!(text.contains("(x2 over "), "{text}");
    }
    world.assert_at_rest("task1").await
}
