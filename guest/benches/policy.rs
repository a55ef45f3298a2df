//! `cargo bench -p k8ssandra-task-policy`: time and fuel of a call, natively and on the component.
//!
//! It is `cargo xtask bench`, which builds the component first. What is measured is in `tests/e2e/benches/policy.rs`: the component
//! needs the host's WebAssembly runtime, which would take longer to compile than the policy's own tests may.

#![allow(
    clippy::disallowed_methods,
    reason = "it is no decision: it starts the benchmark"
)]

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Cargo's own `--bench` is passed on by the inner one.
    let arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    let status = Command::new(cargo)
        .args(["xtask", "bench"])
        .args(arguments)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
