//! Finds a way to compile for wasm32-unknown-unknown: in comes what is on this machine, out goes a route, that is, the
//! settings that cargo needs. The order of preference is `next`, a pure function; what it calls for is carried out in
//! `rustup` and `debian`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::debian::{self, Apt, Pair};
use crate::paths::Paths;
use crate::{process, rustup};

/// The target that policies are compiled for: no operating system, so nothing to import from one.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A way to compile for the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The toolchain has the target's standard library.
    Installed,
    /// The toolchain has the standard library's source; cargo compiles it too.
    LibrarySource,
    /// Debian's compiler and its library source.
    Debian(Pair),
}

/// What a look at the machine found.
#[derive(Clone, Debug, Default)]
struct Found {
    /// The target's standard library is in the toolchain.
    target: bool,
    /// The toolchain is rustup's, and rustup could add the target.
    rustup: Option<Attempt>,
    /// The library's source is in the toolchain.
    source: bool,
    /// Debian's compiler with its library source.
    debian: Option<Pair>,
    /// Debian's packages could be installed.
    apt: Option<Attempt>,
}

/// How far something that can fail has been tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// Not yet.
    Untried,
    /// In vain, in an earlier build.
    FailedBefore,
    /// In vain, in this one.
    FailedNow,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Take(Route),
    AddTarget,
    InstallDebianPair,
    GiveUp,
}

/// What is to be done, given what was found so far. What failed in an earlier build is tried again only when there is
/// nothing else left.
fn next(found: &Found) -> Step {
    if found.target {
        return Step::Take(Route::Installed);
    }
    if found.rustup == Some(Attempt::Untried) {
        return Step::AddTarget;
    }
    if found.source {
        return Step::Take(Route::LibrarySource);
    }
    if let Some(pair) = &found.debian {
        return Step::Take(Route::Debian(pair.clone()));
    }
    if found.apt == Some(Attempt::Untried) {
        return Step::InstallDebianPair;
    }
    if found.rustup == Some(Attempt::FailedBefore) {
        return Step::AddTarget;
    }
    Step::GiveUp
}

/// Finds a route, and installs what it needs where that is possible. Says on standard error which one it took.
pub fn find(paths: &Paths) -> anyhow::Result<Route> {
    let toolchain = Toolchain::current()?;
    let refusal = rustup::Refusal::of(&paths.wasm_target());
    let mut found = toolchain.look(&refusal);
    let mut failures = Vec::new();
    loop {
        match next(&found) {
            Step::Take(route) => {
                eprintln!("{TARGET}: {}", route.description());
                return Ok(route);
            }
            Step::AddTarget => {
                if let Err(error) = rustup::add(TARGET, &refusal) {
                    failures.push(format!("rustup target add {TARGET}: {error:#}"));
                }
                // Also after a success: rustup may have served another toolchain than the one in use.
                found.rustup = Some(Attempt::FailedNow);
                found.target = toolchain.has_target();
            }
            Step::InstallDebianPair => {
                if let Err(error) = Apt::find().map_or(Ok(()), |apt| apt.install(&debian::PACKAGES))
                {
                    failures.push(format!("apt-get: {error:#}"));
                }
                found.apt = Some(Attempt::FailedNow);
                found.debian = debian::pair();
            }
            Step::GiveUp => bail!(advice(&failures)),
        }
    }
}

/// What to tell a person when there is no route.
fn advice(failures: &[String]) -> String {
    let tried: String = failures
        .iter()
        .map(|failure| format!("\n  tried: {failure}"))
        .collect();
    format!(
        "policies are compiled for {TARGET}, and this machine cannot do that yet.{tried}\n\
         Any one of these is enough:\n  \
         rustup target add {TARGET}\n  \
         rustup component add rust-src\n  \
         apt-get install --no-install-recommends {} (Debian, Rust {} or newer)",
        debian::PACKAGES.join(" "),
        debian::OLDEST,
    )
}

impl Route {
    fn description(&self) -> String {
        match self {
            Self::Installed => "the toolchain has it".to_owned(),
            Self::LibrarySource => "building std from the toolchain's source".to_owned(),
            Self::Debian(pair) => format!("building std with Debian's Rust {}", pair.release),
        }
    }

    /// Settings for a `cargo build` that takes this route.
    pub fn prepare(&self, cargo: &mut Command) -> anyhow::Result<()> {
        cargo.args(["--target", TARGET]);
        if *self != Self::Installed {
            // The stable compiler may then use what building its own library needs.
            cargo.env("RUSTC_BOOTSTRAP", "1");
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        if let Self::Debian(pair) = self {
            cargo.env("RUSTC", &pair.compiler);
            // It names the libraries of rustup's compiler, which are not this one's.
            cargo.env_remove("LD_LIBRARY_PATH");
            // Debian's compiler comes without a linker for the target, rustup's with one.
            if let Some(linker) = Toolchain::current()?.linker() {
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            }
        }
        Ok(())
    }

    /// Where this route's compiler keeps the source of the standard library: a path that ends up in panic messages.
    pub fn library_source(&self) -> anyhow::Result<PathBuf> {
        match self {
            Self::Debian(pair) => Ok(pair.source.clone()),
            Self::Installed | Self::LibrarySource => Ok(Toolchain::current()?.source()),
        }
    }
}

/// The compiler that cargo uses unless told otherwise.
struct Toolchain {
    sysroot: PathBuf,
    libraries: PathBuf,
}

impl Toolchain {
    fn current() -> anyhow::Result<Self> {
        let ask = |arguments: &[&str]| {
            let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
            process::output(Command::new(compiler).args(arguments)).map(PathBuf::from)
        };
        Ok(Self {
            sysroot: ask(&["--print", "sysroot"])?,
            libraries: ask(&["--print", "target-libdir", "--target", TARGET])?,
        })
    }

    fn look(&self, refusal: &rustup::Refusal) -> Found {
        let attempt = |failed_before| {
            if failed_before {
                Attempt::FailedBefore
            } else {
                Attempt::Untried
            }
        };
        Found {
            target: self.has_target(),
            rustup: rustup::manages_toolchain().then(|| attempt(refusal.remembered())),
            source: self.source().join("library/std/Cargo.toml").exists(),
            debian: debian::pair(),
            apt: Apt::find().map(|_| Attempt::Untried),
        }
    }

    /// Whether the target's standard library is there: the compiler names its directory even when it is not.
    fn has_target(&self) -> bool {
        fs::read_dir(&self.libraries).is_ok_and(|entries| {
            let mut names = entries.flatten().map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().starts_with("libstd-"))
        })
    }

    fn source(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust")
    }

    fn linker(&self) -> Option<PathBuf> {
        let hosts = fs::read_dir(self.sysroot.join("lib/rustlib")).ok()?;
        let mut linkers = hosts.flatten().map(|host| host.path().join("bin/rust-lld"));
        linkers.find(|linker| Path::exists(linker))
    }
}

#[cfg(test)]
#[path = "wasm_target_tests.rs"]
mod tests;
