//! Cargo's tools that a verification uses: in comes a name with a version, out goes a command that calls it. Where it is
//! missing, or another version, it is installed in target/tools: what is measured then does not depend on what a person
//! happens to have.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::paths::Paths;
use crate::process::{beside_cargo, cargo, run};

/// A tool.
pub struct Tool {
    /// Its package, and its program.
    name: &'static str,
    /// What cargo calls it with.
    word: &'static str,
    /// Its version, to the letter.
    version: &'static str,
}

/// Measures which lines ran.
pub const LLVM_COV: Tool = Tool {
    name: "cargo-llvm-cov",
    word: "llvm-cov",
    version: "0.9.1",
};

/// Changes the code, and looks whether a test notices.
pub const MUTANTS: Tool = Tool {
    name: "cargo-mutants",
    word: "mutants",
    version: "27.1.0",
};

impl Tool {
    /// A call of the tool, which is installed first where need be.
    pub fn command(&self, paths: &Paths) -> anyhow::Result<Command> {
        if !self.is_installed(paths) {
            self.install(paths)?;
        }
        Ok(self.call(paths))
    }

    fn call(&self, paths: &Paths) -> Command {
        let mut command = beside_cargo(paths, self.program(paths));
        command.arg(self.word);
        command
    }

    fn program(&self, paths: &Paths) -> PathBuf {
        paths.tools().join("bin").join(self.name)
    }

    fn is_installed(&self, paths: &Paths) -> bool {
        let answer = self
            .call(paths)
            .arg("--version")
            .stderr(Stdio::null())
            .output();
        answer.is_ok_and(|answer| self.is_named_by(&String::from_utf8_lossy(&answer.stdout)))
    }

    fn is_named_by(&self, answer: &str) -> bool {
        answer.trim() == format!("{} {}", self.name, self.version)
    }

    fn install(&self, paths: &Paths) -> anyhow::Result<()> {
        let Self { name, version, .. } = self;
        eprintln!(
            "{name} {version}: installing it in {} (some minutes)",
            paths.tools().display()
        );
        let mut cargo = cargo(paths);
        cargo.args(["install", name, "--version", &format!("={version}")]);
        cargo.args(["--locked", "--force", "--root"]);
        cargo.arg(paths.tools());
        // It is then built in a directory that cargo removes afterwards.
        cargo.env_remove("CARGO_TARGET_DIR");
        run(&mut cargo).with_context(|| format!("{name} {version} was not installed"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::process::shown;

    #[test]
    fn another_version_is_not_it() {
        for (answer, expected) in [
            ("cargo-mutants 27.1.0\n", true),
            ("cargo-mutants 27.1.01", false),
            ("cargo-mutants 26.0.0", false),
            ("", false),
        ] {
            assert_eq!(MUTANTS.is_named_by(answer), expected, "{answer}");
        }
    }

    #[test]
    fn a_tool_is_called_as_cargo_would() {
        let paths = Paths::below(Path::new("/checkout"));
        let call = LLVM_COV.call(&paths);
        assert_eq!(shown(&call), "cargo-llvm-cov llvm-cov");
        assert!(!LLVM_COV.is_installed(&paths), "there is no such directory");
    }
}
