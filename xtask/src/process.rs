//! Running other programs: in goes a command, out come its success, its output, or an error that says which command
//! failed and how. Nothing here knows what the programs are for.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::paths::Paths;

/// Cargo, started in the checkout with the environment that the user gave to the outer `cargo xtask`.
pub fn cargo(paths: &Paths) -> Command {
    beside_cargo(
        paths,
        env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    )
}

/// A program that calls cargo, started as cargo itself is.
pub fn beside_cargo(paths: &Paths, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(paths.root())
        .env("CARGO_TARGET_DIR", paths.target());
    for (name, _) in env::vars_os() {
        if describes_this_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether the outer cargo set a variable to describe the xtask. Build scripts watch some of these (ring's does), so
/// that with them in place each switch between `cargo test` and `cargo xtask test` would compile half the tree again.
fn describes_this_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Runs a command to its end, its output going where ours goes.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("`{}` could not be started", shown(command)))?;
    succeeded(command, status)
}

/// Runs a command to its end, whatever its exit code, and returns what it prints on standard output. Each line goes to
/// standard error as it comes, so that a person sees how far a long command is.
pub fn echoed(command: &mut Command) -> anyhow::Result<(ExitStatus, String)> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` could not be started", shown(command)))?;
    let stdout = child.stdout.take().context("its output is not piped")?;
    let mut text = String::new();
    for line in BufReader::new(stdout).lines() {
        let line =
            line.with_context(|| format!("the output of `{}` is not text", shown(command)))?;
        eprintln!("{line}");
        text += &line;
        text.push('\n');
    }
    Ok((child.wait()?, text))
}

/// What a command prints, without the line end.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("`{}` could not be started", shown(command)))?;
    succeeded(command, output.status)?;
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something other than text", shown(command)))?;
    Ok(text.trim_end().to_owned())
}

/// Whether a command can be started and succeeds. It prints nothing and is asked nothing.
pub fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command without showing its output, and ends it when it takes longer than the limit. The error says what
/// it complained about last.
pub fn run_within(limit: Duration, command: &mut Command) -> anyhow::Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` could not be started", shown(command)))?;
    let complaints = child.stderr.take();
    // Read beside the wait: a child with a full pipe would never end.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut complaints) = complaints {
            // What cannot be read is not shown; the exit code counts.
            let _ = complaints.read_to_string(&mut text);
        }
        text
    });
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            bail!("`{}` gave no answer within {limit:?}", shown(command));
        }
        thread::sleep(Duration::from_millis(50));
    };
    let text = reader.join().unwrap_or_default();
    succeeded(command, status)
        .with_context(|| text.lines().last().unwrap_or("no output").trim().to_owned())
}

fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", shown(command))
}

/// A command as one would type it, without the paths to well-known programs.
pub fn shown(command: &Command) -> String {
    let program = command.get_program();
    let program = std::path::Path::new(program)
        .file_name()
        .unwrap_or(program)
        .to_string_lossy();
    let arguments = command
        .get_args()
        .map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once(program.into_owned())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(argument: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_=./:,+@".contains(letter);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_the_command_and_the_exit_code() {
        let error = run(&mut shell("exit 3")).unwrap_err().to_string();
        assert_eq!(error, "`sh -c 'exit 3'` failed (exit status: 3)");
    }

    #[test]
    fn what_is_echoed_is_returned_with_the_exit_code() {
        let (status, text) = echoed(&mut shell("echo one; echo two; exit 3")).unwrap();
        assert_eq!((status.code(), text.as_str()), (Some(3), "one\ntwo\n"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("/nowhere/tool")).unwrap_err();
        assert_eq!(error.to_string(), "`tool` could not be started");
    }

    #[test]
    fn output_comes_without_its_line_end() {
        assert_eq!(
            output(&mut shell("echo one; echo two")).unwrap(),
            "one\ntwo"
        );
    }

    #[test]
    fn the_last_complaint_is_kept() {
        let limit = Duration::from_secs(60);
        run_within(limit, &mut shell("exit 0")).unwrap();
        let error = run_within(
            limit,
            &mut shell("echo first >&2; echo no network >&2; exit 1"),
        );
        let error = format!("{:#}", error.unwrap_err());
        assert!(error.starts_with("no network: `sh"), "{error}");
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let error = run_within(Duration::from_millis(10), &mut shell("exec sleep 600"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("gave no answer within 10ms"), "{error}");
    }

    #[test]
    fn arguments_are_quoted_as_a_shell_wants_them() {
        let mut command = Command::new("go");
        command.args(["build", "-ldflags", "-s -w", "it's", ""]);
        assert_eq!(shown(&command), r"go build -ldflags '-s -w' 'it'\''s' ''");
    }

    #[test]
    fn only_the_variables_of_this_package_are_dropped() {
        for (name, dropped) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_NET_OFFLINE", false),
            ("RUSTFLAGS", false),
        ] {
            assert_eq!(describes_this_package(OsStr::new(name)), dropped, "{name}");
        }
    }
}
