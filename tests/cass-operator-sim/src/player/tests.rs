//! The simulated cass-operator at work on a simulated cluster: what somebody who watches its CassandraTasks sees.

use std::{sync::Arc, time::Duration};

use kube::{
    Api,
    api::{ApiResource, DynamicObject, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use super::{CassOperator, Options};
use kube_sim::{Cluster, tokio_clock};

const CRD: &str = include_str!("../../../fixtures/crds/control.k8ssandra.io_cassandratasks.yaml");

struct World {
    cluster: Cluster,
    tasks: Api<DynamicObject>,
    options: Options,
}

impl World {
    fn new() -> Self {
        let cluster = Cluster::new("dc1", tokio_clock());
        cluster.install_crds(CRD).unwrap();
        cluster.create_namespace("ns");
        let gvk = GroupVersionKind::gvk("control.k8ssandra.io", "v1alpha1", "CassandraTask");
        let resource = ApiResource::from_gvk_with_plural(&gvk, "cassandratasks");
        let tasks = Api::namespaced_with(cluster.client("test"), "ns", &resource);
        let options = Options {
            pods: 2,
            pod_time: Duration::from_secs(10),
            fails: Arc::new(|task| usize::from(task.starts_with("failing"))),
            ..Options::default()
        };
        Self {
            options: options.with_clock(tokio_clock()),
            cluster,
            tasks,
        }
    }

    fn start(&self) -> CassOperator {
        CassOperator::start(self.cluster.client("cass-operator"), self.options.clone())
    }

    async fn create(&self, name: &str, command: &str) {
        let spec = json!({ "datacenter": { "name": "dc1" }, "jobs": [{ "name": "job", "command": command }] });
        let task = json!({
            "apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "CassandraTask",
            "metadata": { "name": name }, "spec": spec,
        });
        let task = serde_json::from_value(task).unwrap();
        self.tasks
            .create(&PostParams::default(), &task)
            .await
            .unwrap();
    }

    async fn status(&self, name: &str) -> Value {
        self.tasks.get(name).await.unwrap().data["status"].clone()
    }

    /// The status as it is after each of the seconds to come.
    async fn seen(&self, name: &str, seconds: u64) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        for _ in 0..seconds {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = summary(&self.status(name).await);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        seen
    }
}

fn summary(status: &Value) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let conditions: Vec<_> = conditions
        .map(|condition| format!("{}={}", condition["type"], condition["status"]).replace('"', ""))
        .collect();
    let states = status["podStatuses"].as_object().into_iter().flatten();
    let states: Vec<_> = states
        .filter_map(|(_, pod)| pod["status"].as_str())
        .collect();
    format!(
        "active {} succeeded {} failed {} [{}] [{}]",
        status["active"],
        status["succeeded"],
        status["failed"],
        conditions.join(" "),
        states.join(" "),
    )
}

#[tokio::test(start_paused = true)]
async fn works_on_one_pod_after_another() {
    let world = World::new();
    let _operator = world.start();
    world.create("failing", "cleanup").await;
    let expected = [
        "active 1 succeeded null failed null [Running=True] [RUNNING]",
        "active 1 succeeded null failed 1 [Running=True] [ERROR RUNNING]",
        "active 1 succeeded null failed null [Running=True] [ERROR RUNNING]",
        "active null succeeded 1 failed 1 [Running=False Complete=True Failed=True] [ERROR COMPLETED]",
    ];
    assert_eq!(world.seen("failing", 30).await, expected);
    let status = world.status("failing").await;
    assert_eq!(
        status["conditions"][2]["message"],
        "1 pods failed during processing"
    );
    let task = world.tasks.get("failing").await.unwrap();
    assert_eq!(
        task.metadata.labels.unwrap()["control.k8ssandra.io/status"],
        "completed"
    );
    assert_eq!(task.data["spec"]["concurrencyPolicy"], "Forbid");
}

#[tokio::test(start_paused = true)]
async fn a_restart_never_says_that_it_runs() {
    let world = World::new();
    let _operator = world.start();
    world.create("task", "restart").await;
    // Two at once, though neither has been restarted.
    let expected = [
        "active 1 succeeded 2 failed null [] []",
        "active null succeeded 2 failed null [Complete=True Running=False] []",
    ];
    assert_eq!(world.seen("task", 30).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_keeps_its_own_condition() {
    let world = World::new();
    let _operator = world.start();
    world.create("task", "refresh").await;
    let seen = world.seen("task", 30).await;
    assert_eq!(
        seen.last().unwrap(),
        "active null succeeded null failed null [DatacenterUpdated=True Complete=True Running=False] []"
    );
}

#[tokio::test(start_paused = true)]
async fn between_two_pods_of_a_synchronous_job_all_listed_are_done() {
    let world = World::new();
    let _operator = world.start();
    world.create("task", "tsreload").await;
    let expected = [
        "active 1 succeeded null failed null [Running=True] [RUNNING]",
        "active 1 succeeded null failed null [Running=True] [COMPLETED]",
        "active 1 succeeded 1 failed null [Running=True] [COMPLETED RUNNING]",
        "active null succeeded 2 failed null [Running=False Complete=True] [COMPLETED COMPLETED]",
    ];
    assert_eq!(world.seen("task", 60).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_job_without_its_arguments_ends_without_pods() {
    let world = World::new();
    let _operator = world.start();
    world.create("task", "replacenode").await;
    let expected =
        ["active null succeeded null failed 1 [Complete=True Running=False Failed=True] []"];
    assert_eq!(world.seen("task", 30).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_restart_whose_pod_does_not_get_ready_never_ends() {
    let world = World::new();
    let _operator = world.start();
    world.create("failing", "restart").await;
    let expected = [
        "active 1 succeeded 2 failed null [] []",
        "active 1 succeeded 1 failed null [] []",
    ];
    assert_eq!(world.seen("failing", 600).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_label_and_status_is_got_over_at_the_start_only() {
    for (course, before, after) in [
        ("crash-at-start", "active null", "active null succeeded 2"),
        (
            "crash-at-end",
            "active 1 succeeded 1",
            "active 1 succeeded 1",
        ),
    ] {
        let world = World::new();
        let options = Options {
            course: Arc::new(move |_| Some(course)),
            ..world.options.clone()
        };
        let crashed = CassOperator::start(world.cluster.client("cass-operator"), options);
        world.create("task", "cleanup").await;
        let seen = world.seen("task", 60).await;
        assert!(seen.last().unwrap().starts_with(before), "{seen:#?}");
        drop(crashed);
        let _operator = world.start();
        let seen = world.seen("task", 60).await;
        assert!(seen.last().unwrap().starts_with(after), "{seen:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_command_is_begun_and_holds_the_datacenter() {
    let world = World::new();
    let _operator = world.start();
    world.create("a", "dance").await;
    world.create("b", "cleanup").await;
    assert_eq!(
        world.seen("a", 60).await,
        ["active 1 succeeded null failed null [] []"]
    );
    assert_eq!(world.status("b").await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn goes_on_where_another_one_was_killed() {
    let world = World::new();
    let first = world.start();
    world.create("task", "cleanup").await;
    world.seen("task", 15).await;
    let started = world.status("task").await["startTime"].clone();
    drop(first);
    let idle = world.seen("task", 60).await;
    assert_eq!(
        idle,
        ["active 1 succeeded null failed null [Running=True] [COMPLETED RUNNING]"]
    );
    let _second = world.start();
    let seen = world.seen("task", 60).await;
    let ended =
        "active null succeeded 2 failed null [Running=False Complete=True] [COMPLETED COMPLETED]";
    assert_eq!(seen.last().unwrap(), ended);
    assert_eq!(world.status("task").await["startTime"], started);
}

#[tokio::test(start_paused = true)]
async fn survives_an_unreachable_api_server_and_a_pause() {
    let world = World::new();
    let operator = world.start();
    world.create("task", "cleanup").await;
    world.seen("task", 5).await;
    world.cluster.set_reachable(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    operator.pause();
    world.cluster.set_reachable(true);
    assert_eq!(world.seen("task", 60).await.len(), 1, "it is paused");
    operator.resume();
    let seen = world.seen("task", 120).await;
    let ended =
        "active null succeeded 2 failed null [Running=False Complete=True] [COMPLETED COMPLETED]";
    assert_eq!(seen.last().unwrap(), ended);
}
