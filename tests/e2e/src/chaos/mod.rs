//! Chaos: two hosts on real API servers, and all of them are killed, stopped and frozen at random while tasks run. Afterwards
//! everything must be as if nothing had happened.
//!
//! [`load`] is the tasks, [`faults`] what goes wrong, [`oracles`] what must hold: they look at the API servers and their audit
//! logs alone.

mod faults;
mod load;
mod oracles;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use cass_operator_sim::CassOperator;
use kube::api::{Api, DynamicObject, PostParams};
use tokio::time::{Instant, sleep, timeout};
use tracing::info;

use crate::kind::Kind;
use crate::objects::{CONTEXTS, demo};
use crate::process::Process;
use crate::real::{Clusters, NAMESPACE};
use crate::world::{Failures, Operator as _, QUICK};
use load::Load;

/// How many hosts run side by side.
const HOSTS: usize = 2;
/// How long one request of the tests may take: one that a frozen API server holds is sent again.
const REQUEST: Duration = Duration::from_secs(5);
/// How long a request is sent again.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What goes wrong, and which tasks there are: the same seed wishes the same, in the same order.
    pub seed: u64,
    /// For how long.
    pub time: Duration,
}

/// What has happened.
#[derive(Debug)]
pub struct Report {
    /// How often what went wrong.
    pub faults: BTreeMap<&'static str, usize>,
    /// How many tasks there were.
    pub tasks: usize,
    /// How long it took after the last fault until the last task was at its end.
    pub recovery: Duration,
    /// How many writes the hosts made.
    pub writes: usize,
}

/// What takes part.
struct Chaos {
    clusters: Clusters,
    hosts: Vec<Process>,
    failures: Failures,
    _cass_operators: Vec<CassOperator>,
}

/// Runs it. An error says what does not hold, with the hosts' logs.
pub async fn run(options: Options) -> Result<Report> {
    let mut chaos = Chaos::start().await?;
    let outcome = chaos.run(options).await;
    outcome.with_context(|| {
        let logs = chaos.hosts.iter().map(|host| tail(&host.log()));
        logs.fold(String::new(), |all, log| {
            format!("{all}the log of a host ends with:\n{log}\n")
        })
    })
}

impl Chaos {
    async fn start() -> Result<Self> {
        let clusters = Clusters::start().await?;
        let failures = Failures::default();
        let cass_operators = clusters.cass_operators(NAMESPACE, &failures, QUICK)?;
        let mut hosts = Vec::new();
        for _ in 0..HOSTS {
            let mut host = Process::new(clusters.own().clone(), NAMESPACE)?;
            host.start().await?;
            hosts.push(host);
        }
        let chaos = Self {
            clusters,
            hosts,
            failures,
            _cass_operators: cass_operators,
        };
        let cluster = serde_json::from_value(demo())?;
        let clusters = chaos.api(CONTEXTS[0], Kind::Cluster)?;
        clusters.create(&PostParams::default(), &cluster).await?;
        Ok(chaos)
    }

    async fn run(&mut self, options: Options) -> Result<Report> {
        let until = Instant::now() + options.time;
        let tasks = self.api(CONTEXTS[0], Kind::Task)?;
        let load = Load::new(options.seed, tasks, self.failures.clone());
        let environment = &self.clusters.environment;
        let (wishes, faults) = tokio::try_join!(
            load.run(until),
            faults::run(options.seed, environment, &mut self.hosts, until)
        )?;
        let calm = Instant::now();
        info!(tasks = wishes.len(), ?faults, "nothing goes wrong any more");
        self.wait_for_ends(&wishes).await?;
        let recovery = calm.elapsed();
        info!(?recovery, "all tasks are at their end");
        let writes = self.check(&wishes).await?;
        Ok(Report {
            faults,
            tasks: wishes.len(),
            recovery,
            writes,
        })
    }

    /// The API of a kind, in the namespace where everything is.
    fn api(&self, context: &str, kind: Kind) -> Result<Api<DynamicObject>> {
        let client = self.clusters.environment.client(context)?;
        Ok(Api::namespaced_with(client, NAMESPACE, &kind.resource()))
    }
}

/// Sends a request until it is answered.
async fn insist<T>(what: &str, mut request: impl AsyncFnMut() -> kube::Result<T>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        let why = match timeout(REQUEST, request()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {REQUEST:?}"),
        };
        if Instant::now() > end {
            bail!("{what}: {why}, for {PATIENCE:?}");
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The end of a log.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: usize = self.faults.values().sum();
        writeln!(f, "{faults} faults, 0 violations")?;
        for (name, count) in &self.faults {
            writeln!(f, "  {count:>4} {name}")?;
        }
        writeln!(
            f,
            "{} tasks, {} writes of the hosts",
            self.tasks, self.writes
        )?;
        write!(
            f,
            "{:.1} s from the last fault to the last end",
            self.recovery.as_secs_f64()
        )
    }
}
