//! Builds policies: in goes a package of this workspace, out comes a component at target/policies/NAME.wasm that
//! imports nothing. A host that watches the file never sees half of one, and sees a change only when there is one.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use wit_component::ComponentEncoder;

use crate::checkout::Checkout;
use crate::wasm_target::{self, Route, TARGET};

/// The component that tests and the demo run.
pub const K8SSANDRA_TASK: &str = "policies/k8ssandra-task.wasm";

/// Packages, and their components below the target directory. The second one traps, loops and babbles on demand.
const POLICIES: [(&str, &str); 2] = [
    ("k8ssandra-task-policy", K8SSANDRA_TASK),
    ("misbehaving-policy", "policies/misbehaving.wasm"),
];

/// Cargo's profile for policies.
const PROFILE: &str = "policy";

/// Builds every policy.
pub fn build_all(checkout: &Checkout) -> anyhow::Result<()> {
    let route = wasm_target::find(&checkout.sh)?;
    for (package, file) in POLICIES {
        let core = compile(checkout, &route, package)?;
        let module =
            fs::read(&core).with_context(|| format!("cargo built no {}", core.display()))?;
        let component = component(&module)
            .with_context(|| format!("{package} is not a policy as wit/policy.wit has it"))?;
        let file = checkout.target(file);
        let changed = write_if_changed(&file, &component)
            .with_context(|| format!("{} could not be written", file.display()))?;
        let news = if changed { "built" } else { "unchanged" };
        let size = component.len().div_ceil(1000);
        eprintln!("policy: {} ({size} kB, {news})", file.display());
    }
    Ok(())
}

/// Compiles a policy; gives the core module.
fn compile(checkout: &Checkout, route: &Route, package: &str) -> anyhow::Result<PathBuf> {
    let cargo = checkout
        .cargo()
        .args(["build", "--package", package, "--lib"]);
    route
        .apply(cargo.args(["--profile", PROFILE]))
        .env("CARGO_TARGET_DIR", checkout.wasm_target())
        // Takes the place of flags of the user's, from whatever source: those are meant for the host's machine.
        .env("CARGO_ENCODED_RUSTFLAGS", flags(checkout, route))
        // A wrapper such as clippy's calls a compiler of its own, not the route's.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .run()?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(checkout.wasm_target().join(TARGET).join(PROFILE).join(file))
}

/// Flags that take the directories of this machine out of panic messages: the same source gives the same bytes,
/// wherever it was checked out.
fn flags(checkout: &Checkout, route: &Route) -> OsString {
    let cargo_home = env::var_os("CARGO_HOME").map_or_else(
        || env::home_dir().unwrap_or_default().join(".cargo"),
        PathBuf::from,
    );
    // Of several that match a path, the last counts.
    let replacements = [
        (checkout.root(), "/pilothouse"),
        (checkout.wasm_target(), "/target"),
        (cargo_home, "/cargo"),
        (route.library_source.clone(), "/rust"),
    ];
    let flags = replacements.map(|(directory, name)| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(directory);
        flag.push("=");
        flag.push(name);
        flag
    });
    // The separator of this variable.
    flags.join("\u{1f}".as_ref())
}

/// Makes a component of a core module. Its world imports nothing, so that a module which imports anything is refused.
fn component(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context(
            "no component could be made of it; if an import is named below, a dependency reaches for a clock, random \
             numbers or the system, and a policy must do without it",
        )
}

/// Replaces a file as a whole, unless it has that content already. Says whether it did.
fn write_if_changed(file: &Path, content: &[u8]) -> std::io::Result<bool> {
    if fs::read(file).is_ok_and(|present| present == content) {
        return Ok(false);
    }
    fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
    // Beside it, since a rename is only atomic within a file system. A name of our own, as two builds may run at once.
    let draft = file.with_extension(format!("{}.tmp", std::process::id()));
    let replaced = fs::write(&draft, content).and_then(|()| fs::rename(&draft, file));
    replaced.inspect_err(|_| drop(fs::remove_file(&draft)))?;
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
        // A directory cannot be replaced by a file.
        let taken = directory.path().join("policies/taken.wasm");
        fs::create_dir(&taken).unwrap();
        write_if_changed(&taken, b"first").unwrap_err();
        let left = fs::read_dir(directory.path().join("policies")).unwrap();
        assert_eq!(left.count(), 2, "no draft");
    }

    #[test]
    fn a_module_that_imports_is_refused_by_name() {
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03env\x03now\0\0";
        let error = format!("{:#}", component(module).unwrap_err());
        assert!(error.contains("a policy must do without it"), "{error}");
        assert!(error.contains("env"), "{error}");
        assert!(error.contains("now"), "{error}");
    }
}
