//! The small configurations, explored to their end: what holds in every state of them, and what can be reached.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use policy_model::configs;
use policy_model::run::explore;

#[test]
fn what_must_hold_holds_in_every_state() {
    for config in configs::small() {
        let report = explore(&config, 2).expect("the policy accepts its settings");
        let unknown: Vec<_> = report
            .found
            .iter()
            .filter(|it| it.known.is_none())
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:#?}", config.name);
        assert_eq!(report.missing, [""; 0], "{}", config.name);
        assert!(
            report.states > 1_000,
            "{}: {} states",
            config.name,
            report.states
        );
    }
}
