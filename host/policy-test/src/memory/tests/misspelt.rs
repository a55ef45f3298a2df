//! What is misspelt, and can only be told once the scenario is played.

use super::play;

#[test]
fn a_kind_that_nobody_has_is_a_failure() {
    for (step, expected) in [
        (
            "lose: east\n  kind: Itm",
            "step 2, lose Itm in east: neither the policy nor an object is of the kind Itm (did you mean `Item`?)",
        ),
        (
            "refuse: Thing o in east\n  reason: Forbidden",
            "Thing default/o in east: neither the policy nor an object is of the kind Thing",
        ),
    ] {
        let report = play(&format!("- {step}\n- wait: 5m"));
        assert!(report.to_string().contains(expected), "{report}");
        assert!(report.is_cut_short);
        assert_eq!(report.steps, 1);
    }
}

#[test]
fn a_condition_that_is_misspelt_is_not_absent() {
    let steps = "- wait: 5m
  expect: {conditions: {Complet: none, Step2: none, Invalid: none, Complete: none}}
- wait: 5m
  expect: {conditions: {Complete: True Done, Step1: True Done}}";
    let report = play(steps).to_string();
    let expected = "conditions.Complet: no condition of that type was ever seen in this scenario (did you mean `Complete`?)";
    assert!(report.contains(expected), "{report}");
    assert_eq!(report.matches("ever seen").count(), 1, "{report}");
}

#[test]
fn where_nothing_is_decided_nothing_is_said() {
    let report = play(
        "- delete: Order o
  expect: {deleted: [Item o-item in east], requeue: none}
- wait: 5m
  expect: {requeue: 5m, reasons: [deletes]}",
    );
    let failures: Vec<&str> = report
        .failures
        .iter()
        .filter_map(|failure| failure.lines().next())
        .collect();
    let expected = ["requeue", "reasons"].map(|what| format!("step 3, time passes: {what}"));
    assert_eq!(failures, expected);
}
