//! Where things are: in comes the environment, out go absolute paths. Nothing is read or written here.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context;

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

impl Profile {
    /// The profile that `--release` or `--image` stands for, or their absence.
    pub fn of(release: bool, image: bool) -> Self {
        match (release, image) {
            (_, true) => Self::Image,
            (true, false) => Self::Release,
            (false, false) => Self::Debug,
        }
    }

    /// The directory below the target directory that cargo uses for it.
    fn directory(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release | Self::Image => "release",
        }
    }
}

/// The checkout and its target directory, both absolute.
#[derive(Clone, Debug)]
pub struct Paths {
    root: PathBuf,
    target: PathBuf,
}

impl Paths {
    /// The paths of the checkout that this very run belongs to.
    pub fn of_this_run() -> anyhow::Result<Self> {
        // Cargo says where the package is; started by hand, it is where it was compiled.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&package)
            .parent()
            .context("the directory of the xtask package has no parent")?
            .to_owned();
        let chosen = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
        // Cargo takes it relative to where it was started, which nested calls are not.
        let here = env::current_dir().context("the current directory is not readable")?;
        let target = chosen.map_or_else(|| root.join("target"), |chosen| here.join(chosen));
        Ok(Self { root, target })
    }

    /// Paths below a directory made up by a test.
    #[cfg(test)]
    pub fn below(directory: &Path) -> Self {
        Self {
            root: directory.to_owned(),
            target: directory.join("target"),
        }
    }

    /// The checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The target directory of policies: their compiler can be another than the host's, and a build of one must
    /// neither wait for nor invalidate a build of the other.
    pub fn wasm_target(&self) -> PathBuf {
        self.target.join("wasm")
    }

    /// The component of a policy.
    pub fn policy(&self, name: &str) -> PathBuf {
        self.target.join("policies").join(format!("{name}.wasm"))
    }

    /// The host's binary.
    pub fn host(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.directory()).join("pilothouse")
    }

    /// Where cargo's tools of our own are installed.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where the tools of a verification leave their output.
    pub fn verification(&self) -> PathBuf {
        self.target.join("verify")
    }

    /// The program with etcd, the API server and the controller manager.
    pub fn test_server(&self) -> PathBuf {
        self.target.join("kube-test-server")
    }

    /// The Go module that it is built from.
    pub fn test_server_source(&self) -> PathBuf {
        self.root.join("tests").join("apiserver")
    }
}
