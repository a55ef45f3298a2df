//! Simulated clusters under the real host, for scenarios: steps in, requests to API servers out, and what came of them back.
//!
//! All in one thread, on a clock that only moves when everybody waits. What the host asks of an API server is told from what
//! others ask by its user agent: a context that is lost is lost to the host alone.

mod seen;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use kube::api::{Api, DynamicObject};
use kube_sim::{Clock, Cluster, Fault, Filter, Injected, Verb, tokio_clock_from};
use pilothouse::contexts::Contexts;
use pilothouse::contract::{Operation, UnavailableReason};
use pilothouse::host::{Host, Options};
use pilothouse_policy_test::Scenario;
use pilothouse_policy_test::clusters::{Change, Clusters, Refusal, Seen};
use pilothouse_policy_test::reference::{Context, Reference};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::subscriber::DefaultGuard;

use crate::log::Log;
use crate::native::Native;
use crate::simulated::CRDS;
use crate::world::Kind;

/// The host, to API servers.
const HOST: &str = "pilothouse";
/// Everybody else.
const OTHERS: &str = "kubectl";
/// It is at rest when it has asked for nothing this long …
const QUIET: Duration = Duration::from_millis(400);
/// … but after a trouble it first waits before it tries again, no longer than this …
const RECOVERY: Duration = Duration::from_secs(50);
/// … or, where it has tried in vain for long and two things fail alternately, than this …
const LONG_RECOVERY: Duration = Duration::from_secs(125);
/// … or, where the policy asks to be called again because of what was refused, than this.
const LONGEST_RECOVERY: Duration = Duration::from_secs(305);

/// A longer wait is cut short to this.
const LONG: Duration = Duration::from_secs(20 * 60);

/// Clusters and a host.
pub struct Simulated {
    runtime: Runtime,
    clusters: BTreeMap<Context, Cluster>,
    registered: BTreeSet<String>,
    settings: String,
    clock: Clock,
    /// The time at the start, in the story and here.
    origin: (Timestamp, Instant),
    running: Option<JoinHandle<Result<()>>>,
    lost: BTreeMap<(Context, Option<String>), Injected>,
    refused: BTreeMap<Reference, Injected>,
    /// The events that were seen already, with how often.
    events: BTreeSet<String>,
    /// How long the host may wait after the last step before it tries again.
    recovery: Duration,
    log: Log,
    _logging: DefaultGuard,
}

impl Simulated {
    /// The clusters at the start of a scenario, and a host that has begun to watch them.
    pub fn new(scenario: &Scenario) -> Result<Self> {
        let log = Log::default();
        let logging = tracing::subscriber::set_default(log.subscriber());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        let entered = runtime.enter();
        let clock = tokio_clock_from(scenario.start);
        let origin = (scenario.start, Instant::now());
        let mut clusters = BTreeMap::new();
        for context in contexts_of(scenario) {
            let name = context.as_deref().unwrap_or("control-plane");
            let cluster = Cluster::new(name, clock.clone());
            for crd in CRDS {
                cluster.install_crds(crd)?;
            }
            for namespace in scenario.namespaces() {
                cluster.create_namespace(&namespace);
            }
            clusters.insert(context, cluster);
        }
        drop(entered);
        let mut simulated = Self {
            runtime,
            clusters,
            registered: scenario.contexts.iter().cloned().collect(),
            settings: scenario.settings.clone(),
            clock,
            origin,
            running: None,
            lost: BTreeMap::new(),
            refused: BTreeMap::new(),
            events: BTreeSet::new(),
            recovery: Duration::ZERO,
            log,
            _logging: logging,
        };
        for given in &scenario.given {
            simulated.happen(given)?;
        }
        simulated.start()?;
        simulated.rest()?;
        Ok(simulated)
    }

    /// What the host has logged.
    pub fn log(&self) -> String {
        self.log.text()
    }

    fn cluster(&self, context: &Context) -> Result<&Cluster> {
        self.clusters
            .get(context)
            .with_context(|| format!("no context {context:?} is in the scenario"))
    }

    fn api(&self, reference: &Reference) -> Result<Api<DynamicObject>> {
        let client = self.cluster(&reference.context)?.client(OTHERS);
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        let kind = Kind::named(&reference.kind)?;
        Ok(match kind {
            Kind::Namespace => Api::all_with(client, &kind.resource()),
            _ => Api::namespaced_with(client, namespace, &kind.resource()),
        })
    }

    fn start(&mut self) -> Result<()> {
        let _entered = self.runtime.enter();
        let client =
            |context: &Context| Ok::<_, anyhow::Error>(self.cluster(context)?.client(HOST));
        let remotes: Vec<_> = self
            .registered
            .iter()
            .map(|name| Ok((name.clone(), client(&Some(name.clone()))?)))
            .collect::<Result<_>>()?;
        let options = Options {
            contexts: Contexts::new(client(&None)?, remotes),
            namespaces: Vec::new(),
            workers: 4,
            calls: 4,
            clock: self.clock.clone(),
            instance: "test".into(),
            grace: Duration::from_secs(20),
        };
        let policy = Native::with(&self.settings)?;
        self.running = Some(self.runtime.spawn(async move {
            Host::new(options, policy)?
                .run(CancellationToken::new())
                .await;
            Ok(())
        }));
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        if let Some(running) = self.running.take() {
            running.abort();
            drop(self.runtime.block_on(running));
        }
        self.start()
    }

    fn lose(
        &mut self,
        context: &Context,
        kind: Option<&String>,
        reason: UnavailableReason,
    ) -> Result<()> {
        let mut requests = Filter::any().user_agent(HOST);
        if let Some(kind) = kind {
            requests = requests.resource(&Kind::named(kind)?.resource().plural);
        }
        let cluster = self.cluster(context)?;
        let fault = Fault::before(requests);
        let fault = match reason {
            UnavailableReason::Forbidden => fault.status(403, "Forbidden"),
            UnavailableReason::NotServed => fault.status(404, "NotFound"),
            UnavailableReason::Unreachable => fault.disconnect(),
            _ => bail!("a simulated cluster cannot be lost with the reason {reason:?}"),
        };
        let injected = cluster.inject(fault);
        cluster.cut_watches();
        self.lost.insert((context.clone(), kind.cloned()), injected);
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal) -> Result<()> {
        let Refusal {
            object,
            operation,
            reason,
            message,
        } = refusal;
        let code = match reason.as_str() {
            "Forbidden" => 403,
            "Invalid" => 422,
            "Timeout" => 504,
            "InternalError" => 500,
            other => bail!("no code is known here for the reason {other}"),
        };
        let writes = Filter::writes()
            .user_agent(HOST)
            .resource(&Kind::named(&object.kind)?.resource().plural)
            .namespace(object.namespace.as_deref().unwrap_or_default())
            .name(&object.name);
        let writes = match operation {
            None => writes,
            Some(Operation::Create) => writes.verb(Verb::Create),
            Some(Operation::Delete) => writes.verb(Verb::Delete),
            Some(Operation::PatchMetadata) => writes.verb(Verb::Patch).subresource(None),
            Some(Operation::SetStatus) => writes.verb(Verb::Patch).subresource(Some("status")),
        };
        if let Some(before) = self.refused.remove(object) {
            before.lift();
        }
        let fault = Fault::before(writes).status(code, reason).saying(message);
        let injected = self.cluster(&object.context)?.inject(fault);
        self.refused.insert(object.clone(), injected);
        Ok(())
    }
}

fn contexts_of(scenario: &Scenario) -> BTreeSet<Context> {
    let remote = scenario.all_contexts().map(|name| Some(name.to_owned()));
    remote.chain([None]).collect()
}

fn lift(injected: Option<Injected>, otherwise: &'static str) -> Result<()> {
    injected.context(otherwise)?.lift();
    Ok(())
}

impl Clusters for Simulated {
    fn advance(&mut self, now: Timestamp) -> Result<()> {
        let (start, origin) = self.origin;
        let due = origin + now.duration_since(start).unsigned_abs();
        self.runtime.block_on(async {
            let left = due.saturating_duration_since(Instant::now());
            // Days would be thousands of watches that end and begin again: the clock jumps over most of them.
            if left > 2 * LONG {
                tokio::time::advance(left - LONG).await;
            }
            tokio::time::sleep_until(due).await;
        });
        Ok(())
    }

    fn happen(&mut self, change: &Change) -> Result<()> {
        // Clients are made here, which need a runtime.
        let runtime = self.runtime.handle().clone();
        let _entered = runtime.enter();
        self.recovery = match change {
            // A context that is lost for so long would be reported meanwhile.
            Change::Permit(_) if self.lost.is_empty() => LONGEST_RECOVERY,
            Change::Permit(_) => LONG_RECOVERY,
            Change::Refuse(refusal) if self.refused.contains_key(&refusal.object) => LONG_RECOVERY,
            Change::Lose { .. }
            | Change::Regain { .. }
            | Change::Refuse(_)
            | Change::Register(_)
            | Change::Unregister(_)
            | Change::Restart => RECOVERY,
            // A namespace that comes or goes refuses what the host does, or permits it.
            Change::Apply { object, .. } if object["kind"] == "Namespace" => LONG_RECOVERY,
            Change::Delete(object) if object.kind == "Namespace" => RECOVERY,
            // They fail alternately.
            _ if self.refused.len() > 1 => RECOVERY,
            _ => Duration::ZERO,
        };
        match change {
            Change::Lose {
                context,
                kind,
                reason,
            } => self.lose(context, kind.as_ref(), *reason),
            Change::Regain { context, kind } => {
                let lost = self.lost.remove(&(context.clone(), kind.clone()));
                lift(lost, "it was not lost")
            }
            Change::Unregister(name) => {
                ensure!(self.registered.remove(name), "{name} was not registered");
                self.restart()
            }
            Change::Register(name) => {
                self.registered.insert(name.clone());
                self.restart()
            }
            Change::Refuse(refusal) => self.refuse(refusal),
            Change::Permit(object) => lift(self.refused.remove(object), "it was not refused"),
            Change::Restart => self.restart(),
            Change::Nothing => Ok(()),
            of_object => self.runtime.block_on(self.write(of_object)),
        }
    }

    fn rest(&mut self) -> Result<Seen> {
        self.runtime.block_on(self.quiet());
        self.seen()
    }

    fn object(&self, reference: &Reference) -> Result<Option<Value>> {
        let plural = Kind::named(&reference.kind)?.resource().plural;
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        let cluster = self.cluster(&reference.context)?;
        Ok(cluster.object(&plural, namespace, &reference.name))
    }

    fn is_exact(&self) -> bool {
        false
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}
