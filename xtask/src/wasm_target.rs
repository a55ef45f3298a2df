//! Finds a way to compile for wasm32-unknown-unknown. What is on the machine is taken first, then what can be installed;
//! rustup's server is out of reach of some machines, and Debian's packages are the way for those.

use std::path::{Path, PathBuf};

use anyhow::Context;
use xshell::{Cmd, Shell, cmd};

use crate::install;

/// The target that policies are compiled for: no operating system, so nothing to import from one.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages: a compiler, and the source of its very standard library.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// The oldest Rust that compiles the policies.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// A way to compile for the target.
#[derive(Debug)]
pub struct Route {
    /// What it does, for people.
    description: String,
    /// Whether cargo compiles the standard library, too.
    build_std: bool,
    /// Where the source of the standard library is: a path that ends up in panic messages.
    pub library_source: PathBuf,
    /// Debian's compiler, and rustup's linker: Debian's compiler comes without one for the target.
    compiler: Option<(PathBuf, Option<PathBuf>)>,
}

impl Route {
    /// Makes a `cargo build` take this route.
    pub fn apply<'a>(&self, cargo: Cmd<'a>) -> Cmd<'a> {
        let mut cargo = cargo.args(["--target", TARGET]);
        if self.build_std {
            // The stable compiler may then use what building its own library needs.
            cargo = cargo
                .env("RUSTC_BOOTSTRAP", "1")
                .arg("-Zbuild-std=std,panic_abort");
        }
        if let Some((compiler, linker)) = &self.compiler {
            // The last one names the libraries of rustup's compiler, which are not this one's.
            cargo = cargo.env("RUSTC", compiler).env_remove("LD_LIBRARY_PATH");
            if let Some(linker) = linker {
                cargo = cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            }
        }
        cargo
    }
}

/// Finds a route, and installs what it needs where that is possible. Says on standard error which one it took.
pub fn find(sh: &Shell) -> anyhow::Result<Route> {
    let route = find_below(sh, Path::new("/"))?;
    eprintln!("{TARGET}: {}", route.description);
    Ok(route)
}

/// The same, on a machine whose Debian packages are below this directory.
fn find_below(sh: &Shell, debian: &Path) -> anyhow::Result<Route> {
    let toolchain = Toolchain::current(sh)?;
    let debian = || toolchain.with_debian(sh, debian);
    if let Some(route) = toolchain.with_target().or_else(debian) {
        return Ok(route);
    }
    let rustup = install::rustup(sh, "target", TARGET);
    // Not only after a success: rustup may have served another toolchain than the one in use.
    if let Some(route) = toolchain.with_target().or_else(|| toolchain.with_source()) {
        return Ok(route);
    }
    let apt = install::apt(sh, &PACKAGES);
    let tried = |result: anyhow::Result<()>| match result {
        Ok(()) => "done, in vain".to_owned(),
        Err(error) => format!("tried: {error:#}"),
    };
    debian().with_context(|| {
        format!(
            "policies are compiled for {TARGET}, and this machine cannot do that yet. Any one of these is enough:\n  \
             rustup target add {TARGET} ({})\n  \
             rustup component add rust-src\n  \
             apt-get install --no-install-recommends {} (Debian, Rust {OLDEST} or newer; {})",
            tried(rustup),
            PACKAGES.join(" "),
            tried(apt)
        )
    })
}

/// The compiler that cargo uses unless told otherwise.
struct Toolchain {
    sysroot: PathBuf,
    libraries: PathBuf,
}

impl Toolchain {
    fn current(sh: &Shell) -> anyhow::Result<Self> {
        let rustc = sh.var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let sysroot = cmd!(sh, "{rustc} --print sysroot").quiet().read()?;
        let libraries = cmd!(sh, "{rustc} --print target-libdir --target {TARGET}");
        Ok(Self {
            sysroot: sysroot.into(),
            libraries: libraries.quiet().read()?.into(),
        })
    }

    /// The target's standard library is there: the compiler names its directory even when it is not.
    fn with_target(&self) -> Option<Route> {
        let mut files = self.libraries.read_dir().ok()?.flatten();
        files.find(|file| file.file_name().to_string_lossy().starts_with("libstd-"))?;
        Some(Route {
            description: "the toolchain has it".to_owned(),
            build_std: false,
            library_source: self.source(),
            compiler: None,
        })
    }

    /// The library's source is in the toolchain.
    fn with_source(&self) -> Option<Route> {
        has_library(&self.source()).then(|| Route {
            description: "building std from the toolchain's source".to_owned(),
            build_std: true,
            library_source: self.source(),
            compiler: None,
        })
    }

    /// Debian's compiler is there, is new enough, and the source is of its very library. Debian has several of each; the
    /// source is a directory named by its version, behind a link.
    fn with_debian(&self, sh: &Shell, debian: &Path) -> Option<Route> {
        let compiler = debian.join("usr/bin/rustc");
        let source = debian.join("usr/lib/rustlib/src/rust");
        if !compiler.exists() || !has_library(&source) {
            return None;
        }
        let about = cmd!(sh, "{compiler} -vV").quiet().read().ok()?;
        let release = about.split("release: ").nth(1)?.lines().next()?;
        let fits = source
            .canonicalize()
            .ok()?
            .ends_with(format!("rustc-{release}"));
        (fits && minor(release) >= minor(OLDEST)).then(|| Route {
            description: format!("building std with Debian's Rust {release}"),
            build_std: true,
            library_source: source,
            compiler: Some((compiler, self.linker())),
        })
    }

    fn source(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust")
    }

    fn linker(&self) -> Option<PathBuf> {
        let hosts = self.sysroot.join("lib/rustlib").read_dir().ok()?;
        let mut linkers = hosts.flatten().map(|host| host.path().join("bin/rust-lld"));
        linkers.find(|linker| linker.exists())
    }
}

fn has_library(source: &Path) -> bool {
    source.join("library/std/Cargo.toml").exists()
}

/// 95 of 1.95.0.
fn minor(release: &str) -> Option<u32> {
    release.split('.').nth(1)?.parse().ok()
}

#[cfg(test)]
#[path = "wasm_target_tests.rs"]
mod tests;
