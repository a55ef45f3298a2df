//! Stories in which something happens where nothing is, or does not follow from what was before.

use std::path::Path;

use super::{error, read};
use crate::Scenario;

#[test]
fn a_context_that_nobody_has_is_refused() {
    for (step, field) in [
        ("lose: est", "lose"),
        ("regain: est", "regain"),
        ("unregister: est", "unregister"),
        ("delete: Pod a in est", "delete"),
        ("patch: Pod a in est\n  with: {}", "patch"),
        ("status: Pod a in est\n  with: {}", "status"),
        ("status: Pod a in est\n  is: {}", "status"),
        ("refuse: Pod a in est\n  reason: Forbidden", "refuse"),
        ("permit: Pod a in est", "permit"),
        (
            "apply: {apiVersion: v1, kind: Pod, metadata: {name: a}}\n  context: est",
            "context",
        ),
        (
            "wait: 5m\n  expect: {created: [Pod a in est]}",
            "expect: created: Pod a in est",
        ),
        (
            "wait: 5m\n  expect: {deleted: [Pod a in est]}",
            "expect: deleted: Pod a in est",
        ),
        (
            "wait: 5m\n  expect: {objects: {Pod a in est: null}}",
            "expect: objects: Pod a in est",
        ),
    ] {
        let expected = format!(
            "scenario nowhere/s.yaml: step 2: {field}: there is no context `est` (did you mean `east`?); there are \
             control plane, east, north, south; others stand in `contexts`, or are registered by a step"
        );
        let steps = format!("\n- wait: 5m\n- {step}\n- register: south");
        assert_eq!(error(&steps), expected);
    }
}

#[test]
fn the_control_plane_and_what_is_registered_later_are_known() {
    let steps = "
- lose: control plane
- regain: control plane
- lose: south
- delete: Pod a in control plane
- unregister: east
- register: south
  expect: {created: [Pod a in south], deleted: [Pod a], objects: {Pod a in control plane: null}}";
    assert!(read(steps).is_ok());
}

#[test]
fn what_is_given_is_where_there_is_a_context() {
    let text = "
story: s
start: 2022-12-15T19:42:00Z
given:
- object: {apiVersion: v1, kind: Pod, metadata: {name: a}}
  context: est
steps: [wait: 5m]";
    let parse = |text: &str| {
        let scenario = Scenario::parse(Path::new("s.yaml"), text);
        scenario.map_err(|error| format!("{error:#}"))
    };
    let error = parse(text).unwrap_err();
    let expected = "given 1: context: there is no context `est`; there are control plane;";
    assert!(error.contains(expected), "{error}");
    let known = text.replace("est\n", "control plane\n");
    assert!(parse(&known).is_ok());
    let error = parse(&format!("contexts: [control plane]{known}")).unwrap_err();
    assert!(error.contains("always there: leave it out"), "{error}");
}

#[test]
fn what_does_not_follow_from_the_steps_before_is_refused() {
    for (steps, expected) in [
        (
            "\n- lose: east\n- regain: north",
            "step 2: regain north: it was not lost",
        ),
        (
            "\n- lose: east\n  kind: Pod\n- regain: east",
            "regain east: it was not lost; say it as in `lose`",
        ),
        (
            "\n- register: east",
            "register east: it is registered already",
        ),
        (
            "\n- unregister: south\n- register: south",
            "unregister south: it is not registered at this time",
        ),
        ("\n- register: control plane", "it is always there"),
        (
            "\n- unregister: control plane",
            "it is not registered at this time",
        ),
        (
            "\n- refuse: Pod a\n  reason: Forbidden\n- permit: Pod b",
            "permit Pod ns/b: it was not refused; say it as in `refuse`",
        ),
    ] {
        let error = error(steps);
        assert!(error.contains(expected), "{steps}: {error}");
    }
}
