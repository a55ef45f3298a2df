//! What goes wrong: one fault after the other, drawn from the seed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use kube_env::Environment;
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::objects::CONTEXTS;
use crate::process::Process;
use crate::world::Operator as _;

/// How long a kubelet waits before it kills, as in `deploy/`.
const GRACE: Duration = Duration::from_secs(30);
/// Longer than anything that a host or an API server waits for: longer than a host's write, a watch and its silence.
const LONG: u64 = 50_000;

/// All kinds of faults.
const KINDS: [&str; 6] = [
    "host killed",
    "host stopped",
    "host frozen",
    "API server killed",
    "API server frozen",
    "API server frozen for long",
];

/// Goes on until then; at the end everything runs.
pub(super) async fn run(
    seed: u64,
    environment: &Environment,
    hosts: &mut [Process],
    until: Instant,
) -> Result<BTreeMap<&'static str, usize>> {
    let mut rng = Rng::with_seed(!seed);
    let mut counts = BTreeMap::new();
    while Instant::now() < until {
        pause(&mut rng, 0..5_000).await;
        let kind = KINDS[rng.usize(..KINDS.len())];
        let host = rng.usize(..hosts.len());
        let context = CONTEXTS[rng.usize(..CONTEXTS.len())];
        info!(kind, host, context, "fault");
        let happened = happen(kind, &mut rng, environment, &mut hosts[host], context).await;
        happened.with_context(|| format!("{kind}: host {host}, context {context}"))?;
        *counts.entry(kind).or_default() += 1;
    }
    Ok(counts)
}

async fn happen(
    kind: &str,
    rng: &mut Rng,
    environment: &Environment,
    host: &mut Process,
    context: &str,
) -> Result<()> {
    match kind {
        "host killed" => {
            host.kill().await?;
            pause(rng, 0..3_000).await;
            host.start().await
        }
        "host stopped" => {
            host.stop(GRACE).await?;
            host.start().await
        }
        "host frozen" => {
            host.freeze(true)?;
            pause(rng, 1_000..20_000).await;
            host.freeze(false)
        }
        "API server killed" => {
            environment.kill(context).await?;
            pause(rng, 0..5_000).await;
            environment.start_again(context).await
        }
        _ => {
            environment.freeze(context, true).await?;
            let longest = if kind.ends_with("long") { LONG } else { 10_000 };
            pause(rng, longest / 4..longest).await;
            environment.freeze(context, false).await
        }
    }
}

async fn pause(rng: &mut Rng, milliseconds: std::ops::Range<u64>) {
    sleep(Duration::from_millis(rng.u64(milliseconds))).await;
}
