//! Policies as WebAssembly components: bytes come in, a [`Policy`] goes out. With the generated bindings, the only module
//! that names wasmtime.
//!
//! A component is compiled once and called on a fresh instance each time, so that no call can leave anything behind
//! for the next. Each call has a budget of fuel, time, memory and output. Nothing is linked in: a component with imports
//! is refused when it is loaded.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use pilothouse_core::names::check_manifest;
use sha2::{Digest, Sha256};
use wasmtime::component::{self, Linker};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits,
    StoreLimitsBuilder, Trap,
};

use super::bindings::{Policy as Instance, PolicyPre};
use super::convert::Convert;
use super::{Decide, Policy};
use crate::contract::{Manifest, Outcome, Snapshot};

/// How exactly the time of calls is counted.
const TICK: Duration = Duration::from_millis(100);

/// What components begin with; what is no component, a module too, begins with something else.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// What one call of a policy may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Fuel, about one unit for each WebAssembly instruction.
    pub fuel: u64,
    /// Time, for instructions that take longer than others.
    pub time: Duration,
    /// Linear memory in bytes.
    pub memory: usize,
    /// What the answer may hold, in bytes.
    pub output: usize,
}

impl Default for Limits {
    /// About a second of computing, five where it is slow, 64 MiB of memory, an answer of 8 MiB: far above what a sane policy needs.
    fn default() -> Self {
        Self {
            fuel: 1_000_000_000,
            time: Duration::from_secs(5),
            memory: 64 << 20,
            output: 8 << 20,
        }
    }
}

/// Compiles policies and holds the memory pool that their instances live in.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    limits: Limits,
}

/// A compiled component, ready to be instantiated.
struct Component {
    settings: String,
    instance: PolicyPre<StoreLimits>,
    runtime: Runtime,
}

impl Runtime {
    /// A runtime for at most `instances` calls at once.
    pub fn new(instances: u32, limits: Limits) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(instances)
            .total_core_instances(instances * 4)
            .total_memories(instances)
            .total_tables(instances * 4)
            .max_memory_size(limits.memory)
            .max_memories_per_component(1);
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .consume_fuel(true)
            .epoch_interruption(true)
            .memory_reservation(u64::try_from(limits.memory)?)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)
            .map_err(anyhow::Error::from)
            .context("starting the WebAssembly runtime")?;
        count_time(&engine)?;
        Ok(Self { engine, limits })
    }

    /// Compiles a component, and asks it what it is.
    pub fn load(&self, bytes: &[u8], settings: &str) -> Result<Policy> {
        let instance = self.compile(bytes)?;
        let manifest = self.describe(&instance, settings)?;
        refuse_secrets(&manifest)?;
        check_manifest(&manifest)
            .map_err(anyhow::Error::msg)
            .context("its manifest is invalid")?;
        let digest = Sha256::new()
            .chain_update(bytes)
            .chain_update([0])
            .chain_update(settings)
            .finalize();
        let digest = digest
            .iter()
            .take(6)
            .fold("sha256:".to_owned(), |text, byte| {
                format!("{text}{byte:02x}")
            });
        let component = Component {
            settings: settings.to_owned(),
            instance,
            runtime: self.clone(),
        };
        Ok(Policy::new(manifest, digest, component))
    }

    /// Compiles a component, and refuses one with imports.
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<PolicyPre<StoreLimits>> {
        let compiled = component::Component::new(&self.engine, bytes)
            .map_err(anyhow::Error::from)
            .context(match bytes.starts_with(COMPONENT) {
                true => "a WebAssembly component that this host cannot run",
                false => "not a WebAssembly component (build it with `cargo xtask build`)",
            })?;
        if let Some((name, _)) = compiled.component_type().imports(&self.engine).next() {
            bail!("it imports `{name}`; a policy must be a component without imports");
        }
        Linker::new(&self.engine)
            .instantiate_pre(&compiled)
            .and_then(PolicyPre::new)
            .map_err(anyhow::Error::from)
            .context(
                "it does not export `pilothouse:policy/reconciler@0.2.0` as this host knows it",
            )
    }

    fn describe(&self, instance: &PolicyPre<StoreLimits>, settings: &str) -> Result<Manifest> {
        let (mut store, instance) = self.instantiate(instance)?;
        let answer = instance
            .pilothouse_policy_reconciler()
            .call_describe(&mut store, &settings.to_owned());
        match answer
            .map_err(|error| self.ended(error))
            .context("asking the policy to describe itself")?
        {
            Ok(manifest) => Ok(manifest.convert()),
            Err(reason) => bail!("its settings are invalid: {reason}"),
        }
    }

    fn instantiate(
        &self,
        instance: &PolicyPre<StoreLimits>,
    ) -> Result<(Store<StoreLimits>, Instance)> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(self.limits.memory)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        store.set_fuel(self.limits.fuel)?;
        let ticks = self.limits.time.as_millis() / TICK.as_millis();
        store.set_epoch_deadline(u64::try_from(ticks)? + 1);
        // Counts what a call hands over, so that an answer that names the same megabyte a million times stops here.
        store.set_hostcall_fuel(self.limits.output);
        let instance = instance.instantiate(&mut store);
        let instance = instance.map_err(|error| self.ended(error))?;
        Ok((store, instance))
    }

    /// How a call has ended, for people.
    fn ended(&self, error: wasmtime::Error) -> anyhow::Error {
        match error.downcast_ref() {
            Some(Trap::Interrupt) => {
                anyhow!("it took longer than {} s", self.limits.time.as_secs_f32())
            }
            // wasmtime has no type for it.
            _ if error.root_cause().to_string().contains("growing memory") => {
                anyhow!(
                    "it needs more than {} MiB of memory",
                    self.limits.memory >> 20
                )
            }
            _ => error.into(),
        }
    }
}

impl Decide for Component {
    fn reconcile(&self, snapshot: &Snapshot) -> Result<Outcome> {
        Ok(self.metered(snapshot)?.0)
    }

    fn metered(&self, snapshot: &Snapshot) -> Result<(Outcome, Option<u64>)> {
        let (mut store, instance) = self.runtime.instantiate(&self.instance)?;
        let reconciler = instance.pilothouse_policy_reconciler();
        let shown = snapshot.clone().convert();
        let outcome = reconciler.call_reconcile(&mut store, &self.settings, &shown);
        let outcome = outcome
            .map_err(|error| self.runtime.ended(error))
            .with_context(|| size(snapshot))?;
        let used = self.runtime.limits.fuel.saturating_sub(store.get_fuel()?);
        Ok((outcome.convert(), Some(used)))
    }
}

/// How much a policy was shown, for people.
fn size(snapshot: &Snapshot) -> String {
    let results = snapshot.observations.iter().flat_map(|it| &it.results);
    let objects = results.filter_map(|it| it.objects.as_ref().ok()).flatten();
    let (count, bytes) = objects.fold((0, 0), |(count, bytes), it| (count + 1, bytes + it.len()));
    format!(
        "deciding on {count} objects of {} kB together",
        bytes.div_ceil(1_000)
    )
}

/// Counts the time of the calls of an engine, until it is dropped.
fn count_time(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    let count = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    let thread = std::thread::Builder::new().name("policy-time".into());
    thread.spawn(count).context("starting a thread")?;
    Ok(())
}

/// What a policy may never look at, whatever the cluster's rights allow the host.
fn refuse_secrets(manifest: &Manifest) -> Result<()> {
    let kinds = manifest
        .interests
        .iter()
        .map(|interest| &interest.gvk)
        .chain([&manifest.primary]);
    for gvk in kinds {
        if gvk.group.is_empty() && gvk.kind == "Secret" {
            bail!("it wants to see Secrets, which no policy may");
        }
    }
    Ok(())
}
