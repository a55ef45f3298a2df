//! `cargo xtask apiserver`: builds etcd, kube-apiserver and the controller manager as one program, from the Go module
//! tests/apiserver. In comes the module, out goes target/kube-test-server; it is not started here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::paths::Paths;
use crate::process::{run, works};

/// Whether Go is on this machine.
pub fn go_is_installed() -> bool {
    works(Command::new("go").arg("version"))
}

/// Builds the program, unless it is up to date.
pub fn build(paths: &Paths) -> anyhow::Result<()> {
    let source = paths.test_server_source();
    let mut go = go_build(&source, &paths.test_server())?;
    let inputs = inputs(&source, &go)?;
    let stamp = paths.test_server().with_extension("inputs");
    if paths.test_server().exists() && fs::read(&stamp).is_ok_and(|known| known == inputs) {
        eprintln!("test server: {} (unchanged)", paths.test_server().display());
        return Ok(());
    }
    if !go_is_installed() {
        bail!(
            "the real API server for tests is built with Go, and `go` was not found; install Go, or set \
             KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver"
        );
    }
    eprintln!("test server: building; the first time takes minutes");
    fs::create_dir_all(paths.target())
        .with_context(|| format!("{} could not be made", paths.target().display()))?;
    run(&mut go).context("the API server for tests did not compile")?;
    fs::write(&stamp, inputs)
        .with_context(|| format!("{} could not be written", stamp.display()))?;
    eprintln!("test server: {}", paths.test_server().display());
    Ok(())
}

/// The call of the compiler.
fn go_build(source: &Path, program: &Path) -> anyhow::Result<Command> {
    let file = source.join("go.mod");
    let module =
        fs::read_to_string(&file).with_context(|| format!("{} is not readable", file.display()))?;
    let version = required(&module, "k8s.io/kubernetes")
        .with_context(|| format!("{} requires no k8s.io/kubernetes", file.display()))?;
    let mut go = Command::new("go");
    go.arg("build").arg("-C").arg(source);
    go.args(["-trimpath", "-ldflags", &linker_flags(version)]);
    go.arg("-o").arg(program).arg(".");
    Ok(go)
}

/// The version of a module that a go.mod requires.
fn required<'a>(module: &'a str, name: &str) -> Option<&'a str> {
    let lines = module
        .lines()
        .map(|line| line.trim().trim_start_matches("require "));
    lines
        .filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' '))
        .find(|rest| rest.starts_with('v'))
        .and_then(|rest| rest.split_whitespace().next())
}

/// Leaves debug information out, and says what `kubectl version` and discovery are to answer: a build that is not
/// told calls itself v0.0.0, which clients take for too old.
fn linker_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut flags = format!("-s -w -X k8s.io/component-base/version.gitVersion={version}");
    for name in ["gitMajor", "gitMinor"] {
        let number = numbers.next().unwrap_or_default();
        flags.push_str(&format!(
            " -X k8s.io/component-base/version.{name}={number}"
        ));
    }
    flags
}

/// All that the program depends on, one after the other: the compiler's arguments and every file of the module. Go
/// would find out by itself that nothing changed, but takes seconds to.
fn inputs(source: &Path, go: &Command) -> anyhow::Result<Vec<u8>> {
    let mut inputs = crate::process::shown(go).into_bytes();
    for file in files(source)? {
        let content =
            fs::read(&file).with_context(|| format!("{} is not readable", file.display()))?;
        let name = file.strip_prefix(source).unwrap_or(&file).display();
        inputs.extend_from_slice(format!("\n--- {name} {}\n", content.len()).as_bytes());
        inputs.extend(content);
    }
    Ok(inputs)
}

/// The files below a directory, in the order of their names.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("{} is not readable", directory.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "module x\n\nrequire (\n\tk8s.io/kubernetes v1.34.4\n\tk8s.io/apiserver v0.0.0 // indirect\n)\n\nreplace k8s.io/api => k8s.io/api v0.34.4\n";

    #[test]
    fn the_required_version_is_found_in_a_block_or_alone() {
        assert_eq!(required(MODULE, "k8s.io/kubernetes"), Some("v1.34.4"));
        let alone = "module x\nrequire k8s.io/kubernetes v1.35.0\n";
        assert_eq!(required(alone, "k8s.io/kubernetes"), Some("v1.35.0"));
        assert_eq!(required(MODULE, "k8s.io/apiserver"), Some("v0.0.0"));
    }

    #[test]
    fn neither_a_replacement_nor_a_longer_name_is_a_requirement() {
        assert_eq!(required(MODULE, "k8s.io/api"), None);
        assert_eq!(required(MODULE, "k8s.io/kube"), None);
    }

    #[test]
    fn the_version_is_told_whole_and_in_parts() {
        let flags = linker_flags("v1.34.4");
        assert!(flags.starts_with("-s -w "), "{flags}");
        for told in ["gitVersion=v1.34.4", "gitMajor=1", "gitMinor=34"] {
            assert!(
                flags.contains(&format!("-X k8s.io/component-base/version.{told}")),
                "{flags}"
            );
        }
    }

    #[test]
    fn any_file_and_any_argument_is_an_input() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path();
        fs::create_dir(source.join("inner")).unwrap();
        fs::write(source.join("go.mod"), MODULE).unwrap();
        fs::write(source.join("inner/a.go"), "package inner").unwrap();
        let now = || {
            let go = go_build(source, Path::new("/target/server")).unwrap();
            inputs(source, &go).unwrap()
        };
        let first = now();
        assert_eq!(now(), first);
        fs::write(source.join("inner/a.go"), "package other").unwrap();
        let second = now();
        assert_ne!(second, first);
        fs::rename(source.join("inner/a.go"), source.join("inner/b.go")).unwrap();
        assert_ne!(now(), second);
        let elsewhere = go_build(source, Path::new("/other/server")).unwrap();
        assert_ne!(inputs(source, &elsewhere).unwrap(), now());
    }
}
