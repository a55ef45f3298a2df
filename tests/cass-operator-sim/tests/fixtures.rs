//! The fixtures beside the scenarios are those of the table. `PILOTHOUSE_ACCEPT=1` writes them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::path::Path;

use cass_operator_sim::fixture_files;

#[test]
fn the_files_are_those_of_the_table() {
    let directory = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/fixtures/cass-operator"
    ));
    let accepts = std::env::var_os("PILOTHOUSE_ACCEPT").is_some();
    let mut names = BTreeSet::new();
    for (name, text) in fixture_files() {
        let path = directory.join(&name);
        if accepts {
            std::fs::write(&path, &text).unwrap();
        }
        let is = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(is, text, "{name}: write it with PILOTHOUSE_ACCEPT=1");
        names.insert(name);
    }
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || names.contains(&name),
            "{name} is not in the table: write such a status in the scenario"
        );
    }
}
