//! What has to hold beside k8ssandra-operator.

use std::time::Duration;

use anyhow::{Result, ensure};
use kube::api::{Api, DynamicObject};
use serde_json::{Value, json};

use super::{Operator, Stage};
use crate::objects::{CONTEXTS, cluster, demo, task};
use crate::world::{Kind, Look, World};

const MARK: &str = "pilothouse.dev/created-for";
/// Several reconciles of k8ssandra-operator.
const A_WHILE: Duration = Duration::from_secs(1);

/// What happens if nothing keeps it away: it begins with the last datacenter of the list while the first has not started.
pub(super) async fn without_the_policy(stage: &mut Stage<'_>) -> Result<()> {
    let world = &stage.world;
    world.create(&demo()).await?;
    world.create(&both("task1", 3_600)).await?;
    world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    let operator = Operator::start(&stage.neighbours.unrestricted, &world.namespace).await?;
    let dc2 = world
        .wait_for_cassandra_task(CONTEXTS[1], "task1-dc2")
        .await?;
    ensure!(dc2["metadata"]["annotations"].is_null(), "{dc2:#}");
    let event = world
        .wait_for_event("task1", "ConflictingController")
        .await?;
    ensure!(
        event.contains("docs/beside-k8ssandra-operator.md"),
        "{event}"
    );
    ensure!(operator.refused().is_empty(), "{:?}", operator.refused());
    Ok(())
}

/// With the policy, only Pilothouse works on tasks: the order of the list, a failure, a deletion, and a task of
/// k8ssandra-operator's own.
pub(super) async fn kept_away(stage: &mut Stage<'_>) -> Result<()> {
    let world = &stage.world;
    let operator = Operator::start(&stage.neighbours.restricted, &world.namespace).await?;
    world.create(&demo()).await?;
    in_list_order(world).await?;
    stopped_by_a_failure(world).await?;
    world.delete(Kind::Task, "task1").await?;
    world.wait_gone(CONTEXTS[0], Kind::Task, "task1").await?;
    for (context, name) in CONTEXTS.iter().zip(["task1-dc1", "task1-dc2"]) {
        let left = world.get(context, Kind::CassandraTask, name).await?;
        ensure!(left.is_none(), "{left:#?}");
    }
    let refresh = operator.create_refresh_task("demo", &["dc2"]).await?;
    let done = world
        .wait_for_condition(&refresh, "Complete", "True")
        .await?;
    ensure!(done["status"]["completionTime"].is_string(), "{done:#}");
    // It did try: with the last of the list, and with the next after a failure.
    let refused = operator.refused();
    ensure!(refused.contains("create cassandratasks"), "{refused:?}");
    Ok(())
}

async fn in_list_order(world: &World) -> Result<()> {
    world.create(&both("task1", 0)).await?;
    let done = world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    let uid = &done["metadata"]["uid"];
    for (context, name) in CONTEXTS.iter().zip(["task1-dc1", "task1-dc2"]) {
        let child = world.wait_for_cassandra_task(context, name).await?;
        ensure!(child["metadata"]["annotations"][MARK] == *uid, "{child:#}");
    }
    let copies = &done["status"]["datacenters"];
    let (first_end, second_start) = (
        copies["dc1"]["completionTime"].as_str(),
        copies["dc2"]["startTime"].as_str(),
    );
    ensure!(
        first_end.is_some() && first_end <= second_start,
        "{copies:#}"
    );
    not_disturbed(world, "task1").await
}

async fn stopped_by_a_failure(world: &World) -> Result<()> {
    world.fail("task2-dc1", 1);
    let cleanup = json!({ "template": { "jobs": [{ "name": "job1", "command": "cleanup" }] } });
    world.create(&task("task2", &cleanup)).await?;
    world.wait_for_condition("task2", "Failed", "True").await?;
    world.idle(A_WHILE).await;
    let second = world
        .get(CONTEXTS[1], Kind::CassandraTask, "task2-dc2")
        .await?;
    ensure!(second.is_none(), "{second:#?}");
    world.assert_at_rest("task2").await?;
    not_disturbed(world, "task2").await
}

async fn not_disturbed(world: &World, task: &str) -> Result<()> {
    let events = world.events(task).await?;
    let conflict = events
        .iter()
        .find(|event| event.contains("ConflictingController"));
    ensure!(conflict.is_none(), "{events:#?}");
    Ok(())
}

/// Tasks of k8ssandra-operator that run, are invalid, or have finished when Pilothouse takes over.
pub(super) async fn taking_over(stage: &mut Stage<'_>) -> Result<()> {
    let world = &mut stage.world;
    world.operator.kill().await?;
    let operator = Operator::start(&stage.neighbours.unrestricted, &world.namespace).await?;
    world.create(&demo()).await?;
    world
        .create(&task("finished", &json!({ "datacenters": ["dc1"] })))
        .await?;
    let finished = world
        .wait_for_condition("finished", "Complete", "True")
        .await?;
    left_unfinished(world).await?;
    let begun = uid(world, CONTEXTS[1], "running-dc2").await?;
    drop(operator);

    let _kept_away = Operator::start(&stage.neighbours.restricted, &world.namespace).await?;
    world.operator.start().await?;
    world
        .create(&cluster("demo2", &[("dc1", CONTEXTS[0])]))
        .await?;
    world
        .wait_for_condition("invalid", "Invalid", "False")
        .await?;
    for name in ["invalid", "running"] {
        world.wait_for_condition(name, "Complete", "True").await?;
        not_disturbed(world, name).await?;
    }
    ensure!(
        uid(world, CONTEXTS[1], "running-dc2").await? == begun,
        "dc2 has run twice"
    );
    let still = world.task("finished").await?;
    let end = |task: &Value| task["status"]["completionTime"].clone();
    ensure!(end(&still) == end(&finished), "{still:#}");
    Ok(())
}

/// An invalid task, and one whose second datacenter has been created and recorded.
async fn left_unfinished(world: &World) -> Result<()> {
    let mut invalid = task("invalid", &json!({}));
    invalid["spec"]["cluster"]["name"] = "demo2".into();
    world.create(&invalid).await?;
    world
        .wait_for_condition("invalid", "Invalid", "True")
        .await?;
    world.create(&both("running", 8)).await?;
    let recorded = async |world: &World| {
        let task = world.task("running").await?;
        Ok(match &task["status"]["datacenters"]["dc2"] {
            Value::Null => Look::NotYet(task),
            _ => Look::Found(()),
        })
    };
    world.wait("dc2 in the status of running", recorded).await
}

/// Pilothouse stops, the policy goes, and k8ssandra-operator goes on with a task that Pilothouse began.
pub(super) async fn going_back(stage: &mut Stage<'_>) -> Result<()> {
    let world = &mut stage.world;
    world.create(&demo()).await?;
    world
        .create(&scheduled(task("task1", &json!({})), 5))
        .await?;
    world
        .wait_for_condition("task1", "Complete", "False")
        .await?;
    let begun = uid(world, CONTEXTS[0], "task1-dc1").await?;
    world.operator.kill().await?;
    let _operator = Operator::start(&stage.neighbours.unrestricted, &world.namespace).await?;
    let done = world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    ensure!(done["status"]["completionTime"].is_string(), "{done:#}");
    ensure!(
        uid(world, CONTEXTS[0], "task1-dc1").await? == begun,
        "dc1 has run twice"
    );
    let second = world
        .wait_for_cassandra_task(CONTEXTS[1], "task1-dc2")
        .await?;
    ensure!(second["metadata"]["annotations"].is_null(), "{second:#}");
    world.delete(Kind::Task, "task1").await?;
    world.wait_gone(CONTEXTS[0], Kind::Task, "task1").await
}

/// A task with a list of both datacenters, which may start that many seconds from now.
fn both(name: &str, seconds: i64) -> Value {
    let list = json!({ "datacenters": ["dc1", "dc2"] });
    scheduled(task(name, &list), seconds)
}

fn scheduled(mut task: Value, seconds: i64) -> Value {
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    task["spec"]["template"]["scheduledTime"] = time.strftime("%FT%TZ").to_string().into();
    task
}

async fn uid(world: &World, context: &str, name: &str) -> Result<Option<String>> {
    let api: Api<DynamicObject> = world.api(context, Kind::CassandraTask);
    Ok(api.get(name).await?.metadata.uid)
}
