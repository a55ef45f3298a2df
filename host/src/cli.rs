//! The command line: what can be asked for, and `run`.

#[cfg(feature = "policy-test")]
mod policy;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

use crate::budget;
use crate::clock;
use crate::contexts::{Contexts, Wanted};
use crate::host::{Host, Options};
use crate::kept::Kept;
use crate::policy::wasm::{Limits, Runtime};
use crate::swap::Source;

/// The crate of the Kubernetes client, in the log.
const CLIENT: &str = "kube_client";
/// How long stopping takes at most: less than Kubernetes waits before it kills a pod.
const GRACE: Duration = Duration::from_secs(20);
/// The exit code after a second signal, as after Ctrl-C in a shell.
const KILLED: i32 = 130;

/// Reconciles Kubernetes resources as a WebAssembly policy decides.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 stopped as told, 1 stopped though a request or a call had not ended after 20 s, 2 wrong arguments, \
                  files, contexts or policy, 130 told twice to stop."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch, ask the policy, carry out what it decides, until SIGTERM or Ctrl-C.
    Run(Run),
    /// Test a policy without a cluster.
    #[cfg(feature = "policy-test")]
    #[command(subcommand)]
    Policy(policy::Command),
    /// Print a completion script for a shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The policy, a WebAssembly component. Replacing the file swaps the policy while the host runs.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The policy's settings, a JSON file; followed like the policy.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A directory to keep the last good policy in, with its settings: for a start at which the given one cannot be used.
    #[arg(long, value_name = "DIR")]
    last_good: Option<PathBuf>,
    /// The kubeconfig that has the contexts [default: $KUBECONFIG, or ~/.kube/config].
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the control plane [default: the service account in a pod, elsewhere the current context].
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// A remote context, by its name in the kubeconfig. Can be given several times.
    #[arg(long = "remote", value_name = "NAME")]
    remotes: Vec<String>,
    /// A namespace to watch, in every context [default: all]. Can be given several times.
    #[arg(long = "namespace", value_name = "NS")]
    namespaces: Vec<String>,
    /// How many objects are reconciled at once. The policy is asked about as many at a time as there are cores, and as the
    /// container's memory limit has room for.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    workers: u16,
    /// How long a call of the policy may take. One that does not end counts as failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    policy_timeout: u64,
    /// A file with the memory limit in bytes instead of the container's, for tests.
    #[arg(long, value_name = "FILE", hide = true)]
    memory_limit: Option<PathBuf>,
    /// How log lines are written; which ones is RUST_LOG's business (default: info).
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Cli {
    /// Does what was asked for. An error is something that the caller of the command has to put right.
    pub fn execute(self) -> Result<ExitCode> {
        match self.command {
            Command::Completion { shell } => {
                clap_complete::generate(
                    shell,
                    &mut Self::command(),
                    "pilothouse",
                    &mut std::io::stdout(),
                );
                Ok(ExitCode::SUCCESS)
            }
            #[cfg(feature = "policy-test")]
            Command::Policy(command) => command.execute(),
            Command::Run(run) => {
                start_logging(run.log_format)?;
                let threads = tokio::runtime::Builder::new_multi_thread()
                    .enable_all()
                    .build();
                let threads = threads.context("starting threads")?;
                let code = threads.block_on(run.run());
                // Nothing waits for a thread that still waits for something itself.
                threads.shutdown_background();
                code
            }
        }
    }
}

impl Run {
    async fn run(self) -> Result<ExitCode> {
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone())?;
        let (runtime, calls) = self.runtime()?;
        let source = Source {
            policy: self.policy,
            settings: self.settings,
            kept: self.last_good.map(|directory| Kept { directory }),
        };
        let (policy, loaded) = source.load(&runtime)?;
        let wanted = Wanted {
            kubeconfig: self.kubeconfig,
            control_plane: self.context,
            remotes: self.remotes,
        };
        let contexts = tokio::select! {
            contexts = Contexts::connect(&wanted) => contexts?,
            () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
        };
        let remotes: Vec<&str> = contexts.names().flatten().map(String::as_str).collect();
        let manifest = &policy.manifest;
        info!(
            policy = manifest.name, version = manifest.version, digest = policy.digest, primary = %manifest.primary,
            remotes = remotes.join(","), "starting"
        );
        let options = Options {
            contexts,
            namespaces: self.namespaces,
            workers: usize::from(self.workers),
            calls,
            clock: clock::system(),
            instance: instance(),
            grace: GRACE,
        };
        let host = Arc::new(Host::new(options, policy)?);
        let (followed, until) = (host.clone(), stop.clone());
        // Apart from the host: a policy that is being compiled is not waited for.
        tokio::spawn(async move { source.follow(loaded, &runtime, &followed, until).await });
        Ok(ended(&host.run(stop).await))
    }

    /// What policies run in, and how many calls of them may run at a time.
    fn runtime(&self) -> Result<(Runtime, usize)> {
        let limits = Limits {
            time: Duration::from_secs(self.policy_timeout),
            ..Limits::default()
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let calls = budget::calls(cores, &limits, self.memory_limit.clone())?;
        // One more: a policy that is being swapped in is called, too.
        Ok((Runtime::new(u32::try_from(calls)? + 1, limits)?, calls))
    }
}

/// The host has stopped, though this may not have ended.
fn ended(left: &[String]) -> ExitCode {
    if left.is_empty() {
        info!("stopped");
        return ExitCode::SUCCESS;
    }
    let (limit, left) = (GRACE.as_secs(), left.join("; "));
    error!("stopped, though this had not ended within {limit} s: {left}");
    ExitCode::FAILURE
}

/// The name of the pod or the machine.
fn instance() -> String {
    std::env::var("HOSTNAME")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "pilothouse".into())
}

/// The first signal stops, and the second one ends at once.
fn stop_on_signals(stop: CancellationToken) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    tokio::spawn(async move {
        let mut signalled = async || {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        };
        signalled().await;
        stop.cancel();
        signalled().await;
        std::process::exit(KILLED);
    });
    Ok(())
}

fn start_logging(format: LogFormat) -> Result<()> {
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let directives = directives(&asked);
    let filter =
        EnvFilter::try_new(directives).with_context(|| format!("RUST_LOG={asked:?} is wrong"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// What RUST_LOG asks for. kube's client logs what API servers answer, and failures without saying whose: nothing that the host does not
/// say itself.
fn directives(asked: &str) -> String {
    let asked = if asked.is_empty() { "info" } else { asked };
    match asked.contains(CLIENT) {
        true => asked.to_owned(),
        false => format!("{asked},{CLIENT}=off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_logs_is_left_out_unless_it_is_asked_for() {
        assert_eq!(directives(""), "info,kube_client=off");
        assert_eq!(directives("debug"), "debug,kube_client=off");
        assert_eq!(directives("info,kube_client=warn"), "info,kube_client=warn");
    }
}
