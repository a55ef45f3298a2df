//! The command line: what is wrong is said in one line, with exit code 2; a signal ends it cleanly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pilothouse_clusters::sim::{Cluster, system_clock};
use pilothouse_tests::component;
use pilothouse_tests::simulated::CRDS;

const KUBECONFIG: &str = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "east",
    "contexts": [{"name": "east", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}], "users": [{"name": "u", "user": {}}]}"#;

fn run(arguments: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(component::host().unwrap());
    command
        .arg("run")
        .args(arguments)
        .current_dir(directory)
        .env_remove("KUBECONFIG")
        .env("HOME", directory);
    command.env("RUST_LOG", "error").output().unwrap()
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let write =
        |name: &str, content: &[u8]| std::fs::write(directory.path().join(name), content).unwrap();
    write("kubeconfig", KUBECONFIG.as_bytes());
    write("broken", b"not a component");
    write("text", b"not JSON");
    write("unknown.json", br#"{"colour": "red"}"#);
    let policy = component::built().unwrap().canonicalize().unwrap();
    let policy = policy.to_str().unwrap();
    let cases: [(&[&str], &[&str]); 7] = [
        (
            &["--policy", "missing"],
            &["reading policy missing", "is --policy right?"],
        ),
        (
            &["--policy", "broken"],
            &[
                "policy broken cannot be used",
                "not a WebAssembly component",
            ],
        ),
        (
            &["--policy", policy, "--settings", "text"],
            &["settings text are not JSON"],
        ),
        (
            &["--policy", policy, "--settings", "unknown.json"],
            &["its settings are wrong", "colour"],
        ),
        (
            &["--policy", policy, "--kubeconfig", "missing"],
            &["reading kubeconfig missing", "--kubeconfig"],
        ),
        (
            &[
                "--policy",
                policy,
                "--kubeconfig",
                "kubeconfig",
                "--context",
                "west",
            ],
            &["no context \"west\"", "it has: east"],
        ),
        (
            &[
                "--policy",
                policy,
                "--kubeconfig",
                "kubeconfig",
                "--remote",
                "west",
            ],
            &["no context \"west\"", "it has: east"],
        ),
    ];
    for (arguments, expected) in cases {
        let output = run(arguments, directory.path());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        for words in expected {
            assert!(
                said.contains(words),
                "{arguments:?}: {said:?} lacks {words:?}"
            );
        }
    }
}

#[test]
fn an_argument_that_is_wrong_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&["--policy", "p", "--log-format", "xml"], directory.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("[possible values: text, json]")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_cleanly_and_the_log_is_json() {
    let cluster = Cluster::new("east", system_clock());
    for crd in CRDS {
        cluster.install_crds(crd).unwrap();
    }
    let serving = Cluster::serve(&[cluster]).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = directory.path().join("kubeconfig");
    std::fs::write(&kubeconfig, serving.kubeconfig()).unwrap();
    let log = directory.path().join("log");
    let mut host = tokio::process::Command::new(component::host().unwrap())
        .args(["run", "--log-format", "json", "--policy"])
        .arg(component::built().unwrap())
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .env_remove("RUST_LOG")
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let read = || std::fs::read_to_string(&log).unwrap();
    let watching = async {
        while read().matches("\"watched\"").count() < 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), watching)
        .await
        .unwrap_or_else(|_| panic!("{}", read()));
    let id = host.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let ended = tokio::time::timeout(Duration::from_secs(60), host.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.code(), Some(0), "{}", read());
    for line in read().lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}
