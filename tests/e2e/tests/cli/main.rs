//! The command line: what is wrong is said in one line, with exit code 2; a signal ends it cleanly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

mod contexts;
mod memory;
mod policies;
mod running;
mod stop;

use std::path::Path;
use std::process::{Command, Output};

use kube_env::write_kubeconfig;
use kube_sim::Filter;
use pilothouse_e2e::component;
use running::Ground;

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
    let servers = [("east".to_owned(), "http://127.0.0.1:1".to_owned())];
    write_kubeconfig(&directory.path().join("kubeconfig"), &servers).unwrap();
    let plugin = std::fs::read_to_string(directory.path().join("kubeconfig")).unwrap();
    let plugin = plugin.replace("\"token\": null", r#""exec": {"command": "false"}"#);
    write("plugin", plugin.as_bytes());
    write("broken", b"not a component");
    write("text", b"not JSON");
    write("unknown.json", br#"{"colour": "red"}"#);
    let policy = component::built().unwrap().canonicalize().unwrap();
    let policy = policy.to_str().unwrap();
    write("memory", b"209715200\n");
    let cases: [(&[&str], &[&str]); 9] = [
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
            &["its settings are invalid", "colour"],
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
        (
            &["--policy", policy, "--kubeconfig", "plugin"],
            &["the current one", "credential plugin `false` failed"],
        ),
        (
            &["--policy", policy, "--memory-limit", "memory"],
            &["200 MiB is too small", "128 MiB", "80 MiB"],
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

/// A story of which only the steps matter.
fn story(steps: &str) -> String {
    format!("story: s\ncontexts: [east]\nstart: 2022-12-15T19:42:00Z\nsteps:\n{steps}\n")
}

fn policy_test(arguments: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(component::host().unwrap());
    command
        .args(["policy", "test"])
        .args(arguments)
        .current_dir(directory);
    command.output().unwrap()
}

#[test]
fn scenarios_that_pass_fail_or_cannot_be_read_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let write =
        |name: &str, content: &str| std::fs::write(directory.path().join(name), content).unwrap();
    write("well.yaml", &story("- wait: 5m\n  expect: {writes: 0}"));
    write("fails.yaml", &story("- wait: 5m\n  expect: {writes: 1}"));
    write("typo.yaml", &story("- wait: 5m\n  expct: {writes: 0}"));
    write("lost.yaml", &story("- lose: est"));
    write("no.yaml", "story: [s");
    write("broken", "not a component");
    let policy = component::built().unwrap().canonicalize().unwrap();
    let policy = policy.to_str().unwrap();
    let typo =
        "pilothouse: scenario typo.yaml: step 1: a step has no `expct` (did you mean `expect`?)";
    let cases: [(&[&str], i32, &str, &str); 9] = [
        (&[policy, "well.yaml"], 0, "ok     well.yaml (1 steps)", ""),
        (
            &[policy, "fails.yaml"],
            1,
            "FAILED fails.yaml (1 steps)",
            "",
        ),
        (&[policy, "typo.yaml"], 2, "", typo),
        (
            &[policy, "lost.yaml"],
            2,
            "",
            "pilothouse: scenario lost.yaml: step 1: lose: there is no context `est` (did you mean `east`?)",
        ),
        (
            &[policy, "no.yaml"],
            2,
            "",
            "pilothouse: no.yaml:1:8: unclosed bracket '['",
        ),
        (
            &[policy, "missing.yaml"],
            2,
            "",
            "pilothouse: reading scenario missing.yaml: No such file",
        ),
        (
            &["broken", "well.yaml"],
            2,
            "",
            "pilothouse: policy broken cannot be used: not a WebAssembly component",
        ),
        (
            &["missing", "well.yaml"],
            2,
            "",
            "pilothouse: reading policy missing: No such file",
        ),
        // What cannot be read does not keep the others from being played.
        (
            &[policy, "typo.yaml", "fails.yaml", "well.yaml"],
            2,
            "FAILED fails.yaml (1 steps)",
            typo,
        ),
    ];
    for (arguments, code, told, complained) in cases {
        let output = policy_test(arguments, directory.path());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {out}{err}"
        );
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        assert_eq!(first(&out), told, "{arguments:?}: {out}");
        assert!(first(&err).starts_with(complained), "{arguments:?}: {err}");
        assert_eq!(
            err.lines().count(),
            usize::from(!complained.is_empty()),
            "{arguments:?}: {err}"
        );
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
async fn it_says_who_it_is_sigterm_ends_it_cleanly_and_the_log_is_json() {
    let ground = Ground::new(&["east"]).await;
    let mut host = ground.start(&["--log-format", "json"]);
    host.says_times("\"watched\"", 3).await;
    for request in ground.clusters[0].requests(&Filter::any()) {
        assert!(request.user_agent.starts_with("pilothouse/"), "{request:?}");
    }
    host.terminate();
    assert_eq!(host.code().await, Some(0), "{}", host.log());
    for line in host.log().lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}
