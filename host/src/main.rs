//! The `pilothouse` command.

use std::process::ExitCode;

use clap::Parser as _;

#[expect(
    clippy::print_stderr,
    reason = "the one line that says what is wrong is for whoever typed the command"
)]
fn main() -> ExitCode {
    match pilothouse::cli::Cli::parse().execute() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pilothouse: {}", pilothouse::one_line(&error));
            ExitCode::from(2)
        }
    }
}
