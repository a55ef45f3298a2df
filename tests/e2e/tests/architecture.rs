//! The architecture's invariants, read off the sources.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder of the repository, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((
                    path.strip_prefix(root()).unwrap().display().to_string(),
                    text,
                ));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no files");
    found
}

#[test]
fn host_and_contract_do_not_know_what_they_reconcile() {
    for (path, text) in sources("host").into_iter().chain(sources("wit")) {
        for word in ["cassandra", "datacenter"] {
            assert!(!text.to_lowercase().contains(word), "{path} names {word}");
        }
    }
}
