//! Clusters that have a history: what earlier tasks, other controllers and backup tools have left behind.

use anyhow::{Context as _, Result, ensure};
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, Look, World, condition_of};

/// A CassandraTask for dc1 as k8ssandra-operator 1.32 creates it for `task1` in the world's namespace: without a mark.
fn unmarked(world: &World) -> Value {
    json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1",
        "kind": "CassandraTask",
        "metadata": {"name": "task1-dc1", "labels": {
            "app.kubernetes.io/name": "k8ssandra-operator",
            "app.kubernetes.io/part-of": "k8ssandra",
            "app.kubernetes.io/component": "cassandra",
            "k8ssandra.io/task-name": "task1",
            "k8ssandra.io/task-namespace": world.namespace,
        }},
        "spec": {
            "datacenter": {"name": "dc1", "namespace": world.namespace},
            "jobs": [{"name": "job1", "command": "restart", "args": {}}],
            "concurrencyPolicy": "Forbid",
            "restartPolicy": "OnFailure",
            "ttlSecondsAfterFinished": 0,
        },
    })
}

async fn create(api: &Api<DynamicObject>, object: &Value) -> Result<()> {
    let object = serde_json::from_value(object.clone())?;
    api.create(&PostParams::default(), &object).await?;
    Ok(())
}

/// Waits until dc1's CassandraTask has completed; gives it.
async fn dc1_completed(world: &World) -> Result<Value> {
    let what = "dc1's CassandraTask to complete";
    world
        .wait(what, async |world| {
            let child = world
                .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
                .await?;
            Ok(match condition_of(&child, "Complete") {
                Some(_) => Look::Found(child),
                None => Look::NotYet(child),
            })
        })
        .await
}

/// Waits until `Stalled` or `Invalid` is True with this in its message; gives the reason.
async fn says(world: &World, condition: &str, text: &str) -> Result<String> {
    let what = format!("{condition} with {text:?}");
    world
        .wait(&what, async |world| {
            let task = world.task("task1").await?;
            let found = condition_of(&task, condition).filter(|it| it["status"] == "True");
            let found =
                found.filter(|it| it["message"].as_str().unwrap_or_default().contains(text));
            Ok(match found.and_then(|it| it["reason"].as_str()) {
                Some(reason) => Look::Found(reason.to_owned()),
                None => Look::NotYet(task),
            })
        })
        .await
}

async fn completes(world: &World) -> Result<()> {
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    world.assert_at_rest("task1").await
}

fn uid(object: &Value) -> &Value {
    &object["metadata"]["uid"]
}

/// A finished CassandraTask of an earlier task of the same name is in the way: the task says so, neither counts nor deletes it,
/// and goes on once somebody has deleted it.
pub async fn left_over_of_an_earlier_task(world: &mut World) -> Result<()> {
    let children = world.api(CONTEXTS[0], Kind::CassandraTask);
    create(&children, &unmarked(world)).await?;
    let left_over = dc1_completed(world).await?;
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    says(world, "Invalid", "it has finished: delete it").await?;
    world.assert_at_rest("task1").await?;
    let task = world.task("task1").await?;
    ensure!(condition_of(&task, "Complete").is_none(), "{task:#}");
    let still = world
        .get(CONTEXTS[0], Kind::CassandraTask, "task1-dc1")
        .await?
        .context("it was deleted")?;
    ensure!(uid(&still) == uid(&left_over));
    children
        .delete("task1-dc1", &DeleteParams::default())
        .await?;
    completes(world).await
}

/// Another control plane, whose namespaces have the same names, runs a task of the same name in a namespace beside ours: it is
/// neither waited for nor deleted.
pub async fn foreign_in_another_namespace(world: &mut World) -> Result<()> {
    let other = format!("{}-other", world.namespace);
    world.operator.kill().await?;
    world.create_namespace(CONTEXTS[0], &other).await?;
    world.operator.also_watch(&other);
    let resource = Kind::CassandraTask.resource();
    let children = Api::<DynamicObject>::namespaced_with(
        world.clients[CONTEXTS[0]].clone(),
        &other,
        &resource,
    );
    create(&children, &unmarked(world)).await?;
    let running = json!({"status": {"startTime": "2022-12-15T19:44:00Z", "active": 1}});
    children
        .patch_status("task1-dc1", &PatchParams::default(), &Patch::Merge(running))
        .await?;
    world.operator.start().await?;
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    completes(world).await?;
    let done = world.task("task1").await?;
    ensure!(done["status"]["active"] == 0, "it was counted: {done:#}");
    world.delete(Kind::Task, "task1").await?;
    world
        .wait_gone(&world.control_plane, Kind::Task, "task1")
        .await?;
    let foreign = children.get("task1-dc1").await?;
    ensure!(foreign.metadata.deletion_timestamp.is_none());
    children
        .delete("task1-dc1", &DeleteParams::default())
        .await?;
    Ok(())
}

/// A task that has run is restored from a backup, without its status: it does not run again until somebody says so.
pub async fn restored_without_its_status(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    world.create(&task("task1", &json!({}))).await?;
    completes(world).await?;
    let mut backup = world.task("task1").await?;
    world.delete(Kind::Task, "task1").await?;
    world
        .wait_gone(&world.control_plane, Kind::Task, "task1")
        .await?;
    let backup = backup.as_object_mut().context("an object")?;
    backup.remove("status");
    for field in [
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
    ] {
        backup["metadata"]
            .as_object_mut()
            .context("an object")?
            .remove(field);
    }
    world.create(&json!(backup)).await?;
    let reason = says(world, "Stalled", "pilothouse.dev/record").await?;
    ensure!(reason == "StatusLost", "{reason}");
    world.assert_at_rest("task1").await?;
    ensure!(world.cassandra_tasks(CONTEXTS[0]).await?.is_empty());
    let run_again = json!({"metadata": {"annotations": {"pilothouse.dev/record": null}}});
    world.patch(Kind::Task, "task1", &run_again).await?;
    completes(world).await
}

/// A context is not registered any more while a CassandraTask of the task waits there: the task is not deleted before somebody
/// gives the context up.
pub async fn deletion_with_an_unregistered_context(world: &mut World) -> Result<()> {
    let later = json!({
        "dcConcurrencyPolicy": "Allow",
        "template": {"scheduledTime": "2122-12-15T19:43:00Z"},
    });
    world.create(&demo()).await?;
    world.create(&task("task1", &later)).await?;
    for (context, name) in CONTEXTS.into_iter().zip(["task1-dc1", "task1-dc2"]) {
        world.wait_for_cassandra_task(context, name).await?;
    }
    world
        .wait_for_condition("task1", "Running", "False")
        .await?;
    world.operator.kill().await?;
    world.operator.forget(CONTEXTS[1]);
    world.operator.start().await?;
    world.delete(Kind::Task, "task1").await?;
    let reason = says(world, "Stalled", CONTEXTS[1]).await?;
    ensure!(reason == "DeletionBlocked", "{reason}");
    world
        .wait_gone(CONTEXTS[0], Kind::CassandraTask, "task1-dc1")
        .await?;
    world.assert_at_rest("task1").await?;
    let give_up = json!({"metadata": {"annotations": {"pilothouse.dev/abandon": CONTEXTS[1]}}});
    world.patch(Kind::Task, "task1", &give_up).await?;
    world
        .wait_gone(&world.control_plane, Kind::Task, "task1")
        .await?;
    world
        .wait_for_cassandra_task(CONTEXTS[1], "task1-dc2")
        .await?;
    Ok(())
}

/// k8ssandra-operator has run dc1 of a task; from then on Pilothouse does: dc2 follows, and dc1 does not run again.
pub async fn taken_over_between_dc1_and_dc2(world: &mut World) -> Result<()> {
    world.operator.kill().await?;
    world.create(&demo()).await?;
    let mut begun = task("task1", &json!({}));
    begun["metadata"]["finalizers"] = json!(["control.k8ssandra.io/finalizer"]);
    world.create(&begun).await?;
    let children = world.api(CONTEXTS[0], Kind::CassandraTask);
    create(&children, &unmarked(world)).await?;
    let dc1 = dc1_completed(world).await?;
    let status = json!({"status": {
        "startTime": dc1["status"]["startTime"],
        "active": 0,
        "succeeded": 1,
        "conditions": [{
            "type": "Running", "status": "True", "reason": "Running", "message": "",
            "lastTransitionTime": dc1["status"]["startTime"],
        }],
        "datacenters": {"dc1": dc1["status"]},
    }});
    world
        .api(&world.control_plane, Kind::Task)
        .patch_status("task1", &PatchParams::default(), &Patch::Merge(status))
        .await?;
    world.operator.start().await?;
    completes(world).await?;
    let still = world
        .wait_for_cassandra_task(CONTEXTS[0], "task1-dc1")
        .await?;
    ensure!(uid(&still) == uid(&dc1), "dc1 was run again");
    world
        .wait_for_cassandra_task(CONTEXTS[1], "task1-dc2")
        .await?;
    world.delete(Kind::Task, "task1").await?;
    world
        .wait_gone(CONTEXTS[0], Kind::CassandraTask, "task1-dc1")
        .await
}
