//! Machines made up of scripts: what is on them, what their rustup and apt-get can do, which route is found, and what was
//! asked of whom before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A machine: its programs are scripts in `bin`, and all that they know is below its directory, their $M.
struct Machine(TempDir);

/// What rustup does.
const ADDS: &str = r#"mkdir -p $M/sysroot/wasm && touch $M/sysroot/wasm/libstd-0.rlib"#;
const REFUSES: &str = "echo no network >&2; exit 1";
/// What `apt-get install` does.
const INSTALLS: &str = r#"mkdir -p $M/usr/bin && cp $M/bin/rustc $M/usr/bin/rustc
    mkdir -p $M/usr/src/rustc-1.96.0/library/std $M/usr/lib/rustlib/src
    touch $M/usr/src/rustc-1.96.0/library/std/Cargo.toml
    ln -s $M/usr/src/rustc-1.96.0 $M/usr/lib/rustlib/src/rust"#;

impl Machine {
    fn new(rustup: &str, apt: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.program(
            "rustc",
            r#"case "$*" in
                "--print sysroot") echo $M/sysroot;;
                *target-libdir*) echo $M/sysroot/wasm;;
                -vV) cat $M/release;;
            esac"#,
        );
        machine.does("echo 'release: 1.96.0' > $M/release");
        machine.program("rustup", &format!("echo rustup $* >> $M/asked\n{rustup}"));
        let apt = format!(r#"echo apt-get $* >> $M/asked; case "$*" in *install*) {apt};; esac"#);
        machine.program("apt-get", &apt);
        machine.program("id", "echo 0");
        machine.program(
            "timeout",
            r#"[ "$1" = --version ] || { shift; exec "$@"; }"#,
        );
        machine.does("mkdir -p $M/sysroot/lib/rustlib/host/bin; touch $M/sysroot/lib/rustlib/host/bin/rust-lld");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        let file = self.path("bin").join(name);
        fs::create_dir_all(self.path("bin")).unwrap();
        fs::write(&file, format!("#!/bin/sh\nset -e\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn does(&self, script: &str) {
        let mut sh = Command::new("/bin/sh");
        let done = sh.args(["-ec", script]).env("M", self.0.path()).status();
        assert!(done.unwrap().success(), "{script}");
    }

    fn shell(&self) -> Shell {
        let sh = Shell::new().unwrap();
        sh.set_var("M", self.0.path());
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        sh.set_var("PATH", path);
        sh.set_var("RUSTC", "rustc");
        sh.set_var("RUSTUP_TOOLCHAIN", "stable");
        sh
    }

    fn find(&self) -> Result<Route, String> {
        find_below(&self.shell(), self.0.path()).map_err(|error| format!("{error:#}"))
    }

    /// The description of the route, and the first words of what was asked of rustup and apt-get on the way.
    fn route(&self) -> (String, String) {
        drop(fs::remove_file(self.path("asked")));
        let description = self.find().unwrap().description;
        let asked = fs::read_to_string(self.path("asked")).unwrap_or_default();
        let verbs = ["target add", "update", "install"];
        let asked: Vec<_> = asked
            .lines()
            .map(|line| *verbs.iter().find(|verb| line.contains(*verb)).unwrap())
            .collect();
        (description, asked.join(", "))
    }
}

fn found(description: &str, asked: &str) -> (String, String) {
    (description.to_owned(), asked.to_owned())
}

#[test]
fn each_way_is_taken_when_those_before_it_are_closed() {
    let installed = Machine::new(REFUSES, REFUSES);
    installed.does(ADDS);
    assert_eq!(installed.route(), found("the toolchain has it", ""));

    let reached = Machine::new(ADDS, REFUSES);
    assert_eq!(reached.route(), found("the toolchain has it", "target add"));
    assert_eq!(reached.route(), found("the toolchain has it", ""));

    let source = Machine::new(REFUSES, REFUSES);
    source.does("mkdir -p $M/sysroot/lib/rustlib/src/rust/library/std; touch $M/sysroot/lib/rustlib/src/rust/library/std/Cargo.toml");
    let from_source = "building std from the toolchain's source";
    assert_eq!(source.route(), found(from_source, "target add"));

    // `true` adds the target to another toolchain than the one in use.
    for rustup in [REFUSES, "true"] {
        let debian = Machine::new(rustup, INSTALLS);
        let from_debian = "building std with Debian's Rust 1.96.0";
        let asked = "target add, update, install";
        assert_eq!(debian.route(), found(from_debian, asked));
        assert_eq!(debian.route(), found(from_debian, ""), "it is there now");
    }
}

#[test]
fn a_debian_pair_that_is_too_old_or_does_not_fit_is_passed_over() {
    for spoil in [
        "echo 'release: 1.85.0' > $M/release; mv $M/usr/src/rustc-1.96.0 $M/usr/src/rustc-1.85.0; \
         ln -sfn $M/usr/src/rustc-1.85.0 $M/usr/lib/rustlib/src/rust",
        "echo 'release: 1.97.0' > $M/release",
        "rm $M/usr/src/rustc-1.96.0/library/std/Cargo.toml",
    ] {
        let machine = Machine::new(ADDS, REFUSES);
        machine.does(INSTALLS);
        machine.does(spoil);
        let expected = found("the toolchain has it", "target add");
        assert_eq!(machine.route(), expected, "{spoil}");
    }
}

#[test]
fn where_nothing_works_the_error_says_what_was_tried_and_what_to_install() {
    let machine = Machine::new(REFUSES, REFUSES);
    let error = machine.find().unwrap_err();
    for part in [
        "rustup target add wasm32-unknown-unknown (tried: command exited with non-zero code `env timeout 60 rustup",
        "rustup component add rust-src",
        "rustc-web rust-web-src (Debian, Rust 1.95 or newer; tried: ",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let other = Machine::new("true", "true").find().unwrap_err();
    assert_eq!(other.matches("done, in vain").count(), 2, "{other}");
}

#[test]
fn apt_get_is_asked_as_root_removes_nothing_and_waits_for_its_lock() {
    let machine = Machine::new(REFUSES, INSTALLS);
    machine.program("id", "echo 1000");
    machine.program(
        "sudo",
        r#"echo sudo $1 >> $M/asked; [ "$1" = -n ]; shift; exec "$@""#,
    );
    machine.find().unwrap();
    let asked = fs::read_to_string(machine.path("asked")).unwrap();
    let apt = "apt-get -qq -o DPkg::Lock::Timeout=120";
    let expected = format!(
        "rustup target add {TARGET}\nsudo -n\n{apt} update\nsudo -n\n\
         {apt} install -y --no-install-recommends --no-remove rustc-web rust-web-src\n"
    );
    assert_eq!(asked, expected);
}

#[test]
fn only_an_installed_target_is_left_to_the_stable_compiler_alone() {
    let changes = |machine: &Machine| {
        let sh = machine.shell();
        let cargo = machine.find().unwrap().apply(cmd!(sh, "cargo build"));
        let cargo = Command::from(cargo);
        let value = |name: &str| {
            let mut variables = cargo.get_envs();
            let (_, value) = variables.find(|(variable, _)| *variable == name)?;
            Some(value.unwrap_or_default().to_string_lossy().into_owned())
        };
        let names = [
            "RUSTC_BOOTSTRAP",
            "LD_LIBRARY_PATH",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            "RUSTC",
        ];
        let arguments = cargo
            .get_args()
            .map(|part| part.to_string_lossy().into_owned());
        (arguments.collect::<Vec<_>>().join(" "), names.map(value))
    };
    let rustc = || Some("rustc".to_owned());
    let installed = changes(&Machine::new(ADDS, REFUSES));
    let plain = format!("build --target {TARGET}");
    assert_eq!(installed, (plain.clone(), [None, None, None, rustc()]));

    let debian = Machine::new(REFUSES, INSTALLS);
    let text = |path: &str| Some(debian.path(path).display().to_string());
    let expected = [
        Some("1".to_owned()),
        Some(String::new()),
        text("sysroot/lib/rustlib/host/bin/rust-lld"),
        text("usr/bin/rustc"),
    ];
    let std = format!("{plain} -Zbuild-std=std,panic_abort");
    assert_eq!(changes(&debian), (std, expected));
}
