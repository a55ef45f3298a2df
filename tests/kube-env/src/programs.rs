//! Finds the executables: comes in what the environment variables say and which files exist, goes out how each program
//! is called. Nothing is built or downloaded here.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::skip::skip;

/// A folder with the three programs under their own names, as other test tools for Kubernetes use it.
const ASSETS: &str = "KUBEBUILDER_ASSETS";
/// The path of the one executable that is all three programs.
const SERVER: &str = "PILOTHOUSE_TEST_SERVER";
/// Where `cargo xtask` builds that executable.
const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/kube-test-server");

/// Whether real API servers can be started on this machine; where not, that is said on standard error.
///
/// # Errors
/// If they cannot though `PILOTHOUSE_REAL=1` is set. It says what is missing and how to get it.
pub fn is_available_or_skip() -> anyhow::Result<bool> {
    let missing = Programs::find().err();
    if let Some(why) = &missing {
        skip(&format!("there is no real API server: {why}"))?;
    }
    Ok(missing.is_none())
}

/// The programs that a control plane is made of.
#[derive(Debug)]
pub(super) struct Programs {
    pub etcd: Program,
    pub apiserver: Program,
    pub controllers: Program,
}

/// One program: an executable, and what comes before the program's own flags.
#[derive(Debug)]
pub(super) struct Program {
    executable: PathBuf,
    leading: Vec<&'static str>,
}

impl Programs {
    /// Those of the environment variables, or else the one built in this workspace.
    pub fn find() -> Result<Self, String> {
        let path = |name| env::var_os(name).map(PathBuf::from);
        Self::choose(path(ASSETS), path(SERVER), Path::new(BUILT))
    }

    fn choose(
        assets: Option<PathBuf>,
        server: Option<PathBuf>,
        built: &Path,
    ) -> Result<Self, String> {
        if let Some(folder) = assets {
            return Self::in_folder(&folder);
        }
        let server = match server {
            Some(path) if path.is_file() => path,
            Some(path) => return Err(format!("{SERVER} is {}: no such file", path.display())),
            None if built.is_file() => built.to_path_buf(),
            None => {
                return Err(format!(
                    "{} is not built; `cargo xtask apiserver` builds it (Go is needed), or set {ASSETS} to a folder \
                     with etcd, kube-apiserver and kube-controller-manager",
                    built.display()
                ));
            }
        };
        Ok(Self::in_one(&server))
    }

    fn in_folder(folder: &Path) -> Result<Self, String> {
        let program = |name: &str| {
            let executable = folder.join(name);
            let leading = Vec::new();
            if executable.is_file() {
                Ok(Program {
                    executable,
                    leading,
                })
            } else {
                Err(format!(
                    "{ASSETS} is {}, and {name} is not in it; put it there, or unset {ASSETS} and run \
                     `cargo xtask apiserver`",
                    folder.display()
                ))
            }
        };
        Ok(Self {
            etcd: program("etcd")?,
            apiserver: program("kube-apiserver")?,
            controllers: program("kube-controller-manager")?,
        })
    }

    fn in_one(server: &Path) -> Self {
        let program = |name| Program {
            executable: server.to_path_buf(),
            // A killed test cannot clean up; a supervised server sees the pipe close and ends.
            leading: vec!["supervise", name],
        };
        Self {
            etcd: program("etcd"),
            apiserver: program("kube-apiserver"),
            controllers: program("kube-controller-manager"),
        }
    }
}

impl Program {
    /// The program as a command, without its flags.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(&self.leading);
        command
    }
}

/// A flag as all three programs read it.
pub(super) fn flag((name, value): (&str, String)) -> String {
    format!("--{name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_goes_before_a_server_and_must_be_complete() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["etcd", "kube-apiserver", "server"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let assets = Some(folder.path().to_path_buf());
        let server = folder.path().join("server");

        let error = Programs::choose(assets.clone(), None, &server).unwrap_err();
        assert!(
            error.contains("kube-controller-manager is not in it"),
            "{error}"
        );

        fs::write(folder.path().join("kube-controller-manager"), "").unwrap();
        let programs = Programs::choose(assets, Some(server.clone()), &server).unwrap();
        assert_eq!(programs.etcd.executable, folder.path().join("etcd"));
        assert!(programs.etcd.leading.is_empty());
    }

    #[test]
    fn one_executable_is_told_which_program_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("server");
        let error = Programs::choose(None, None, &built).unwrap_err();
        assert!(error.contains("cargo xtask apiserver"), "{error}");

        fs::write(&built, "").unwrap();
        let programs = Programs::choose(None, None, &built).unwrap();
        assert_eq!(programs.apiserver.executable, built);
        assert_eq!(programs.apiserver.leading, ["supervise", "kube-apiserver"]);
    }

    #[test]
    fn a_server_that_was_asked_for_by_name_is_not_replaced_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("server");
        fs::write(&built, "").unwrap();
        let error = Programs::choose(None, Some(folder.path().join("other")), &built).unwrap_err();
        assert!(error.contains("no such file"), "{error}");
    }
}
