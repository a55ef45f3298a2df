//! A host that is told to stop waits for what was sent, but not for ever.

use std::time::{Duration, Instant};

use kube_sim::{Fault, Filter, Verb};
use pilothouse_e2e::objects::{cluster, task};
use serde_json::json;

use super::running::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_hangs_does_not_keep_it() {
    let ground = Ground::new(&["hub", "north"]).await;
    let create = Filter::any().verb(Verb::Create).resource("cassandratasks");
    let hanging = ground.clusters[1].inject(Fault::before(create).hang());
    let mut host = ground.start(&["--remote=north"]);
    ground.create(&cluster("demo", &[("dc1", "north")])).await;
    ground.create(&task("task1", &json!({}))).await;
    while hanging.hits() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    host.terminate();
    let told = Instant::now();
    assert_eq!(host.code().await, Some(0), "{}", host.log());
    assert!(told.elapsed() < Duration::from_secs(21));
    let log = host.log();
    assert!(log.contains("no answer within 15 s"), "{log}");
}
