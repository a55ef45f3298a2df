//! The simulated API server as the real kubectl finds it, over TCP: what the demo invites to.

use std::process::Stdio;
use std::time::Duration;

use kube_env::{Kubectl, write_kubeconfig};
use kube_sim::{Cluster, Serving, system_clock};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::rig::{HERE, Rig};

struct Terminal {
    kubectl: Kubectl,
    _folder: TempDir,
    _serving: Serving,
    rig: Rig,
}

impl Terminal {
    /// None, with a line that says so, where there is no kubectl and may be none.
    async fn open() -> Option<Self> {
        if !Kubectl::is_there_or_skip().await.unwrap() {
            return None;
        }
        let rig = Rig::on(Cluster::new("sea", system_clock()));
        let clusters = [rig.cluster.clone(), Cluster::new("lake", system_clock())];
        let serving = Cluster::serve(&clusters).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        write_kubeconfig(&kubeconfig, &serving.servers()).unwrap();
        Some(Self {
            kubectl: Kubectl::new(&kubeconfig),
            _folder: folder,
            _serving: serving,
            rig,
        })
    }

    /// What a command prints, or what it complains of.
    async fn ask(&self, command: &str, input: &str) -> Result<String, String> {
        let arguments: Vec<_> = command.split_whitespace().collect();
        let asked = patiently(self.kubectl.run(&arguments, input)).await;
        asked.map_err(|error| format!("{error:#}"))
    }

    /// What a command prints; it must succeed.
    async fn run(&self, command: &str) -> String {
        self.ask(command, "").await.unwrap()
    }

    /// The words of each line that a command prints.
    async fn words(&self, command: &str) -> Vec<Vec<String>> {
        let text = self.run(command).await;
        text.lines()
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect()
    }
}

/// What must come within a minute, so that a test fails and does not hang.
async fn patiently<T>(coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), coming)
        .await
        .expect("nothing came within a minute")
}

const BOAT: &str = "
apiVersion: harbour.test/v1
kind: Boat
metadata: {name: nora, namespace: ns, labels: {at: sea}}
spec: {name: Nora}
";

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_day() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    assert_eq!(
        terminal.ask("create -f -", BOAT).await.unwrap(),
        "boat.harbour.test/nora created\n"
    );
    assert_eq!(
        terminal.words("get boats -n ns").await,
        [vec!["NAME", "TITLE", "FIRST", "LEFT"], vec!["nora", "Nora"]]
    );
    assert_eq!(
        terminal.words("get bt -A --no-headers").await,
        [["ns", "nora", "Nora"]]
    );
    assert!(
        terminal
            .run("get boat nora -n ns -o yaml")
            .await
            .contains("sails: 2")
    );
    let patched = terminal
        .run("patch boat nora -n ns --type=merge -p {\"spec\":{\"sails\":3}}")
        .await;
    assert_eq!(patched, "boat.harbour.test/nora patched\n");
    let wait = "wait boat/nora -n ns --for=jsonpath={.spec.sails}=3 --timeout=30s";
    assert_eq!(
        terminal.run(wait).await,
        "boat.harbour.test/nora condition met\n"
    );
    let elsewhere = "get namespace ns --context lake";
    let missing = terminal.ask(elsewhere, "").await.unwrap_err();
    assert!(missing.contains("namespaces \"ns\" not found"), "{missing}");
    assert_eq!(
        terminal.run("delete boat nora -n ns").await,
        "boat.harbour.test \"nora\" deleted\n"
    );
    assert!(terminal.rig.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_tells_what_it_changes() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    let changed = BOAT.replace("{name: Nora}", "{name: Nora, sails: 5}");
    for (boat, expected) in [
        (BOAT, "created"),
        (BOAT, "unchanged"),
        (&changed, "configured"),
    ] {
        let said = terminal.ask("apply -f -", boat).await.unwrap();
        assert_eq!(said, format!("boat.harbour.test/nora {expected}\n"));
    }
    let refused = terminal.ask("apply --server-side -f -", BOAT).await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("kube-sim does not simulate"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    for (spec, expected) in [
        (
            "spec: {name: Nora, sials: 3}",
            "strict decoding error: unknown field \"spec.sials\"",
        ),
        (
            "spec: {}",
            "The Boat \"nora\" is invalid: spec.name: Required value",
        ),
    ] {
        let boat = BOAT.replace("spec: {name: Nora}", spec);
        let error = terminal.ask("create -f -", &boat).await.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_counts_events() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    let boat = terminal.rig.boat("nora").await;
    let ago = |seconds: i64| {
        let then = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
        then.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
    };
    let event = json!({
        "metadata": {"name": "nora.1"}, "eventTime": ago(300), "reportingController": "harbour-master",
        "reportingInstance": "one", "action": "Moor", "reason": "Moored", "type": "Warning", "note": "made fast",
        "regarding": {
            "apiVersion": "harbour.test/v1", "kind": "Boat", "namespace": "ns", "name": "nora",
            "uid": boat["metadata"]["uid"],
        },
    });
    let events = "/apis/events.k8s.io/v1/namespaces/ns/events";
    assert_eq!(terminal.rig.post(events, event).await.code, 201);
    let series = json!({"series": {"count": 2, "lastObservedTime": ago(240)}});
    let event = format!("{events}/nora.1");
    assert_eq!(terminal.rig.merge(&event, series).await.code, 200);
    let described = terminal.run("describe boat nora -n ns").await;
    let line = described
        .lines()
        .find(|line| line.contains("Moored"))
        .unwrap_or_else(|| panic!("{described}"));
    assert!(
        line.contains("Warning") && line.contains("(x2 over 5m") && line.contains("harbour-master"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn get_follows_changes() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    terminal.rig.boat("nora").await;
    let get = ["get", "boats", "-n", "ns", "-w", "--no-headers"];
    let mut following = terminal.kubectl.command(&get);
    let mut following = following.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut next = async || patiently(lines.next_line()).await.unwrap().unwrap();
    let before = next().await;
    assert_eq!(
        before.split_whitespace().collect::<Vec<_>>(),
        ["nora", "nora"]
    );
    let status = json!({"status": {"left": terminal.rig.cluster.now().to_string()}});
    terminal
        .rig
        .merge(&format!("{HERE}/nora/status"), status)
        .await;
    let after = next().await;
    assert!(
        after.starts_with("nora") && after.trim_end().ends_with('s'),
        "{after}"
    );
}
