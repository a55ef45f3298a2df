//! Finds LLVM's two coverage programs, of the version that the compiler's own LLVM is of: they read what it writes. Out
//! goes where they are, after installing them where that is possible.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::debian::Apt;
use crate::{process, rustup};

/// The variables that cargo-llvm-cov reads, and the program that each names.
const PROGRAMS: [(&str, &str); 2] = [("LLVM_COV", "llvm-cov"), ("LLVM_PROFDATA", "llvm-profdata")];

/// Rustup's name of the component that has them.
const COMPONENT: &str = "llvm-tools";

/// Tells cargo-llvm-cov where the programs are.
pub fn hand_over(command: &mut Command) -> anyhow::Result<()> {
    // A person who names them has a reason to.
    if PROGRAMS.iter().all(|(name, _)| env::var_os(name).is_some()) {
        return Ok(());
    }
    let directory = find()?;
    eprintln!("LLVM's coverage programs: {}", directory.display());
    for (name, program) in PROGRAMS {
        command.env(name, directory.join(program));
    }
    Ok(())
}

/// The directory with both. What is there is taken before anything is installed.
fn find() -> anyhow::Result<PathBuf> {
    let version = major(&process::output(Command::new("rustc").arg("-vV"))?)
        .context("`rustc -vV` names no LLVM version")?
        .to_owned();
    let debian = PathBuf::from(format!("/usr/lib/llvm-{version}/bin"));
    let package = format!("llvm-{version}");
    let look = || {
        let mut places = toolchain().into_iter().chain([debian.clone()]);
        places.find(|directory| has_both(directory))
    };
    let mut failures = String::new();
    if let Some(found) = look() {
        return Ok(found);
    }
    if rustup::manages_toolchain() {
        if let Err(error) = rustup::add_component(COMPONENT) {
            failures += &format!("\n  tried: rustup component add {COMPONENT}: {error:#}");
        } else if let Some(found) = look() {
            return Ok(found);
        }
    }
    if let Some(apt) = Apt::find() {
        if let Err(error) = apt.install(&[&package]) {
            failures += &format!("\n  tried: apt-get: {error:#}");
        } else if let Some(found) = look() {
            return Ok(found);
        }
    }
    bail!(
        "coverage needs llvm-cov and llvm-profdata of LLVM {version}, and they were not found.{failures}\n\
         Any one of these is enough:\n  \
         rustup component add {COMPONENT}\n  \
         apt-get install --no-install-recommends {package}\n  \
         LLVM_COV and LLVM_PROFDATA set to the programs"
    )
}

/// The directories where rustup puts programs that belong to a toolchain.
fn toolchain() -> Vec<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]));
    let libraries = sysroot.map(|sysroot| Path::new(&sysroot).join("lib/rustlib"));
    let hosts = libraries.ok().and_then(|path| fs::read_dir(path).ok());
    let hosts = hosts.into_iter().flatten().flatten();
    hosts.map(|host| host.path().join("bin")).collect()
}

fn has_both(directory: &Path) -> bool {
    PROGRAMS
        .iter()
        .all(|(_, program)| directory.join(program).exists())
}

/// The first number of LLVM's version in the answer to `rustc -vV`.
fn major(description: &str) -> Option<&str> {
    let version = description
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_compilers_description() {
        let description =
            "rustc 1.95.0 (59807616e 2026-04-14)\nrelease: 1.95.0\nLLVM version: 22.1.2";
        assert_eq!(major(description), Some("22"));
        assert_eq!(major("rustc 1.95.0"), None);
    }

    #[test]
    fn one_program_without_the_other_is_of_no_use() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!has_both(directory.path()));
        fs::write(directory.path().join("llvm-cov"), "").unwrap();
        assert!(!has_both(directory.path()));
        fs::write(directory.path().join("llvm-profdata"), "").unwrap();
        assert!(has_both(directory.path()));
    }
}
