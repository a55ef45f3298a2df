//! Stories that are refused when they are read, each with what is said of it.

use std::path::Path;

use super::{error, read};
use crate::Scenario;

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
        (
            "\n- restart: host\n  expect: nothng",
            "invalid value: string \"nothng\", expected fields, or `nothing`",
        ),
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
            "nowhere/s.yaml:6:13: unclosed bracket '[', in: - delete: [Pod a",
        ),
        (
            "\n- wait: 5m\n  expect: {writes: many}",
            "nowhere/s.yaml:7:22: invalid u64, in: expect: {writes: many}",
        ),
        (
            "\n- wait: 5m\n  expect: {created: Pod a}",
            "nowhere/s.yaml:7:23: expected sequence start, in: expect: {created: Pod a}",
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
            "scenario nowhere/s.yaml: step 1: a step has no `aply` (did you mean `apply`?); it says one of apply, patch, \
             status, delete, lose, regain, unregister, register, refuse, permit, restart, wait, and may have at, wait, note, \
             expect",
        ),
        (
            "\n- wait: 5m\n  expct: {writes: 0}",
            "no `expct` (did you mean `expect`?)",
        ),
        (
            "\n- wait: 5m\n- wait: 5m\n  expect: {creatd: []}",
            "step 2: expect: there is no `creatd` (did you mean `created`?); there are created, deleted,",
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
    for (field, instead) in [
        ("created", "leave it out for none"),
        ("events", "say [] for none, or leave it out"),
    ] {
        let error = error(&format!("\n- wait: 5m\n  expect:\n    {field}:"));
        let expected = format!("step 1: expect: {field}: nothing stands behind it: {instead}");
        assert!(error.contains(&expected), "{error}");
    }
    for field in [
        "deleted",
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
            "there is no `stroy` (did you mean `story`?); a scenario has story,",
        ),
        (
            "story: s\nstart: 2022-12-15T19:42:00Z",
            "steps: nothing happens",
        ),
        ("story: s\ngiven:", "given: nothing stands behind it"),
        (
            "story: s\nstart: 2022-12-15T19:42:00Z\nsteps: [wait: 5m]\ngiven: [{object: {}, with: {}}]",
            "given 1: `with` goes with `file` alone",
        ),
        (
            "story: s\ngiven: [{fil: a.yaml}]",
            "given 1: there is no `fil` (did you mean `file`?); it has object, file, with, context",
        ),
        ("[]", "nowhere/s.yaml:1:1"),
    ] {
        let error = Scenario::parse(Path::new("nowhere/s.yaml"), text).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn what_is_read_from_a_file_is_said_with_these_words_and_no_others() {
    for (steps, odd) in [
        (
            "\n- apply: {file: a.yaml, wth: {}}",
            "apply: what is `wth`?",
        ),
        ("\n- apply: {fil: a.yaml}", "apply: what is `fil`?"),
        (
            "\n- status: Pod a\n  is: {flie: a.yaml}",
            "is: what is `flie`?",
        ),
        (
            "\n- patch: Pod a\n  with: {files: a.yaml}",
            "with: what is `files`?",
        ),
        (
            "\n- wait: 5m\n  expect: {status: {file: a.yaml, wiht: {}}}",
            "expect: status: what is `wiht`?",
        ),
        (
            "\n- wait: 5m\n  expect: {objects: {Pod a: {fiel: a.yaml}}}",
            "expect: objects: Pod a: what is `fiel`?",
        ),
    ] {
        let error = error(steps);
        let expected = format!("step 1: {odd} It may be {{file: F}} or {{file: F, with: PATCH}}");
        assert!(error.contains(&expected), "{steps}: {error}");
    }
    assert!(read("\n- patch: Pod a\n  with: {files: 5, fill: red}").is_ok());
}

#[test]
fn an_object_that_is_expected_has_a_name() {
    let error = error("\n- wait: 5m\n  expect: {objects: {Pod: null}}");
    assert!(error.contains("names no object"), "{error}");
}
