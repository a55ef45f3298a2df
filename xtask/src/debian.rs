//! Debian's packages, for machines where rustup's server is out of reach: finds the Rust compiler with its library source,
//! and installs what it is asked to. What it is used for is decided elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process;

/// The packages: a compiler, and the source of its very standard library.
pub const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// The oldest Rust that compiles the policies.
pub const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// A compiler, and the source of its standard library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The program.
    pub compiler: PathBuf,
    /// The directory that has `library/std` in it.
    pub source: PathBuf,
    /// The version, as `1.96.0`.
    pub release: String,
}

/// The installed pair, if there is one that is new enough.
pub fn pair() -> Option<Pair> {
    let compiler = PathBuf::from("/usr/bin/rustc");
    let source = PathBuf::from("/usr/lib/rustlib/src/rust");
    if !compiler.exists() || !source.join("library/std/Cargo.toml").exists() {
        return None;
    }
    let description = process::output(Command::new(&compiler).arg("-vV")).ok()?;
    let release = release(&description)?.to_owned();
    // Another compiler's library would not compile, and Debian has several; a package's source is a directory named
    // by its version, behind this link.
    let directory = source.canonicalize().ok()?;
    let fits = directory.ends_with(format!("rustc-{release}")) && at_least(&release, OLDEST);
    fits.then_some(Pair {
        compiler,
        source,
        release,
    })
}

/// The version in the answer to `rustc -vV`.
fn release(description: &str) -> Option<&str> {
    description
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
}

fn at_least(release: &str, oldest: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        let digits = version
            .split(['.', '-', '+'])
            .map_while(|part| part.parse().ok());
        digits.collect()
    };
    numbers(release) >= numbers(oldest)
}

/// A way to install packages without asking anybody.
pub enum Apt {
    /// We are root.
    Root,
    /// sudo lets us be, without a password.
    Sudo,
}

impl Apt {
    /// What is possible here.
    pub fn find() -> Option<Self> {
        if !Path::new("/usr/bin/apt-get").exists() {
            return None;
        }
        if process::output(Command::new("id").arg("-u")).is_ok_and(|user| user == "0") {
            return Some(Self::Root);
        }
        process::works(Command::new("sudo").args(["-n", "true"])).then_some(Self::Sudo)
    }

    /// Installs packages.
    pub fn install(self, packages: &[&str]) -> anyhow::Result<()> {
        eprintln!("installing Debian's {}", packages.join(" and "));
        // An old list may know an older compiler only. One broken source is no reason to give up: the packages may
        // come from another.
        if let Err(error) = process::run(self.command().args(["-qq", "update"])) {
            eprintln!("{error:#}");
        }
        // Never at the price of another package, such as a rustc that somebody else uses.
        let options = [
            "-qq",
            "install",
            "-y",
            "--no-install-recommends",
            "--no-remove",
        ];
        process::run(self.command().args(options).args(packages))
            .with_context(|| format!("not installed: Debian's {}", packages.join(" and ")))
    }

    fn command(&self) -> Command {
        // `env` sets the variable on the far side of sudo, which would drop it.
        let words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
        let mut command = match self {
            Self::Root => Command::new(words[0]),
            Self::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", words[0]]);
                sudo
            }
        };
        command.args(&words[1..]);
        // Another apt-get may be at work, on a machine that has just started.
        command.args(["-o", "DPkg::Lock::Timeout=120"]);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        for (release, oldest, enough) in [
            ("1.96.0", "1.95", true),
            ("1.95.0", "1.95", true),
            ("1.100.0", "1.95", true),
            ("2.0.0-nightly", "1.95", true),
            ("1.85.0", "1.95", false),
            ("1.9.0", "1.95", false),
        ] {
            assert_eq!(at_least(release, oldest), enough, "{release} for {oldest}");
        }
    }

    #[test]
    fn the_release_is_read_from_the_compilers_description() {
        let description = "rustc 1.96.0 (ac68faa20 2026-05-25)\nhost: x86_64\nrelease: 1.96.0\nLLVM version: 22.1.8";
        assert_eq!(release(description), Some("1.96.0"));
        assert_eq!(release("gcc 12"), None);
    }

    #[test]
    fn apt_get_asks_nothing_and_waits_for_its_lock() {
        let ending = "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120";
        assert_eq!(process::shown(&Apt::Root.command()), ending);
        assert_eq!(
            process::shown(&Apt::Sudo.command()),
            format!("sudo -n {ending}")
        );
    }
}
