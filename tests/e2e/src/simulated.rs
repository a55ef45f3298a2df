//! Worlds on simulated clusters: all in one thread, on a clock that only moves when everybody waits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use cass_operator_sim::CassOperator;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::Client;
use kube_env::write_kubeconfig;
use kube_sim::{Cluster, Serving, system_clock, tokio_clock};
use pilothouse::clock::Clock;
use pilothouse::contexts::Contexts;
use pilothouse::host::{Host, Options};
use pilothouse::policy::wasm::{Limits, Runtime};
use pilothouse::swap::Source;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::behaviours::Behaviour;
use crate::log::Log;
use crate::objects::CONTEXTS;
use crate::world::{Failures, Operator, QUICK, VISIBLE, World, cass_operator};
use crate::{component, native};

/// The CRDs of `deploy/`, and that of cass-operator.
pub const CRDS: [&str; 3] = [
    include_str!("../../../deploy/crds/control.k8ssandra.io_k8ssandratasks.yaml"),
    include_str!("../../../deploy/overlays/standalone/k8ssandra.io_k8ssandraclusters.yaml"),
    include_str!("../../fixtures/crds/control.k8ssandra.io_cassandratasks.yaml"),
];

/// Runs a behaviour in a world of its own.
pub fn run(behaviour: &Behaviour) -> Result<()> {
    play(Deciding::Compared, async |stage| {
        (behaviour.run)(&mut stage.world).await
    })
}

/// Which build of the policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deciding {
    /// The component, held against the native policy at every call. It is compiled at each start of the host.
    Compared,
    /// The native policy alone: for stories that are told dozens of times over.
    Native,
}

/// Plays a story on clusters of its own. The host has not sent anything yet when it begins.
pub fn play(deciding: Deciding, story: impl AsyncFnOnce(&mut Stage) -> Result<()>) -> Result<()> {
    let log = Log::default();
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    let outcome = tracing::subscriber::with_default(log.subscriber(), || {
        threads.block_on(async {
            let mut stage = Stage::assemble(tokio_clock(), log.clone(), QUICK, deciding).await?;
            story(&mut stage).await
        })
    });
    outcome.with_context(|| format!("the host's log:\n{}", log.text()))
}

/// Simulated clusters, and a world on them.
pub struct Stage {
    /// The world.
    pub world: World,
    /// The clusters, in the order of [`CONTEXTS`].
    pub clusters: Vec<Cluster>,
}

impl Stage {
    /// For the demo: in real time, with the host's log kept aside.
    pub async fn start() -> Result<Self> {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        lines.with_env_filter("warn,pilothouse=info").init();
        Self::assemble(system_clock(), log, VISIBLE, Deciding::Compared).await
    }

    /// Serves the clusters over TCP, for kubectl.
    pub async fn serve(&self) -> Result<Served> {
        let serving = Cluster::serve(&self.clusters).await?;
        let directory = tempfile::tempdir()?;
        let kubeconfig = directory.path().join("kubeconfig");
        write_kubeconfig(&kubeconfig, &serving.servers())?;
        Ok(Served {
            kubeconfig,
            _serving: serving,
            _directory: directory,
        })
    }

    async fn assemble(
        clock: Clock,
        log: Log,
        pod_time: Duration,
        deciding: Deciding,
    ) -> Result<Self> {
        let clusters: Vec<Cluster> = CONTEXTS
            .iter()
            .map(|name| Cluster::new(name, clock.clone()))
            .collect();
        let failures = Failures::default();
        let mut cass_operators = Vec::new();
        for cluster in &clusters {
            for crd in CRDS {
                cluster.install_crds(crd)?;
            }
            cluster.create_namespace("k8ssandra-operator");
            cass_operators.push(CassOperator::start(
                cluster.client("cass-operator"),
                cass_operator(&failures, pod_time).with_clock(clock.clone()),
            ));
        }
        let client = |user: &str| -> BTreeMap<String, Client> {
            CONTEXTS
                .iter()
                .zip(&clusters)
                .map(|(name, cluster)| ((*name).to_owned(), cluster.client(user)))
                .collect()
        };
        let mut operator = InProcess::new(&client("pilothouse"), clock, log, deciding)?;
        operator.start().await?;
        let world = World {
            namespace: "k8ssandra-operator".into(),
            control_plane: CONTEXTS[0].into(),
            clients: client("kubectl"),
            operator: Box::new(operator),
            failures,
            kubectl: None,
            cass_operators,
        };
        Ok(Self { world, clusters })
    }
}

/// Simulated clusters that are being served, until this is dropped.
pub struct Served {
    /// A kubeconfig with a context for each cluster.
    pub kubeconfig: PathBuf,
    _serving: Serving,
    _directory: TempDir,
}

/// The host as a task of this process.
struct InProcess {
    control_plane: Client,
    remotes: BTreeMap<String, Client>,
    clock: Clock,
    policy: PathBuf,
    _directory: TempDir,
    log: Log,
    deciding: Deciding,
    running: Option<JoinHandle<Result<()>>>,
}

impl InProcess {
    fn new(
        clients: &BTreeMap<String, Client>,
        clock: Clock,
        log: Log,
        deciding: Deciding,
    ) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let policy = directory.path().join("policy.wasm");
        std::fs::copy(component::built()?, &policy)?;
        Ok(Self {
            control_plane: clients[CONTEXTS[0]].clone(),
            remotes: clients.clone(),
            clock,
            policy,
            _directory: directory,
            log,
            deciding,
            running: None,
        })
    }
}

impl Operator for InProcess {
    fn start(&mut self) -> BoxFuture<'_, Result<()>> {
        let source = Source {
            policy: self.policy.clone(),
            settings: None,
            kept: None,
        };
        let options = Options {
            contexts: Contexts::new(self.control_plane.clone(), self.remotes.clone()),
            namespaces: Vec::new(),
            workers: 4,
            calls: 4,
            clock: self.clock.clone(),
            instance: "test".into(),
            grace: Duration::from_secs(20),
        };
        let deciding = self.deciding;
        self.running = Some(tokio::spawn(async move {
            let stop = CancellationToken::new();
            if deciding == Deciding::Native {
                Host::new(options, native::Native::policy()?)?
                    .run(stop)
                    .await;
                return Ok(());
            }
            let runtime = Runtime::new(8, Limits::default())?;
            let (policy, loaded) = source.load(&runtime)?;
            let host = Host::new(options, native::compared(policy)?)?;
            let follow = source.follow(loaded, &runtime, &host, stop.clone());
            tokio::join!(host.run(stop), follow);
            Ok(())
        }));
        async { Ok(()) }.boxed()
    }

    fn kill(&mut self) -> BoxFuture<'_, Result<()>> {
        async {
            if let Some(running) = self.running.take() {
                running.abort();
                // Aborted, it ends at its next await; here that is known to have happened.
                drop(running.await);
            }
            Ok(())
        }
        .boxed()
    }

    fn forget(&mut self, context: &str) {
        self.remotes.remove(context);
    }

    fn also_watch(&mut self, _namespace: &str) {}

    fn policy_file(&self) -> &Path {
        &self.policy
    }

    fn log(&self) -> String {
        self.log.text()
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}
