//! Installs what a machine lacks: with rustup, with apt-get, with cargo.

use std::path::Path;

use anyhow::{Context, bail};
use xshell::{Shell, cmd};

use crate::checkout::Checkout;

/// How long rustup may take, in seconds. A target is some 20 MB; out of reach of its server, it waits for minutes.
const LIMIT: &str = "60";

/// Adds a target or a component to the toolchain in use, if that is one of rustup's.
pub fn rustup(sh: &Shell, kind: &str, name: &str) -> anyhow::Result<()> {
    // Rustup tells what it starts the name of the toolchain.
    sh.var("RUSTUP_TOOLCHAIN")
        .context("the toolchain is not rustup's")?;
    let limited = works(cmd!(sh, "timeout --version"));
    let limit = if limited {
        &["timeout", LIMIT][..]
    } else {
        &[]
    };
    eprintln!("{name}: asking rustup for it (at most {LIMIT} s)");
    Ok(cmd!(sh, "env {limit...} rustup {kind} add {name}").run()?)
}

/// Installs Debian's packages, asking nobody and removing nothing, such as a rustc that somebody else uses.
pub fn apt(sh: &Shell, packages: &[&str]) -> anyhow::Result<()> {
    let sudo = match cmd!(sh, "id -u").read()?.as_str() {
        "0" => &[][..],
        _ => &["sudo", "-n"],
    };
    // `env` sets the variable on the far side of sudo. Another apt-get may be at work, on a machine that has just started.
    let apt = "env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120";
    let apt: Vec<&str> = sudo.iter().copied().chain(apt.split(' ')).collect();
    let (program, apt) = apt.split_first().context("no program")?;
    // An old list may know older packages only. One broken source is no reason to give up: they may come from another.
    let updated = cmd!(sh, "{program} {apt...} update").run();
    cmd!(
        sh,
        "{program} {apt...} install -y --no-install-recommends --no-remove {packages...}"
    )
    .run()
    .with_context(|| format!("apt-get update: {updated:?}"))
}

/// Installs a tool of cargo's in target/tools, in this version to the letter, unless it is there.
pub fn tool(checkout: &Checkout, name: &str, version: &str) -> anyhow::Result<()> {
    let root = checkout.target("tools");
    let package = format!("{name}@={version}");
    // It is then built in a directory that cargo removes afterwards.
    let cargo = checkout.cargo().env_remove("CARGO_TARGET_DIR");
    Ok(cargo
        .args(["install", "--quiet", "--locked", &package, "--root"])
        .arg(root)
        .run()?)
}

/// Installs one of these tools that are long to compile: from a wheel of Python's with the program in it, which takes
/// seconds, or else as any other tool. Takes a version that is there already.
pub fn wheel(checkout: &Checkout, name: &str, version: &str) -> anyhow::Result<()> {
    let sh = &checkout.sh;
    if works(cmd!(sh, "{name} --version")) {
        return Ok(());
    }
    // A directory of its own: pip replaces what is in one.
    let wheel = checkout.target("tools").join(name);
    let package = format!("astral-dev-toolchain-{name}=={version}");
    let pip = "-m pip install --quiet --root-user-action ignore --no-deps --upgrade".split(' ');
    if works(cmd!(sh, "python3 {pip...} --target {wheel} {package}")) {
        let tools = sh.create_dir(checkout.target("tools/bin"))?;
        return Ok(sh.copy_file(wheel.join("bin").join(name), tools)?);
    }
    tool(checkout, name, version)
}

/// Tells cargo-llvm-cov where LLVM's coverage programs are, of the compiler's LLVM: they read what it writes.
pub fn llvm_tools(sh: &Shell) -> anyhow::Result<()> {
    // A person who names them has a reason to.
    if sh.var("LLVM_COV").is_ok() {
        return Ok(());
    }
    let Err(refused) = rustup(sh, "component", "llvm-tools") else {
        return Ok(());
    };
    let compiler = cmd!(sh, "rustc -vV").read()?;
    let version = compiler.split("LLVM version: ").nth(1);
    let version = version.and_then(|version| version.split('.').next());
    let version = version.context("`rustc -vV` names no LLVM version")?;
    let programs = Path::new("/usr/lib").join(format!("llvm-{version}/bin"));
    if !programs.exists()
        && let Err(error) = apt(sh, &[&format!("llvm-{version}")])
    {
        bail!("coverage needs rustup's llvm-tools ({refused:#}) or llvm-{version} ({error:#})");
    }
    sh.set_var("LLVM_COV", programs.join("llvm-cov"));
    sh.set_var("LLVM_PROFDATA", programs.join("llvm-profdata"));
    Ok(())
}

/// Whether a command can be started and succeeds.
pub fn works(command: xshell::Cmd<'_>) -> bool {
    let command = command.quiet().ignore_stdout().ignore_stderr();
    command.run().is_ok()
}
