//! Every row of the tables that the policy makes true, and every sample of the documentation, has a scenario.

use std::collections::BTreeSet;
use std::path::Path;

use pilothouse_policy_test::{Scenario, files};

/// By their names: the decision table, the table of targets, concurrency, events, the status and its laws, the samples of the
/// page on cluster tasks, what cass-operator writes, what a task that is stuck says, and the settings.
const ROWS: &str = "
    rule 1 being deleted, rule 2 finished, rule 3 cluster unknown, rule 3a status lost, rule 4 specification invalid, rule 4 specification wrong, rule 5 not yet adopted,
    rule 6 otherwise, pending, failed, done, running, lost, unknown, forbid, allow, creation event, cancellation event,
    datacenter added or removed, status copies, status times and sums, condition running, condition failed,
    condition complete, condition invalid, law startTime, law completionTime, law complete and failed,
    law no change no write, stopped task, page quick start, page normal execution, page events,
    page invalid specification, page job failures, page datacenters, page datacenter concurrency, page template, page ttl,
    page ownership, stuck no status, stuck context, stuck datacenter not ready, cass start, cass job on each pod,
    cass success, cass pod fails, cass restart, cass refresh, cass waiting, cass unknown command, cass deletion, settings, abandon,
    condition stalled, conflict, datacenter moved, ownership, record, stuck, takeover";

#[test]
fn every_row_has_a_scenario_and_every_scenario_a_row() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let mut covered = BTreeSet::new();
    for path in files(&directory).unwrap() {
        let scenario = Scenario::read(&path).unwrap();
        assert!(
            !scenario.covers.is_empty(),
            "{} covers nothing",
            path.display()
        );
        covered.extend(scenario.covers);
    }
    let rows: BTreeSet<String> = ROWS.split(',').map(|row| row.trim().to_owned()).collect();
    let lacking: Vec<_> = rows.difference(&covered).collect();
    assert!(lacking.is_empty(), "no scenario for {lacking:?}");
    let unknown: Vec<_> = covered.difference(&rows).collect();
    assert!(unknown.is_empty(), "there is no such row: {unknown:?}");
}
