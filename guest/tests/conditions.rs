//! `docs/conditions.md` shows what `kubectl describe` prints of typical tasks: holds each block that follows `<!-- NAME -->` to the
//! end of the scenario of that name. `PILOTHOUSE_ACCEPT=1` writes what is decided now.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a document is compared with scenarios; the environment says whether to write it"
)]

mod native;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pilothouse_policy_test::memory::Memory;
use pilothouse_policy_test::{Clusters, Scenario};
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn directory() -> PathBuf {
    Path::new(ROOT).join("tests/scenarios")
}

/// The first primary of a scenario at its end, and the events until then.
fn play(name: &str) -> (Value, Vec<String>) {
    let path = directory().join(format!("{name}.yaml"));
    let scenario = Scenario::read(&path).unwrap();
    let mut clusters = Memory::new(&scenario, &native::Native, native::definitions()).unwrap();
    let (mut primary, mut events) = (Value::Null, Vec::new());
    for step in &scenario.steps {
        clusters.advance(step.at).unwrap();
        clusters.happen(&step.change).unwrap();
        let seen = clusters.rest().unwrap();
        primary = seen.primary.unwrap_or_default();
        events.extend(seen.events);
    }
    (primary, events)
}

/// As `kubectl describe` prints conditions and events, without times, ages and uids.
fn describe(primary: &Value, events: &[String]) -> String {
    let mut text = String::from("Status:\n  Conditions:\n");
    for condition in primary["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for (label, field) in [
            ("Message:", "message"),
            ("Reason:", "reason"),
            ("Status:", "status"),
            ("Type:", "type"),
        ] {
            let value = condition[field].as_str().unwrap_or_default();
            writeln!(text, "    {label:9} {value}").unwrap();
        }
    }
    if !events.is_empty() {
        let rows: Vec<Vec<&str>> = events
            .iter()
            .map(|event| event.splitn(3, ' ').collect())
            .collect();
        let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
        let (kind, reason) = (width(0).max("Type".len()), width(1).max("Reason".len()));
        writeln!(text, "Events:").unwrap();
        let heads = [
            vec!["Type", "Reason", "Message"],
            vec!["----", "------", "-------"],
        ];
        for row in heads.iter().chain(&rows) {
            writeln!(text, "  {:kind$}  {:reason$}  {}", row[0], row[1], row[2]).unwrap();
        }
    }
    text
}

/// The document, with the block after each `<!-- NAME -->` made anew.
fn written(document: &str) -> String {
    let mut parts = document.split("<!-- ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->").unwrap();
        let after = rest.splitn(3, "```").nth(2).unwrap();
        let (primary, events) = play(name);
        write!(
            text,
            "<!-- {name} -->\n\n```text\n{}```{after}",
            describe(&primary, &events)
        )
        .unwrap();
    }
    text
}

#[test]
fn the_reference_lists_every_reason() {
    let reference = std::fs::read_to_string(Path::new(ROOT).join("docs/reference.md")).unwrap();
    for path in pilothouse_policy_test::files(&directory()).unwrap() {
        let name = pilothouse_policy_test::name(&directory(), &path);
        let (primary, events) = play(&name);
        let ours = ["Running", "Failed", "Complete", "Invalid", "Stalled"];
        let conditions = primary["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten();
        let conditions = conditions.filter(|it| ours.iter().any(|kind| it["type"] == *kind));
        let reasons = conditions.filter_map(|it| it["reason"].as_str());
        let events = events.iter().filter_map(|event| event.split(' ').nth(1));
        for reason in reasons.chain(events) {
            assert!(
                reference.contains(&format!("`{reason}`")),
                "{name}: {reason} is not in docs/reference.md"
            );
        }
    }
}

#[test]
fn the_document_shows_what_the_policy_says() {
    let path = Path::new(ROOT).join("docs/conditions.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let written = written(&document);
    if std::env::var_os("PILOTHOUSE_ACCEPT").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert_eq!(document.matches("<!-- status/describe-").count(), 8);
    assert!(
        document == written,
        "docs/conditions.md is not what the policy says: PILOTHOUSE_ACCEPT=1 cargo test -p k8ssandra-task-policy --test conditions"
    );
}
