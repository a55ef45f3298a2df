//! Asks rustup for a target or a component: in comes its name, out comes success or the reason. The refusal of a target
//! is remembered in a file, so that a machine out of reach of rustup's server waits for it once and not at every build.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::process;

/// How long rustup may take. A target is some 20 MB.
const LIMIT: Duration = Duration::from_secs(60);

/// The variable that rustup sets for what it starts: the name of the toolchain.
const TOOLCHAIN: &str = "RUSTUP_TOOLCHAIN";

/// Whether the toolchain in use is one that rustup can add targets to.
pub fn manages_toolchain() -> bool {
    env::var_os(TOOLCHAIN).is_some() && process::works(Command::new("rustup").arg("--version"))
}

/// Adds a target to the toolchain in use. A failure is remembered.
pub fn add(target: &str, refusal: &Refusal) -> anyhow::Result<()> {
    ask("target", target).inspect_err(|_| {
        // Not remembered is only slower.
        if let Err(error) = refusal.remember() {
            eprintln!("{target}: {error:#}");
        }
    })
}

/// Adds a component to the toolchain in use.
pub fn add_component(name: &str) -> anyhow::Result<()> {
    ask("component", name)
}

fn ask(kind: &str, name: &str) -> anyhow::Result<()> {
    eprintln!(
        "{name}: asking rustup for it (at most {} s)",
        LIMIT.as_secs()
    );
    let mut rustup = Command::new("rustup");
    // With a backtrace, its last line would not be the reason.
    rustup
        .args([kind, "add", name])
        .env_remove("RUST_BACKTRACE");
    process::run_within(LIMIT, &mut rustup).inspect_err(|error| eprintln!("{name}: {error:#}"))
}

/// The memory of a refusal: a file with the name of the toolchain that rustup would not add the target to. `cargo
/// clean` forgets it, another toolchain is asked for anew, and a target that was added by hand is found without it.
pub struct Refusal {
    file: PathBuf,
    toolchain: OsString,
}

impl Refusal {
    /// The memory that is kept in a directory, for the toolchain in use.
    pub fn of(directory: &Path) -> Self {
        Self {
            file: directory.join("rustup-refused"),
            toolchain: env::var_os(TOOLCHAIN).unwrap_or_default(),
        }
    }

    /// Whether rustup refused in an earlier build.
    pub fn remembered(&self) -> bool {
        fs::read(&self.file).is_ok_and(|content| content == self.toolchain.as_encoded_bytes())
    }

    fn remember(&self) -> anyhow::Result<()> {
        let write = || {
            fs::create_dir_all(self.file.parent().unwrap_or(Path::new("")))?;
            fs::write(&self.file, self.toolchain.as_encoded_bytes())
        };
        write().with_context(|| format!("{} could not be written", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_for_its_toolchain_only() {
        let directory = tempfile::tempdir().unwrap();
        let of = |toolchain: &str| Refusal {
            file: directory.path().join("not/yet/there"),
            toolchain: toolchain.into(),
        };
        assert!(!of("stable").remembered(), "nothing has happened yet");
        of("stable").remember().unwrap();
        assert!(of("stable").remembered());
        assert!(!of("1.95.0").remembered());
    }
}
