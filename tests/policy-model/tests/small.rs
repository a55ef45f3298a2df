//! The small configurations, explored to their end: what holds in every state of them, and what can be reached.

use policy_model::config::Configs;
use policy_model::run::explore;
use policy_model::state::Budget;

#[test]
fn what_must_hold_holds_in_every_state() {
    for config in Configs::read().small {
        let report = explore(&config, 2).unwrap();
        assert!(report.is_well(), "{report}");
        assert!(report.states > 1_000, "{report}");
    }
}

/// A checker that finds nothing might not look: it does find the hole that a host has which trusts its caches.
#[test]
fn a_host_that_trusts_its_caches_is_found() {
    let mut config = Configs::named("small: one at a time");
    config.budget = Budget {
        edits: 1,
        faults: 1,
        ..Budget::default()
    };
    config.trusts_caches = true;
    let report = explore(&config, 2).unwrap();
    let one_at_a_time = policy_model::laws::Law::OneAtATime.text();
    let found = report.found.iter().find(|it| it.property == one_at_a_time);
    let last = found.and_then(|it| it.moves.last()).map(String::as_str);
    let is_last = last.is_some_and(|it| it.ends_with("create the CassandraTask of dc2"));
    assert!(is_last, "{found:#?}");
}
