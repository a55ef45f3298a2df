//! Policies as files: where the built one is, and another build of it.

use std::path::PathBuf;

use anyhow::{Result, ensure};

/// The policy that `cargo xtask build` made.
pub fn built() -> Result<PathBuf> {
    let path = std::env::var_os("PILOTHOUSE_POLICY").map_or_else(
        || target().join("policies/k8ssandra-task.wasm"),
        PathBuf::from,
    );
    ensure!(
        path.exists(),
        "{} is missing: run `cargo xtask build` first",
        path.display()
    );
    Ok(path)
}

/// The host that `cargo xtask build` made.
pub fn host() -> Result<PathBuf> {
    let path = std::env::var_os("PILOTHOUSE_BIN")
        .map_or_else(|| target().join("debug/pilothouse"), PathBuf::from);
    ensure!(
        path.exists(),
        "{} is missing: run `cargo xtask build` first",
        path.display()
    );
    Ok(path)
}

fn target() -> PathBuf {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// The same policy as another build of it would be: a custom section at the end makes other bytes, and means nothing.
pub fn variant(component: &[u8], name: &str) -> Vec<u8> {
    let mut section = vec![u8::try_from(name.len()).unwrap_or(0)];
    section.extend(name.bytes().take(usize::from(section[0])));
    let mut variant = component.to_vec();
    variant.push(0);
    variant.push(u8::try_from(section.len()).unwrap_or(0));
    variant.extend(section);
    variant
}
