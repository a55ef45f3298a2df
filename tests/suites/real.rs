//! Every behaviour on real API servers, with `deploy/`'s CRDs and rights, kubectl, and the `pilothouse` binary.
#![expect(clippy::print_stdout, reason = "a skipped suite has to say so")]

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pilothouse_clusters::real::{REQUIRED, available};
use pilothouse_tests::behaviours::Behaviour;
use pilothouse_tests::real::Clusters;
use pilothouse_tests::runner;

fn main() -> Result<ExitCode> {
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(runner::main("real", |_| Ok(())));
    }
    if let Err(why) = available() {
        anyhow::ensure!(
            std::env::var(REQUIRED).as_deref() != Ok("1"),
            "{REQUIRED}=1, but {why}"
        );
        println!("real API server tests skipped: {why}");
        return Ok(ExitCode::SUCCESS);
    }
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let clusters = Arc::new(
        threads
            .block_on(Clusters::start())
            .context("starting real API servers")?,
    );
    let (shared, handle) = (clusters.clone(), threads.handle().clone());
    let exit = runner::main("real", move |behaviour| {
        handle.block_on(run(&shared, behaviour))
    });
    drop(clusters);
    Ok(exit)
}

async fn run(clusters: &Clusters, behaviour: &Behaviour) -> Result<()> {
    let mut world = clusters.new_world().await?;
    let outcome = (behaviour.run)(&mut world).await;
    outcome.with_context(|| format!("pilothouse's log:\n{}", world.operator.log()))
}
