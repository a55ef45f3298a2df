//! The checkout that this run belongs to: a shell in it, and where things are built.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context;
use xshell::{Cmd, Shell, cmd};

/// How the host is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build; what tests and the demo run.
    Debug,
    /// What users run.
    Release,
    /// What an image has: the same, without `pilothouse policy test`.
    Image,
}

/// The checkout.
pub struct Checkout {
    /// A shell in its root, with cargo's tools of our own first in the PATH.
    pub sh: Shell,
    target: PathBuf,
}

impl Checkout {
    /// The one whose cargo started this program.
    pub fn of_this_run() -> anyhow::Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let sh = Shell::new()?;
        // Cargo takes it relative to where it was started, which nested calls are not.
        let chosen = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
        let chosen = chosen.map(|directory| sh.current_dir().join(directory));
        sh.change_dir(package);
        sh.change_dir("..");
        Self::within(sh, chosen)
    }

    fn within(sh: Shell, target: Option<PathBuf>) -> anyhow::Result<Self> {
        let root = sh.current_dir().canonicalize()?;
        let target = target.unwrap_or_else(|| root.join("target"));
        sh.change_dir(root);
        sh.set_var("CARGO_TARGET_DIR", &target);
        let tools = target.join("tools/bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([tools].into_iter().chain(env::split_paths(&path)))?;
        sh.set_var("PATH", path);
        Ok(Self { sh, target })
    }

    /// Cargo, with the environment that the user gave to the outer one. Build scripts watch variables that cargo sets to
    /// describe a package (ring's does): with ours, each switch between `cargo test` and `cargo xtask test` would
    /// compile half the tree again.
    pub fn cargo(&self) -> Cmd<'_> {
        let names = env::vars_os().map(|(name, _)| name);
        let of_this_package = names.filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        of_this_package.fold(cmd!(self.sh, "cargo"), Cmd::env_remove)
    }

    /// The root.
    pub fn root(&self) -> PathBuf {
        self.sh.current_dir()
    }

    /// Something in cargo's target directory.
    pub fn target(&self, name: impl AsRef<Path>) -> PathBuf {
        self.target.join(name)
    }

    /// The target directory of policies: their compiler can be another than the host's, and a build of one must neither
    /// wait for nor invalidate a build of the other.
    pub fn wasm_target(&self) -> PathBuf {
        self.target("wasm")
    }

    /// The host's binary.
    pub fn host(&self, profile: Profile) -> PathBuf {
        self.target(match profile {
            Profile::Debug => "debug/pilothouse",
            Profile::Release | Profile::Image => "release/pilothouse",
        })
    }

    /// The program with etcd, the API server and the controller manager.
    pub fn test_server(&self) -> PathBuf {
        self.target("kube-test-server")
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn cargo_is_started_without_what_describes_this_package() {
        let checkout = Checkout::of_this_run().unwrap();
        let cargo = Command::from(checkout.cargo());
        let removed = cargo.get_envs().filter(|(_, value)| value.is_none());
        let removed: Vec<_> = removed.filter_map(|(name, _)| name.to_str()).collect();
        assert!(removed.contains(&"CARGO_PKG_NAME"), "{removed:?}");
        // Cargo sets it for this test, and it is not about the package.
        assert!(env::var_os("CARGO").is_some() && !removed.contains(&"CARGO"));
    }
}
