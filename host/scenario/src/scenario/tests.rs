use serde_json::json;

use super::*;
use crate::reference::Reference;

fn read(steps: &str) -> Result<Scenario> {
    let text = format!(
        "story: s\nnamespace: ns\nstart: 2022-12-15T19:42:00Z\nsteps:\n{}",
        steps.replace('\n', "\n  ").trim_start_matches('\n')
    );
    Scenario::parse(Path::new("nowhere/s.yaml"), &text)
}

fn error(steps: &str) -> String {
    format!("{:#}", read(steps).unwrap_err())
}

#[test]
fn steps_happen_one_after_the_other() {
    let scenario = read(
        "
- delete: Pod a
- delete: Pod a in east
  at: 19:50:00
- wait: 5m
- restart: host
  at: 2022-12-16T00:00:00Z",
    )
    .unwrap();
    let times: Vec<String> = scenario
        .steps
        .iter()
        .map(|step| seconds(step.at).split_off(8))
        .collect();
    assert_eq!(
        times,
        [
            "15T19:43:00Z",
            "15T19:50:00Z",
            "15T19:55:00Z",
            "16T00:00:00Z"
        ]
    );
    let deleted: Reference = "Pod ns/a in east".parse().unwrap();
    assert_eq!(scenario.steps[1].change, Change::Delete(deleted));
    assert_eq!(scenario.steps[2].change, Change::Nothing);
    assert_eq!(scenario.steps[3].title, "restart the host");
}

#[test]
fn an_object_is_in_the_namespace_of_the_scenario_and_now_is_the_time_of_the_step() {
    let steps = "
- apply: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {since: $now}}
  context: east";
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ns"},
        "spec": {"since": "2022-12-15T19:43:00Z"}});
    let context = Some("east".to_owned());
    assert_eq!(
        read(steps).unwrap().steps[0].change,
        Change::Apply { context, object }
    );
}

#[test]
fn what_is_wrong_is_said_with_its_step() {
    for (steps, expected) in [
        ("\n- note: n", "step 1: nothing happens: say one of apply"),
        (
            "\n- delete: Pod a\n  restart: host",
            "only one thing can happen in a step",
        ),
        ("\n- delete: Pod", "names no object"),
        ("\n- wait: soon", "wait: \"soon\" is no duration"),
        ("\n- wait: -5m", "is in the past"),
        ("\n- wait: 5m\n  at: 20:00:00", "say either `at` or `wait`"),
        (
            "\n- restart: host\n  at: 19:41:00",
            "is before the step before it",
        ),
        ("\n- restart: host\n  at: noon", "at: \"noon\" is no time"),
        ("\n- patch: Pod a", "`with` is missing"),
        ("\n- status: Pod a", "`with` is missing"),
        ("\n- status: Pod a\n  is: {}\n  with: {}", "say either `is`"),
        ("\n- refuse: Pod a", "`reason` is missing"),
        ("\n- apply: {kind: Pod}", "the object has no apiVersion"),
        (
            "\n- apply: {file: missing.yaml}",
            "reading nowhere/missing.yaml",
        ),
        ("\n- restart: host\n  expect: {creates: []}", "creates"),
    ] {
        let error = error(steps);
        assert!(error.contains(expected), "{steps}: {error}");
    }
}

#[test]
fn where_a_file_is_no_yaml_is_said_in_one_line() {
    for (steps, expected) in [
        (
            "\n- delete: [Pod a",
            "nowhere/s.yaml:5:13: unclosed bracket '[', in: - delete: [Pod a",
        ),
        (
            "\n- wait: 5m\n  expect: {writes: many}",
            "nowhere/s.yaml:6:22: invalid u64, in: expect: {writes: many}",
        ),
        (
            "\n- wait: 5m\n  expect: {created: Pod a}",
            "nowhere/s.yaml:6:23: expected sequence start, in: expect: {created: Pod a}",
        ),
    ] {
        assert_eq!(error(steps), expected);
    }
}
