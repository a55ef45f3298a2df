//! The small configurations, explored to their end: what holds in every state of them, and what can be reached.

use policy_model::configs;
use policy_model::run::explore;
use policy_model::state::Budget;

#[test]
fn what_must_hold_holds_in_every_state() {
    for config in configs::small() {
        let report = explore(&config, 2).unwrap();
        assert!(
            report.found.is_empty(),
            "{}: {:#?}",
            config.name,
            report.found
        );
        assert_eq!(report.missing, [""; 0], "{}", config.name);
        assert!(
            report.states > 1_000,
            "{}: {} states",
            config.name,
            report.states
        );
    }
}

/// A checker that finds nothing might not look: it does find the hole that a host has which believes its caches.
#[test]
fn a_host_that_believes_its_caches_is_found_out() {
    let mut config = configs::small().remove(1);
    config.budget = Budget {
        edits: 1,
        faults: 1,
        ..Budget::default()
    };
    config.believes_silence = true;
    let report = explore(&config, 2).unwrap();
    let one_at_a_time = policy_model::laws::Law::OneAtATime.text();
    let found = report.found.iter().find(|it| it.property == one_at_a_time);
    let last = found
        .and_then(|it| it.moves.last())
        .map(String::as_str)
        .unwrap_or_default();
    assert!(
        last.ends_with("create the CassandraTask of dc2"),
        "{found:#?}"
    );
}
