//! In which order the datacenters go.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, Look, World, condition_of};

/// The page's quick start: dc1, then dc2, never both, then complete.
pub async fn quick_start(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    let first = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    ensure!(
        first["spec"]["datacenter"] == json!({ "name": "dc1", "namespace": world.namespace }),
        "{first:#}"
    );
    ensure!(first["spec"]["ttlSecondsAfterFinished"] == 0, "{first:#}");
    never_both(
        world,
        ("task1-dc1", CONTEXTS[0]),
        ("task1-dc2", CONTEXTS[1]),
    )
    .await?;
    let done = world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    let status = &done["status"];
    ensure!(
        status["startTime"] == status["datacenters"]["dc1"]["startTime"],
        "{status:#}"
    );
    ensure!(
        status["completionTime"] == status["datacenters"]["dc2"]["completionTime"],
        "{status:#}"
    );
    let types: Vec<_> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| c["type"].as_str())
        .collect();
    ensure!(
        types == [Some("Running"), Some("Failed"), Some("Complete")],
        "{status:#}"
    );
    ensure!(
        condition_of(&done, "Running").is_some_and(|running| running["status"] == "False"),
        "{status:#}"
    );
    let namespace = &world.namespace;
    let created = |dc: &str, context: &str| {
        format!(
            "Normal CreateCassandraTask: Created CassandraTask {namespace}.task1-{dc} in context {context}"
        )
    };
    let events = world.events("task1").await?;
    ensure!(
        events == [created("dc1", CONTEXTS[0]), created("dc2", CONTEXTS[1])],
        "{events:#?}"
    );
    world.assert_at_rest("task1").await
}

/// While the first is not done, the second is not there: no look in between finds both, and the second is not older than
/// the end of the first. (That the requests come in this order is seen in `tests/faults.rs`.)
async fn never_both(world: &World, first: (&str, &str), second: (&str, &str)) -> Result<()> {
    world
        .wait("the second datacenter", async |world| {
            // The second is looked at before the first, so that the first cannot end in between.
            let second = world.get(second.1, Kind::CassandraTask, second.0).await?;
            let Some(first) = world.get(first.1, Kind::CassandraTask, first.0).await? else {
                return Ok(Look::NotYet(json!(null)));
            };
            let ended = first["status"]["completionTime"].is_string();
            ensure!(
                ended || second.is_none(),
                "both at once: {first:#}\n{second:#?}"
            );
            let Some(second) = second else {
                return Ok(Look::NotYet(first));
            };
            // Both are written in the same format, to the second.
            let end = first["status"]["completionTime"].as_str();
            let begin = second["metadata"]["creationTimestamp"].as_str();
            ensure!(end.is_some() && end <= begin, "{first:#}\n{second:#}");
            Ok(Look::Found(()))
        })
        .await
}

/// Allow: both are created although neither has ended.
pub async fn allow_runs_all_at_once(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    // Far enough in the future that neither starts: what is created is created at once.
    let spec = json!({ "dcConcurrencyPolicy": "Allow", "template": { "scheduledTime": "2099-01-01T00:00:00Z" } });
    world.create(&task("task1", &spec)).await?;
    for (name, context) in [("task1-dc1", CONTEXTS[0]), ("task1-dc2", CONTEXTS[1])] {
        let created = world.wait_for_cassandra_task(context, name).await?;
        ensure!(
            created["spec"]["scheduledTime"] == "2099-01-01T00:00:00Z",
            "{created:#}"
        );
    }
    world
        .create(&task("task2", &json!({ "dcConcurrencyPolicy": "Allow" })))
        .await?;
    world
        .wait_for_condition("task2", "Complete", "True")
        .await?;
    world.assert_at_rest("task1").await
}

/// `datacenters: [dc2, dc1]` goes in that order.
pub async fn list_order_counts(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task("task1", &json!({ "datacenters": ["dc2", "dc1"] })))
        .await?;
    world
        .wait_for_cassandra_task(CONTEXTS[1], "task1-dc2")
        .await?;
    never_both(
        world,
        ("task1-dc2", CONTEXTS[1]),
        ("task1-dc1", CONTEXTS[0]),
    )
    .await?;
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    Ok(())
}

/// `datacenters: [dc1]` touches no other.
pub async fn a_subset_stays_a_subset(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world
        .create(&task("task1", &json!({ "datacenters": ["dc1"] })))
        .await?;
    let done = world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    let datacenters: Vec<_> = done["status"]["datacenters"]
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .collect();
    ensure!(datacenters == ["dc1"], "{datacenters:?}");
    ensure!(
        world.cassandra_tasks(CONTEXTS[1]).await?.is_empty(),
        "dc2 was touched"
    );
    world.assert_at_rest("task1").await
}
