//! What the public CRD of K8ssandraTask demands of a status, as far as the policy writes it.

use jiff::Timestamp;
use serde_json::Value;

/// What the public CRD demands of a status.
pub fn assert_acceptable(status: &Value) {
    for (name, value) in status.as_object().unwrap() {
        match name.as_str() {
            "startTime" | "completionTime" => assert_time(value),
            "active" | "succeeded" | "failed" => assert!(value.is_i64(), "{name}: {value}"),
            "datacenters" => assert!(value.as_object().unwrap().values().all(Value::is_object)),
            "conditions" => value.as_array().unwrap().iter().for_each(assert_condition),
            _ => {}
        }
    }
}

fn assert_condition(condition: &Value) {
    let text = |name: &str| {
        condition[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {condition}"))
    };
    assert!(
        ["True", "False", "Unknown"].contains(&text("status")),
        "{condition}"
    );
    assert!(text("message").chars().count() <= 32_768);
    // ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$
    let reason = text("reason");
    assert!(
        reason.starts_with(|c: char| c.is_ascii_alphabetic()),
        "{condition}"
    );
    assert!(
        reason.chars().all(|c| c.is_ascii_alphanumeric()),
        "{condition}"
    );
    assert!(!text("type").is_empty());
    assert_time(&condition["lastTransitionTime"]);
}

fn assert_time(value: &Value) {
    let text = value.as_str().unwrap();
    let time: Timestamp = text.parse().unwrap();
    assert_eq!(time.to_string(), text, "in UTC");
    assert_eq!(time.subsec_nanosecond(), 0, "whole seconds: {text}");
}
