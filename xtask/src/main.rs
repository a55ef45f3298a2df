//! `cargo xtask`: the chores of this repository.
//!
//! In come the words of the command line; out go calls of the tools that do the work (cargo, go, rustup, apt-get) and
//! an exit code. Nothing here knows Kubernetes or Cassandra, and nothing here is part of the product.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person who runs it"
)]

mod apiserver;
mod bench;
mod build;
mod debian;
mod demo;
mod imports;
mod paths;
mod policy;
mod process;
mod report;
mod rustup;
mod test;
mod verify;
mod wasm_target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::paths::{Paths, Profile};

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
    /// Builds etcd, kube-apiserver and the controller manager from tests/apiserver as one program,
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
    Demo(demo::Demo),
    /// Run every check and test, the cheap ones first
    ///
    /// Formatting, builds, lints, then all tests, on simulated clusters and on real API servers; stops at the first
    /// step that fails. With CI=true, nothing may be skipped.
    Test {
        /// Leave out the tests on real API servers
        #[arg(long)]
        skip_real: bool,
    },
    /// Run the checks of the policy that take longer than tests may
    ///
    /// Model checking, property tests with many more cases, line coverage and mutation testing: half an hour or more on
    /// two cores. Prints a report on standard output and everything else on standard error. Fails if something does not
    /// hold, if fewer than 98 % of the lines run, or if no test notices a mutant. Missing tools are installed: cargo's in
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
    let paths = Paths::of_this_run()?;
    match task {
        Task::Build { release, image } => build::build(&paths, Profile::of(release, image)),
        Task::Apiserver => apiserver::build(&paths),
        Task::Bench { arguments } => bench::run_all(&paths, &arguments),
        Task::Demo(demo) => demo.run(&paths),
        Task::Test { skip_real } => test::run(&paths, skip_real),
        Task::Verify(verify) => verify.run(&paths),
    }
}
