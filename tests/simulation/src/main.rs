//! `cargo xtask simulate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    simulation::command::main(simulation::policy)
}
