//! Tables, as kubectl asks for them: the lines of the users' page on cluster tasks.

use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt};
use http::Request;
use kube_sim::{Cluster, tokio_clock};
use serde_json::{Value, json};

use crate::rig::{MERGE, Rig, soon};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const TASKS: &str = "/apis/control.k8ssandra.io/v1alpha1/namespaces/ns/cassandratasks";

fn rig() -> Rig {
    let cluster = Cluster::new("sea", tokio_clock());
    cluster
        .install_crds(include_str!(
            "../../../fixtures/crds/control.k8ssandra.io_cassandratasks.yaml"
        ))
        .unwrap();
    cluster.create_namespace("ns");
    let client = cluster.client("test");
    Rig { cluster, client }
}

async fn task(rig: &Rig) {
    let task = json!({
        "metadata": {"name": "task1-dc1"},
        "spec": {"datacenter": {"name": "dc1"}, "jobs": [{"name": "job1", "command": "restart"}]},
    });
    assert_eq!(rig.post(TASKS, task).await.code, 201);
}

fn row(table: &Value) -> Value {
    table["rows"][0]["cells"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_list() {
    let rig = rig();
    task(&rig).await;
    let table = rig.ask("GET", TASKS, TABLE, None).await.body;
    let names: Vec<_> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Name",
            "Datacenter",
            "Job",
            "Scheduled",
            "Started",
            "Completed"
        ]
    );
    assert_eq!(
        row(&table),
        json!(["task1-dc1", "dc1", "restart", null, null, null])
    );
    rig.patch(
        &format!("{TASKS}/task1-dc1/status"),
        MERGE,
        json!({"status": {"startTime": "2022-12-15T19:43:35Z"}}),
    )
    .await;
    tokio::time::sleep(Duration::from_secs(47)).await;
    let table = rig.ask("GET", TASKS, TABLE, None).await.body;
    assert_eq!(
        row(&table),
        json!(["task1-dc1", "dc1", "restart", null, "47s", null])
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch() {
    let rig = rig();
    let request =
        Request::get(format!("{TASKS}?watch=true&resourceVersion=1")).header("accept", TABLE);
    let mut lines = rig
        .client
        .request_stream(request.body(Vec::new()).unwrap())
        .await
        .unwrap()
        .lines();
    task(&rig).await;
    let event: Value = serde_json::from_str(&soon(lines.next()).await.unwrap().unwrap()).unwrap();
    assert_eq!(
        (&event["type"], &event["object"]["kind"]),
        (&json!("ADDED"), &json!("Table"))
    );
    assert_eq!(row(&event["object"])[0], "task1-dc1");
}
