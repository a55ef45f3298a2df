//! Runs the behaviours as tests of their own, in the format of Rust's test runner.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use kube_env::is_available_or_skip;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Handle;

use crate::behaviours::Behaviour;
use crate::real::Clusters;

/// Runs these behaviours through `run`, each as a test named after the kind of clusters, and then other tests.
pub fn main(
    clusters: &str,
    behaviours: &[Behaviour],
    run: impl Fn(&Behaviour) -> Result<()> + Send + Sync + 'static,
    others: Vec<Trial>,
) -> ExitCode {
    let run = Arc::new(run);
    let behaviours = behaviours.iter().copied().map(|behaviour| {
        let run = run.clone();
        trial(format!("{clusters}::{}", behaviour.name), move || {
            run(&behaviour)
        })
    });
    let trials = behaviours.chain(others).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test.
pub fn trial(name: String, run: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run().map_err(|error| Failed::from(format!("{error:?}")))
    })
}

/// Real API servers to run tests on, and what they run in; none where the tests are only listed.
pub type Started<'a> = Option<(&'a Arc<Clusters>, &'a Handle)>;

/// Runs these behaviours on real API servers, where there are any to start, and then other tests.
///
/// # Errors
/// If they do not start, or if there are none though they are required.
pub fn on_real_servers(
    suite: &str,
    behaviours: &[Behaviour],
    start: impl Future<Output = Result<Clusters>>,
    others: impl FnOnce(Started<'_>) -> Result<Vec<Trial>>,
) -> Result<ExitCode> {
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(main(suite, behaviours, |_| Ok(()), others(None)?));
    }
    if !is_available_or_skip()? {
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
    let handle = threads.handle().clone();
    let others = others(Some((&clusters, &handle)))?;
    let shared = clusters.clone();
    let run = move |behaviour: &Behaviour| handle.block_on(run(&shared, behaviour));
    let exit = main(suite, behaviours, run, others);
    drop(clusters);
    Ok(exit)
}

async fn run(clusters: &Clusters, behaviour: &Behaviour) -> Result<()> {
    let mut world = clusters.new_world().await?;
    let outcome = (behaviour.run)(&mut world).await;
    outcome.with_context(|| format!("pilothouse's log:\n{}", world.operator.log()))
}
