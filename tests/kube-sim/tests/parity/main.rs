//! The simulated API server held against a real one: the same requests to both, in the same order, must have the same
//! answers, but for uids, versions and times. Skipped, with a line that says so, where there is no real one.

// Helpers are tests too: clippy lets only those unwrap.
#![cfg(test)]

mod answers;
mod script;

use kube_sim::{Cluster, system_clock};

use crate::answers::Session;

const DEFINITIONS: &str = include_str!("../../../fixtures/harbour/definitions.yaml");

#[tokio::test(flavor = "multi_thread")]
async fn both_answer_alike() {
    let Some(environment) = kube_env::start_or_skip(&["real"]).await.unwrap() else {
        return;
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/harbour");
    environment.install_crds(&[folder]).await.unwrap();
    let simulated = Cluster::new("simulated", system_clock());
    simulated.install_crds(DEFINITIONS).unwrap();
    let mut real = Session::new(environment.client("real").unwrap());
    let mut sim = Session::new(simulated.client("test"));
    let mut differences = Vec::new();
    for step in script::steps() {
        let (expected, found) = (real.ask_until(&step).await, sim.ask_until(&step).await);
        if expected != found {
            differences.push(format!(
                "{step}\n  real:      {expected}\n  simulated: {found}"
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
