//! Every behaviour on real API servers, with `deploy/`'s CRDs and rights, kubectl, and the `pilothouse` binary; and Pilothouse
//! beside k8ssandra-operator.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use libtest_mimic::Trial;
use pilothouse_e2e::behaviours::ALL;
use pilothouse_e2e::beside::{self, Neighbours, Story};
use pilothouse_e2e::real::Clusters;
use pilothouse_e2e::runner::{self, Started};

fn main() -> Result<ExitCode> {
    runner::on_real_servers("real", ALL, Clusters::start(), beside_k8ssandra_operator)
}

fn beside_k8ssandra_operator(started: Started<'_>) -> Result<Vec<Trial>> {
    let named = |story: &Story| format!("real::beside::{}", story.name);
    let Some((clusters, handle)) = started else {
        let listed = |story| runner::trial(named(story), || Ok(()));
        return Ok(beside::ALL.iter().map(listed).collect());
    };
    let neighbours = handle
        .block_on(Neighbours::install(clusters))
        .context("installing k8ssandra-operator's accounts and the policy")?;
    let neighbours = Arc::new(neighbours);
    let trial = |story: &'static Story| {
        let (clusters, neighbours) = (clusters.clone(), neighbours.clone());
        let handle = handle.clone();
        runner::trial(named(story), move || {
            handle.block_on(beside::run(&clusters, &neighbours, story))
        })
    };
    Ok(beside::ALL.iter().map(trial).collect())
}
