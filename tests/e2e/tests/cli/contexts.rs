//! A context without credentials delays only itself, and one may be behind a proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cass_operator_sim::CassOperator;
use kube_sim::{Fault, Filter, Verb};
use pilothouse_e2e::objects::{cluster, task};
use pilothouse_e2e::world::{Failures, QUICK, cass_operator};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::running::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn a_context_without_credentials_delays_only_itself() {
    let ground = Ground::new(&["hub", "north", "east", "west"]).await;
    ground.authenticate_by("east", "sh", &["-c", "echo no such user >&2; exit 3"]);
    ground.authenticate_by("west", "sleep", &["60"]);
    let north = ground.clusters[1].client("cass-operator");
    let _cass_operator = CassOperator::start(north, cass_operator(&Failures::default(), QUICK));
    let remotes = ["--remote=north", "--remote=east", "--remote=west"];
    let mut host = ground.start(&remotes);
    let datacenters = [("dc1", "north"), ("dc2", "east"), ("dc3", "west")];
    ground.create(&cluster("demo", &datacenters)).await;
    for datacenter in ["dc1", "dc2", "dc3"] {
        let spec = json!({ "datacenters": [datacenter] });
        ground.create(&task(datacenter, &spec)).await;
    }
    ground.wait_for("dc1", "Complete", "True").await;
    for (datacenter, context) in [("dc2", "east"), ("dc3", "west")] {
        let waits = ground.wait_for(datacenter, "Running", "False").await;
        assert!(
            waits.contains(&format!("{context} is unreachable")),
            "{waits}"
        );
    }
    let log = host.log();
    assert!(!log.contains("not answered"), "it was waited for: {log}");
    host.says("context east: credential plugin `sh` failed: exit status: 3: no such user")
        .await;
    host.says("context west: credential plugin `sleep` has not answered within 15 s")
        .await;
    host.terminate();
    assert_eq!(host.code().await, Some(0), "{}", host.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_asked_for_until_they_come_and_again_when_they_are_refused() {
    let ground = Ground::new(&["hub", "east"]).await;
    ground.authenticate_by("east", "sh", &["-c", "echo >> runs; cat credential"]);
    let host = ground.start(&["--remote=east"]);
    host.says("context east: credential plugin `sh` failed")
        .await;
    let credential = r#"{"kind": "ExecCredential", "status": {"token": "t1"}}"#;
    std::fs::write(ground.path("credential"), credential).unwrap();
    host.says("watched kind=control.k8ssandra.io/v1alpha1 CassandraTask context=\"east\"")
        .await;
    let runs = || std::fs::read_to_string(ground.path("runs")).unwrap().len();
    let before = runs();
    let refused = Fault::before(Filter::any().verb(Verb::Watch)).times(1);
    ground.clusters[1].inject(refused.status(401, "Unauthorized"));
    ground.clusters[1].cut_watches();
    let again = async {
        while runs() == before {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let again = tokio::time::timeout(std::time::Duration::from_secs(30), again);
    assert!(again.await.is_ok(), "{}", host.log());
    assert_eq!(runs(), before + 1);
}

/// An HTTP proxy that opens tunnels: its address, and how many it has opened.
async fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let server = head.split(' ').nth(1).unwrap_or_default();
                let mut server = TcpStream::connect(server).await?;
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    (address, opened)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_may_be_behind_a_proxy() {
    let ground = Ground::new(&["hub", "east"]).await;
    let (address, opened) = proxy().await;
    ground.reach_through("east", &address);
    let host = ground.start(&["--remote=east"]);
    host.says("watched kind=control.k8ssandra.io/v1alpha1 CassandraTask context=\"east\"")
        .await;
    assert!(opened.load(Ordering::Relaxed) > 0);
}

/// What is in the environment of everything on that machine is not for a cluster that is named to be reached without.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_for_all_is_not_for_what_needs_none() {
    let ground = Ground::new(&["hub"]).await;
    let (address, opened) = proxy().await;
    ground.take_policy();
    let environment = [("HTTPS_PROXY", address.as_str()), ("NO_PROXY", "127.0.0.1")];
    let host = ground.start_in(&[], environment);
    host.says("watched kind=control.k8ssandra.io/v1alpha1 K8ssandraTask")
        .await;
    assert_eq!(opened.load(Ordering::Relaxed), 0);
}
