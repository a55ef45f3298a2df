//! What the demo prints: the tables of `kubectl get`, the events of `kubectl describe`, a status as YAML.
//!
//! Where there is a kubectl, it prints them. Where there is none, the same tables are asked from the API server, which
//! is who makes them for kubectl, too.
#![expect(clippy::print_stdout, reason = "the demo is there to be read")]

use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tabwriter::TabWriter;

use crate::objects::CONTEXTS;
use crate::world::{Kind, World};

/// A headline.
pub fn title(text: &str) {
    println!("\n\x1b[1m━━ {text} ━━\x1b[0m");
}

/// A sentence on what is to be seen.
pub fn say(text: &str) {
    println!("\n{text}");
}

/// A command as a user would type it.
fn command(text: &str) {
    println!("\x1b[2m$ {text}\x1b[0m");
}

/// Creates an object, and shows it as a file would hold it.
pub async fn create(world: &World, object: &Value) -> Result<()> {
    command("kubectl create -f - <<EOF");
    println!("{}EOF", yaml(object)?);
    world.create(object).await?;
    println!("created");
    Ok(())
}

/// `kubectl get`
pub async fn get(world: &World, context: &str, kind: Kind) -> Result<()> {
    command(&format!(
        "kubectl --context {context} get {}",
        kind.resource().kind
    ));
    print!("{}", table(world, context, kind).await?);
    Ok(())
}

/// The events of a task.
pub async fn events(world: &World, task: &str) -> Result<()> {
    command(&format!(
        "kubectl describe K8ssandraTask {task}    # its last part"
    ));
    print!("{}", described_events(world, task).await?);
    Ok(())
}

/// What `kubectl get` prints.
pub async fn table(world: &World, context: &str, kind: Kind) -> Result<String> {
    let Some(kubectl) = &world.kubectl else {
        return table_of_the_server(world, context, kind).await;
    };
    let resource = kind.resource();
    kubectl
        .run(
            &[
                "--context",
                context,
                "--namespace",
                &world.namespace,
                "get",
                &resource.plural,
            ],
            "",
        )
        .await
}

/// The last part of what `kubectl describe` prints.
pub async fn described_events(world: &World, task: &str) -> Result<String> {
    if let Some(kubectl) = &world.kubectl {
        let text = kubectl
            .run(
                &[
                    "--namespace",
                    &world.namespace,
                    "describe",
                    "k8ssandratask",
                    task,
                ],
                "",
            )
            .await?;
        return Ok(text
            .find("Events:")
            .and_then(|start| text.get(start..))
            .unwrap_or_default()
            .to_owned());
    }
    let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    let mut rows = vec![
        row(["  Type", "Reason", "Age", "From", "Message"]),
        row(["  ----", "------", "---", "----", "-------"]),
    ];
    for event in world.event_objects(task).await? {
        let text = |field: &str| event[field].as_str().unwrap_or_default();
        let since: Option<jiff::Timestamp> = text("eventTime").parse().ok();
        let age = since.map_or(0, |since| {
            jiff::Timestamp::now().duration_since(since).as_secs()
        });
        let kind = format!("  {}", text("type"));
        rows.push(row([
            &kind,
            text("reason"),
            &format!("{age}s"),
            text("reportingController"),
            text("note"),
        ]));
    }
    Ok(format!("Events:\n{}", layout(&rows)?))
}

/// The status of a task.
pub async fn status(world: &World, task: &str) -> Result<()> {
    command(&format!(
        "kubectl get K8ssandraTask {task} -o yaml | yq .status"
    ));
    print!("{}", yaml(&world.task(task).await?["status"])?);
    Ok(())
}

fn yaml(value: &Value) -> Result<String> {
    let text = serde_saphyr::to_string(value)?;
    Ok(if text.ends_with('\n') {
        text
    } else {
        text + "\n"
    })
}

/// The table that the API server makes for kubectl, laid out as kubectl does.
async fn table_of_the_server(world: &World, context: &str, kind: Kind) -> Result<String> {
    let resource = kind.resource();
    let path = format!(
        "/apis/{}/namespaces/{}/{}",
        resource.api_version, world.namespace, resource.plural
    );
    let request = http::Request::get(path)
        .header(
            http::header::ACCEPT,
            "application/json;as=Table;v=v1;g=meta.k8s.io",
        )
        .body(Vec::new())?;
    let table: Value = world.clients[context].request(request).await?;
    let columns = table["columnDefinitions"]
        .as_array()
        .context("the API server sent no table")?;
    let heads = columns
        .iter()
        .map(|column| column["name"].as_str().unwrap_or_default().to_uppercase())
        .collect();
    let mut rows: Vec<Vec<String>> = vec![heads];
    for row in table["rows"].as_array().into_iter().flatten() {
        rows.push(
            row["cells"]
                .as_array()
                .into_iter()
                .flatten()
                .map(cell)
                .collect(),
        );
    }
    if rows.len() == 1 {
        return Ok(format!(
            "No resources found in {} namespace.\n",
            world.namespace
        ));
    }
    layout(&rows)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Columns as wide as their widest cell, three blanks between them.
fn layout(rows: &[Vec<String>]) -> Result<String> {
    let mut table = TabWriter::new(Vec::new()).padding(3);
    for row in rows {
        writeln!(table, "{}", row.join("\t"))?;
    }
    table.flush()?;
    let text = String::from_utf8(table.into_inner()?)?;
    Ok(text
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect())
}

/// The contexts' tables of CassandraTasks.
pub async fn cassandra_tasks(world: &World) -> Result<()> {
    for context in CONTEXTS {
        get(world, context, Kind::CassandraTask).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_as_kubectl_lines_them_up() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let rows = [
            row(&["NAME", "JOB", "STARTED"]),
            row(&["task1", "restart", "5s"]),
            row(&["t", "", ""]),
        ];
        assert_eq!(
            layout(&rows).unwrap(),
            "NAME    JOB       STARTED\ntask1   restart   5s\nt\n"
        );
    }
}
