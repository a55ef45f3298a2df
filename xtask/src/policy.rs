//! Builds policies: in goes a package of this workspace, out comes a component at target/policies/NAME.wasm that
//! imports nothing. A host that watches the file never sees half of one, and sees a change only when there is one.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, ensure};
use wit_component::ComponentEncoder;

use crate::imports::imports;
use crate::paths::Paths;
use crate::process::{cargo, run};
use crate::wasm_target::{self, Route, TARGET};

/// A policy of this workspace.
pub struct Policy {
    /// Its package.
    package: &'static str,
    /// The name of its component, without `.wasm`.
    pub name: &'static str,
}

/// The policy that tests and the demo run.
pub const K8SSANDRA_TASK: Policy = Policy {
    package: "k8ssandra-task-policy",
    name: "k8ssandra-task",
};

/// What the tests of the host run: it traps, loops and babbles on demand.
const MISBEHAVING: Policy = Policy {
    package: "misbehaving-policy",
    name: "misbehaving",
};

/// All that are built.
const POLICIES: &[Policy] = &[K8SSANDRA_TASK, MISBEHAVING];

/// Cargo's profile for policies.
const PROFILE: &str = "policy";

/// Builds every policy.
pub fn build_all(paths: &Paths) -> anyhow::Result<()> {
    let route = wasm_target::find(paths)?;
    for policy in POLICIES {
        policy.build(paths, &route)?;
    }
    Ok(())
}

impl Policy {
    fn build(&self, paths: &Paths, route: &Route) -> anyhow::Result<()> {
        self.compile(paths, route)?;
        let core = self.core_module(paths);
        let module = fs::read(&core)
            .with_context(|| format!("cargo built no {} for {}", core.display(), self.package))?;
        let component = component(&module).with_context(|| {
            format!("{} is not a policy as wit/policy.wit has it", self.package)
        })?;
        let file = paths.policy(self.name);
        let news = if write_if_changed(&file, &component)? {
            "built"
        } else {
            "unchanged"
        };
        let size = component.len().div_ceil(1000);
        eprintln!(
            "policy {}: {} ({size} kB, {news})",
            self.name,
            file.display()
        );
        Ok(())
    }

    fn compile(&self, paths: &Paths, route: &Route) -> anyhow::Result<()> {
        let mut cargo = cargo(paths);
        cargo.args(["build", "--package", self.package, "--lib"]);
        cargo.args(["--profile", PROFILE]);
        route.prepare(&mut cargo)?;
        cargo
            .env("CARGO_TARGET_DIR", paths.wasm_target())
            // Takes the place of flags of the user's, from whatever source: those are meant for the host's machine.
            .env("CARGO_ENCODED_RUSTFLAGS", flags(paths, route)?)
            // A wrapper such as clippy's calls a compiler of its own, not the route's.
            .env_remove("RUSTC_WORKSPACE_WRAPPER");
        run(&mut cargo).with_context(|| format!("the policy {} did not compile", self.name))
    }

    fn core_module(&self, paths: &Paths) -> PathBuf {
        let file = format!("{}.wasm", self.package.replace('-', "_"));
        paths.wasm_target().join(TARGET).join(PROFILE).join(file)
    }
}

/// Flags that take the directories of this machine out of panic messages: the same source gives the same bytes,
/// wherever it was checked out.
fn flags(paths: &Paths, route: &Route) -> anyhow::Result<OsString> {
    // Of several that match a path, the last counts.
    let replacements = [
        (paths.root().to_owned(), "/pilothouse"),
        (paths.wasm_target(), "/target"),
        (cargo_home(), "/cargo"),
        (route.library_source()?, "/rust"),
    ];
    let mut flags = OsString::new();
    for (directory, name) in replacements {
        if !flags.is_empty() {
            // The separator of this variable.
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(directory);
        flags.push("=");
        flags.push(name);
    }
    Ok(flags)
}

/// Where cargo keeps the sources of dependencies.
fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(
        || env::home_dir().unwrap_or_default().join(".cargo"),
        PathBuf::from,
    )
}

/// Makes a component of a core module.
fn component(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context(
            "no component could be made of it; if an import is named below, a dependency reaches for a clock, random \
             numbers or the system, and a policy must do without it",
        )?;
    let names = imports(&component)?;
    ensure!(
        names.is_empty(),
        "the component imports {}; a policy is pure, and the world in wit/policy.wit imports nothing",
        names.join(", ")
    );
    Ok(component)
}

/// Replaces a file as a whole, unless it has that content already. Says whether it did.
fn write_if_changed(file: &Path, content: &[u8]) -> anyhow::Result<bool> {
    if fs::read(file).is_ok_and(|present| present == content) {
        return Ok(false);
    }
    // Beside it, since a rename is only atomic within a file system. A name of our own, as two builds may run at once.
    let draft = file.with_extension(format!("{}.tmp", process::id()));
    let replace = || {
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        fs::write(&draft, content)?;
        fs::rename(&draft, file)
    };
    replace()
        .inspect_err(|_| drop(fs::remove_file(&draft)))
        .with_context(|| format!("{} could not be written", file.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_when_its_content_changes_and_nothing_is_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policies/one.wasm");
        assert!(write_if_changed(&file, b"first").unwrap());
        let written = || fs::metadata(&file).unwrap().modified().unwrap();
        let before = written();
        assert!(!write_if_changed(&file, b"first").unwrap());
        assert_eq!(written(), before, "not even touched");
        assert!(write_if_changed(&file, b"second").unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"second");
        assert_eq!(
            fs::read_dir(directory.path().join("policies"))
                .unwrap()
                .count(),
            1
        );
    }

    #[test]
    fn a_failed_write_names_the_file_and_leaves_no_draft() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("one.wasm");
        fs::create_dir(&file).unwrap();
        let error = write_if_changed(&file, b"first").unwrap_err().to_string();
        assert!(error.ends_with("one.wasm could not be written"), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_module_that_imports_is_refused_by_name() {
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03env\x03now\0\0";
        let error = format!("{:#}", component(module).unwrap_err());
        assert!(error.contains("a policy must do without it"), "{error}");
        assert!(error.contains("env"), "{error}");
        assert!(error.contains("now"), "{error}");
    }

    #[test]
    fn no_directory_of_this_machine_stays_in_the_flags_target_side() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let flags = flags(&paths, &Route::Installed).unwrap();
        let flags = flags.to_string_lossy();
        let root = directory.path().display();
        let expected = format!("--remap-path-prefix={root}=/pilothouse\u{1f}");
        assert!(flags.starts_with(&expected), "{flags}");
        let targets = flags
            .split('\u{1f}')
            .map(|flag| flag.rsplit('=').next().unwrap());
        assert_eq!(
            targets.collect::<Vec<_>>(),
            ["/pilothouse", "/target", "/cargo", "/rust"]
        );
    }
}
