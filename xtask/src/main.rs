//! `cargo xtask`: what builds and tests this repository.
//!
//! In come the words of the command line; out go calls of the tools that do the work (cargo, go, rustup, apt-get) and
//! an exit code. Nothing here knows Kubernetes or Cassandra, and nothing here is part of the product.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person who runs it"
)]

mod apiserver;
mod build;
mod checkout;
mod install;
mod policy;
mod program;
mod report;
mod test;
mod verify;
mod wasm_target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::checkout::{Checkout, Profile};

/// Builds, demonstrates and tests Pilothouse.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the policies and the host
    ///
    /// Compiles each policy for wasm32-unknown-unknown and makes a component of it, target/policies/NAME.wasm, then
    /// builds the host, target/debug/pilothouse. Where the compiler lacks that target, the first of these that works
    /// is taken: `rustup target add`, the library's source in the toolchain, Debian's rustc-web and rust-web-src.
    Build {
        /// Build the host optimised, as target/release/pilothouse. Policies always are
        #[arg(long)]
        release: bool,
        /// Build it for an image: optimised, without `pilothouse policy test`
        #[arg(long)]
        image: bool,
    },
    /// Build the real API server for tests
    ///
    /// Builds etcd, kube-apiserver and the controller manager from tests/kube-env/server as one program,
    /// target/kube-test-server. Needs Go; the first time takes minutes. Skipped when nothing has changed.
    Apiserver,
    /// Measure the policy: time and fuel a call
    ///
    /// Builds the policies as users run them, then measures small, typical and large clusters, natively and on the
    /// component. Words that follow are a filter of names; options go to criterion after `--`.
    Bench {
        /// For the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Show Pilothouse at work, on clusters of its own
    ///
    /// `cargo xtask demo -- --help` lists the demo's options: among them `--real`, for real API servers (needs Go; the
    /// first time takes minutes), and `--keep`, to look around with kubectl when it is over.
    Demo {
        /// For the demo
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run random histories of the engine under faults
    ///
    /// A seed decides everything that happens and when: lost, late and refused requests, watches that lag, break and expire,
    /// hosts that die, users who delete. What does not hold is printed with the history, its seed and how to repeat it.
    Simulate {
        /// Ask the policy as a component, and hold each answer against the native one: ten times slower
        #[arg(long)]
        component: bool,
        /// How many histories, or which: --seeds N, --from SEED, --seed SEED; or each single fault: --single-faults
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Kill hosts and API servers at random while tasks run
    ///
    /// On real API servers (needs Go; the first time takes minutes), with two hosts side by side: they are killed, stopped
    /// and frozen. Then nothing may be lost or done twice. `cargo xtask chaos -- --help` lists the options.
    Chaos {
        /// For the chaos
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every check and test, the cheap ones first
    ///
    /// Formatting, dependencies, builds, lints, then all tests, on simulated clusters and on real API servers; stops at
    /// the first part that fails, and ends with a table of what each took. With CI=true, nothing may be skipped.
    Test {
        /// Leave out the tests on real API servers
        #[arg(long)]
        skip_real: bool,
    },
    /// Run the checks of the policy that take longer than tests may
    ///
    /// Model checking, property tests with many more cases, line coverage and mutation testing: half an hour or more on
    /// two cores. Reports on standard output, and ends with a table of the parts. Fails if something does not hold, if
    /// fewer than 98 % of the lines run, or if no test notices a mutant. Missing tools are installed: cargo's in
    /// target/tools, LLVM's with rustup or apt-get.
    Verify(verify::Verify),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let checkout = Checkout::of_this_run()?;
    match task {
        Task::Build { image: true, .. } => build::build(&checkout, Profile::Image),
        Task::Build { release: true, .. } => build::build(&checkout, Profile::Release),
        Task::Build { .. } => build::build(&checkout, Profile::Debug),
        Task::Apiserver => apiserver::build(&checkout),
        Task::Bench { arguments } => build::bench(&checkout, &arguments),
        Task::Demo { arguments } => {
            let is_real = arguments.iter().any(|argument| argument == "--real");
            program::run(&checkout, "demo", &arguments, is_real)
        }
        Task::Simulate {
            component: true,
            arguments,
        } => program::run(&checkout, "simulate", &arguments, false),
        Task::Simulate { arguments, .. } => {
            let simulate = checkout.cargo().args(test::SIMULATE.split(' '));
            Ok(simulate.args(arguments).run()?)
        }
        Task::Chaos { arguments } => program::run(&checkout, "chaos", &arguments, true),
        Task::Test { skip_real } => test::run(&checkout, skip_real),
        Task::Verify(verify) => verify.run(&checkout),
    }
}
