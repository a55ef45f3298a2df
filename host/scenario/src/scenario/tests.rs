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

#[test]
fn a_word_that_is_out_of_place_is_refused() {
    for (steps, expected) in [
        (
            "\n- aply: {}",
            "scenario nowhere/s.yaml: step 1: a step has no `aply`; did you mean `apply`?; it says one of apply, patch, \
             status, delete, lose, regain, unregister, register, refuse, permit, restart, wait, and may have at, wait, note, \
             expect",
        ),
        (
            "\n- wait: 5m\n  expct: {writes: 0}",
            "no `expct`; did you mean `expect`?",
        ),
        (
            "\n- wait: 5m\n- wait: 5m\n  expect: {creatd: []}",
            "step 2: expect: there is no `creatd`; did you mean `created`?; there are created, deleted,",
        ),
        (
            "\n- restart: policy",
            "restart: only the host can be: say `restart: host`",
        ),
        (
            "\n- delete: Pod a\n  with: {spec: {}}",
            "`with` says nothing beside delete: leave it out; it belongs to patch, status",
        ),
        (
            "\n- patch: Pod a\n  with: {}\n  is: {}",
            "`is` says nothing beside patch: leave it out; it belongs to status",
        ),
        (
            "\n- patch: Pod a\n  with: {}\n  context: east",
            "`context` says nothing beside patch",
        ),
        (
            "\n- wait: 5m\n  kind: Pod",
            "`kind` says nothing beside a step without a verb",
        ),
        (
            "\n- permit: Pod a\n  reason: Forbidden",
            "`reason` says nothing beside permit",
        ),
        (
            "\n- delete: Pod a\n  message: no",
            "`message` says nothing beside delete",
        ),
    ] {
        let error = error(steps);
        assert!(error.contains(expected), "{steps}: {error}");
    }
}

#[test]
fn a_field_with_nothing_behind_it_is_refused() {
    for field in ["created", "deleted", "events"] {
        let error = error(&format!("\n- wait: 5m\n  expect:\n    {field}:"));
        let expected = format!(
            "step 1: expect: {field}: nothing stands behind it: say [] for none, or leave it out"
        );
        assert!(error.contains(&expected), "{error}");
    }
    for field in [
        "writes",
        "conditions",
        "status",
        "objects",
        "requeue",
        "reasons",
    ] {
        let error = error(&format!("\n- wait: 5m\n  expect: {{{field}: null}}"));
        let expected = format!("{field}: nothing stands behind it");
        assert!(error.contains(&expected), "{error}");
    }
    for (steps, expected) in [
        (
            "\n- wait: 5m\n  expect: {conditions: {Done: ~}}",
            "conditions: Done: nothing",
        ),
        (
            "\n- wait: 5m\n  expect:",
            "step 1: expect: nothing stands behind it",
        ),
        ("\n- lose:", "lose: nothing stands behind it"),
        ("\n- restart:", "say `restart: host`"),
        (" []", "steps: nothing happens: say at least one step"),
        ("", "steps: nothing stands behind it"),
    ] {
        let error = error(steps);
        assert!(error.contains(expected), "{steps}: {error}");
    }
    assert!(
        read("\n- wait: 5m\n  expect: {objects: {Pod a: null}, status: {since: null}}").is_ok()
    );
}

#[test]
fn the_words_of_a_file_are_known() {
    for (text, expected) in [
        (
            "stroy: s",
            "there is no `stroy`; did you mean `story`?; a scenario has story,",
        ),
        (
            "story: s\nstart: 2022-12-15T19:42:00Z",
            "steps: nothing happens",
        ),
        ("story: s\ngiven:", "given: nothing stands behind it"),
        (
            "story: s\ngiven: [{fil: a.yaml}]",
            "given 1: there is no `fil`; did you mean `file`?; it has object, file, with, context",
        ),
        ("[]", "nowhere/s.yaml:1:1"),
    ] {
        let error = Scenario::parse(Path::new("nowhere/s.yaml"), text).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{text}: {error}");
    }
}
