//! What the definition of K8ssandraTask accepts and refuses.

use anyhow::{Context as _, Result, ensure};
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::objects::{CONTEXTS, demo, task};
use crate::world::{Kind, World, create};

/// Fields in a place where they do not belong are refused by name, as kubectl asks for.
pub async fn unknown_fields_are_refused(world: &mut World) -> Result<()> {
    let job = |name: &str, value: Value| {
        let mut job = json!({ "name": "job1", "command": "rebuild" });
        job[name] = value;
        json!({ "template": { "jobs": [job] } })
    };
    for (spec, field) in [
        (
            job("arguments", json!({ "source_datacenter": "dc1" })),
            "spec.template.jobs[0].arguments",
        ),
        (
            job("restartPolicy", json!("Never")),
            "spec.template.jobs[0].restartPolicy",
        ),
        (
            job("args", json!({ "retry_count": 3 })),
            "spec.template.jobs[0].args.retry_count",
        ),
        (
            json!({ "template": { "retryCount": 3 } }),
            "spec.template.retryCount",
        ),
        (json!({ "datacentres": ["dc1"] }), "spec.datacentres"),
    ] {
        let refusal = refused(world, &task("task1", &spec)).await?;
        let expected = format!("unknown field \"{field}\"");
        ensure!(refusal.contains(&expected), "{refusal}");
    }
    Ok(())
}

/// Clients that do not ask for that lose them, as with the public definition.
pub async fn unknown_fields_are_dropped(world: &mut World) -> Result<()> {
    world.create(&demo()).await?;
    let spec = json!({ "template": { "retryCount": 3 } });
    let object = serde_json::from_value(task("task1", &spec))?;
    let api = world.api(CONTEXTS[0], Kind::Task);
    api.create(&PostParams::default(), &object).await?;
    let stored = world.task("task1").await?;
    ensure!(
        stored["spec"]["template"]["retryCount"].is_null(),
        "{stored:#}"
    );
    world
        .wait_for_condition("task1", "Complete", "True")
        .await?;
    Ok(())
}

/// A job has a name and a command.
pub async fn required_fields_are_demanded(world: &mut World) -> Result<()> {
    let spec = json!({ "template": { "jobs": [{}] } });
    let refusal = refused(world, &task("task1", &spec)).await?;
    for field in ["name", "command"] {
        let expected = format!("spec.template.jobs[0].{field}: Required value");
        ensure!(refusal.contains(&expected), "{refusal}");
    }
    Ok(())
}

/// Why an object is refused when it is created as kubectl does it: no field may be unknown.
async fn refused(world: &World, object: &Value) -> Result<String> {
    let created = if let Some(kubectl) = &world.kubectl {
        create(kubectl, &world.namespace, object).await
    } else {
        let resource = Kind::Task.resource();
        let path = format!(
            "/apis/{}/namespaces/{}/{}?fieldValidation=Strict",
            resource.api_version, world.namespace, resource.plural
        );
        let request = http::Request::post(path).body(serde_json::to_vec(object)?)?;
        let answer = world.clients[CONTEXTS[0]].request::<Value>(request).await;
        answer.map(drop).map_err(anyhow::Error::from)
    };
    let error = created
        .err()
        .with_context(|| format!("not refused: {object:#}"))?;
    Ok(format!("{error:#}"))
}
