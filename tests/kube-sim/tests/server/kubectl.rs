//! The simulated API server as the real kubectl finds it, over TCP.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use kube_sim::{Cluster, Serving, system_clock};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::rig::{BOATS, HERE, MERGE, Rig};

struct Terminal {
    kubeconfig: NamedTempFile,
    cache: tempfile::TempDir,
    _serving: Serving,
    rig: Rig,
}

impl Terminal {
    /// None, with a line that says so, where there is no kubectl and may be none.
    async fn open() -> Option<Self> {
        if Command::new("kubectl")
            .arg("version")
            .arg("--client")
            .output()
            .await
            .is_err()
        {
            let required = std::env::var("PILOTHOUSE_REAL").is_ok_and(|value| value == "1");
            assert!(!required, "PILOTHOUSE_REAL=1, and there is no kubectl");
            println!("skipped: kubectl is not installed");
            return None;
        }
        let cluster = Cluster::new("sea", system_clock());
        cluster.install_crds(BOATS).unwrap();
        cluster.create_namespace("ns");
        let serving = Cluster::serve(&[cluster.clone(), Cluster::new("lake", system_clock())])
            .await
            .unwrap();
        let kubeconfig = NamedTempFile::new().unwrap();
        std::fs::write(kubeconfig.path(), serving.kubeconfig()).unwrap();
        let client = cluster.client("test");
        Some(Self {
            kubeconfig,
            cache: tempfile::tempdir().unwrap(),
            _serving: serving,
            rig: Rig { cluster, client },
        })
    }

    /// kubectl with a command, which ends with it at the latest when it is dropped.
    fn command(&self, command: &str) -> Command {
        let mut kubectl = Command::new("kubectl");
        kubectl
            .arg("--kubeconfig")
            .arg(self.kubeconfig.path())
            .arg("--cache-dir")
            .arg(self.cache.path());
        kubectl.args(command.split_whitespace()).kill_on_drop(true);
        kubectl
    }

    async fn output(&self, command: &str) -> Output {
        let output = self.command(command).output();
        patiently(output).await.unwrap()
    }

    /// What a command prints; it must succeed.
    async fn run(&self, command: &str) -> String {
        let output = self.output(command).await;
        assert!(
            output.status.success(),
            "kubectl {command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The words of each line that a command prints.
    async fn words(&self, command: &str) -> Vec<Vec<String>> {
        let text = self.run(command).await;
        text.lines()
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect()
    }

    fn file(&self, yaml: &str) -> NamedTempFile {
        let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(file.path(), yaml).unwrap();
        file
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
    let boat = terminal.file(BOAT);
    let path = boat.path().display();
    assert_eq!(
        terminal.run(&format!("create -f {path}")).await,
        "boat.harbour.test/nora created\n"
    );
    assert_eq!(
        terminal.words("get boats -n ns").await,
        [vec!["NAME", "TITLE", "LEFT"], vec!["nora", "Nora"]]
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
    assert_eq!(terminal.run("get crds --context lake").await, "");
    assert_eq!(
        terminal.run("explain boat.spec.rig").await.lines().next(),
        Some("GROUP:      harbour.test")
    );
    assert_eq!(
        terminal.run("delete boat nora -n ns").await,
        "boat.harbour.test \"nora\" deleted\n"
    );
    assert!(terminal.rig.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_both_ways() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    let (boat, changed) = (
        terminal.file(BOAT),
        terminal.file(&BOAT.replace("{name: Nora}", "{name: Nora, sails: 5}")),
    );
    for (file, expected) in [
        (&boat, "created"),
        (&boat, "unchanged"),
        (&changed, "configured"),
    ] {
        let output = terminal
            .run(&format!("apply -f {}", file.path().display()))
            .await;
        assert_eq!(output, format!("boat.harbour.test/nora {expected}\n"));
    }
    let output = terminal
        .run(&format!(
            "apply --server-side --force-conflicts -f {}",
            boat.path().display()
        ))
        .await;
    assert_eq!(output, "boat.harbour.test/nora serverside-applied\n");
    let definitions = terminal.file(BOATS);
    let output = terminal
        .run(&format!("apply -f {}", definitions.path().display()))
        .await;
    assert!(
        output.contains(
            "customresourcedefinition.apiextensions.k8s.io/boats.harbour.test configured"
        ),
        "{output}"
    );
    terminal
        .run("wait --for=condition=established crd/boats.harbour.test --timeout=30s")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    for (from, to, expected) in [
        (
            "spec: {name: Nora}",
            "spec: {name: Nora, sials: 3}",
            "strict decoding error: unknown field \"spec.sials\"",
        ),
        (
            "spec: {name: Nora}",
            "spec: {}",
            "The Boat \"nora\" is invalid: spec.name: Required value",
        ),
        (
            "kind: Boat",
            "kind: Raft",
            "no matches for kind \"Raft\" in version \"harbour.test/v1\"",
        ),
    ] {
        let file = terminal.file(&BOAT.replace(from, to));
        let output = terminal
            .output(&format!("create -f {}", file.path().display()))
            .await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && error.contains(expected),
            "{error}"
        );
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
    assert_eq!(
        terminal
            .rig
            .patch(&format!("{events}/nora.1"), MERGE, series)
            .await
            .code,
        200
    );
    let described = terminal.run("describe boat nora -n ns").await;
    let line = described
        .lines()
        .find(|line| line.contains("Moored"))
        .unwrap_or_else(|| panic!("{described}"));
    assert!(
        line.contains("Warning") && line.contains("(x2 over 5m") && line.contains("harbour-master"),
        "{line}"
    );
    let listed = terminal.words("get events -n ns --no-headers").await;
    assert_eq!(
        listed[0][1..],
        ["Warning", "Moored", "boat/nora", "made", "fast"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn get_follows_changes() {
    let Some(terminal) = Terminal::open().await else {
        return;
    };
    terminal.rig.boat("nora").await;
    let mut following = terminal.command("get boats -n ns -w --no-headers");
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
        .patch(&format!("{HERE}/nora/status"), MERGE, status)
        .await;
    let after = next().await;
    assert!(
        after.starts_with("nora") && after.trim_end().ends_with('s'),
        "{after}"
    );
}
