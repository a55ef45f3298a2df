//! The demo: `cargo xtask demo`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the demo is there to be read"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use pilothouse_e2e::{demo, real, simulated, world};

/// Shows a task running through two datacenters, decided by a WebAssembly policy.
#[derive(Debug, Parser)]
struct Arguments {
    /// On real API servers, shown by the real kubectl, instead of simulated ones.
    #[arg(long)]
    real: bool,
    /// Go on serving at the end, with a kubeconfig for kubectl, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = threads
        .map_err(Into::into)
        .and_then(|threads| threads.block_on(run(&arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    if arguments.real {
        let clusters = real::Clusters::start().await?;
        let world = clusters.world("k8ssandra-operator", world::VISIBLE).await?;
        demo::tell(&world).await?;
        if arguments.keep {
            keep(&clusters.kubeconfig()).await?;
        }
        return Ok(());
    }
    let stage = simulated::Stage::start().await?;
    demo::tell(&stage.world).await?;
    if arguments.keep {
        let served = stage.serve().await?;
        keep(&served.kubeconfig).await?;
    }
    Ok(())
}

async fn keep(kubeconfig: &std::path::Path) -> Result<()> {
    println!("\nServing until Ctrl-C. In another shell:\n");
    println!("  export KUBECONFIG={}", kubeconfig.display());
    for command in [
        "get K8ssandraTask",
        "delete K8ssandraTask task1",
        "create -f deploy/samples/task-restart.yaml",
    ] {
        println!("  kubectl --namespace k8ssandra-operator {command}");
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
