//! However a policy misbehaves, the host fits the memory that the Deployment gives it.

use std::time::Duration;

use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use pilothouse_e2e::component;
use serde_json::json;

use super::running::Ground;

const CRDS: &str = include_str!("../../../fixtures/misbehaving/crds.yaml");
/// The limit in `deploy/control-plane/deployment.yaml`, in KiB.
const LIMIT: usize = 512 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn misbehaving_policies_stay_below_the_limit_of_the_deployment() {
    let ground = Ground::with(&["hub"], &[CRDS]).await;
    let kind = GroupVersionKind::gvk("test.pilothouse.dev", "v1", "Order");
    let orders = ApiResource::from_gvk_with_plural(&kind, "orders");
    let user = ground.clusters[0].client("user");
    let orders: Api<DynamicObject> = Api::namespaced_with(user, "default", &orders);
    for number in 0..400 {
        let what = ["allocate", "babble"][number % 2];
        let order = json!({
            "apiVersion": "test.pilothouse.dev/v1", "kind": "Order",
            "metadata": {"name": format!("order{number}")}, "spec": {"do": what},
        });
        let order = serde_json::from_value(order).unwrap();
        orders.create(&PostParams::default(), &order).await.unwrap();
    }
    let policy = component::built().unwrap();
    let policy = policy.with_file_name("misbehaving.wasm");
    std::fs::copy(policy, ground.path("policy.wasm")).unwrap();
    let host = ground.start_with_that_policy(&[]);
    host.says_times("held as it is", 400).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.id())).unwrap();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let peak: usize = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("peak: {} MiB", peak >> 10);
    assert!(peak < LIMIT, "{} MiB", peak >> 10);
}
