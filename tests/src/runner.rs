//! Runs the behaviours as tests of their own, in the format of Rust's test runner.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use libtest_mimic::{Arguments, Failed, Trial};

use pilothouse_clusters::real::{REQUIRED, available};

use crate::behaviours::Behaviour;
use crate::real::Clusters;

/// Runs these behaviours through `run`, each as a test named after the kind of clusters.
pub fn main(
    clusters: &str,
    behaviours: &[Behaviour],
    run: impl Fn(&Behaviour) -> Result<()> + Send + Sync + 'static,
) -> ExitCode {
    let run = Arc::new(run);
    let trials = behaviours.iter().copied().map(|behaviour| {
        let run = run.clone();
        Trial::test(format!("{clusters}::{}", behaviour.name), move || {
            run(&behaviour).map_err(|error| Failed::from(format!("{error:?}")))
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Runs these behaviours on real API servers, where there are any to start.
///
/// # Errors
/// If they do not start, or if there are none though they are required.
#[expect(clippy::print_stdout, reason = "a skipped suite has to say so")]
pub fn on_real_servers(
    suite: &str,
    behaviours: &[Behaviour],
    start: impl Future<Output = Result<Clusters>>,
) -> Result<ExitCode> {
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(main(suite, behaviours, |_| Ok(())));
    }
    if let Err(why) = available() {
        anyhow::ensure!(
            std::env::var(REQUIRED).as_deref() != Ok("1"),
            "{REQUIRED}=1, but {why}"
        );
        println!("{suite}: skipped, for want of a real API server: {why}");
        return Ok(ExitCode::SUCCESS);
    }
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let clusters = Arc::new(
        threads
            .block_on(start)
            .context("starting real API servers")?,
    );
    let (shared, handle) = (clusters.clone(), threads.handle().clone());
    let exit = main(suite, behaviours, move |behaviour| {
        handle.block_on(async {
            let mut world = shared.new_world().await?;
            let outcome = (behaviour.run)(&mut world).await;
            outcome.with_context(|| format!("pilothouse's log:\n{}", world.operator.log()))
        })
    });
    drop(clusters);
    Ok(exit)
}
