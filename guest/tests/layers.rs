//! Each layer imports only from those to its left, and no modules import each other in a circle: reads `src`.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the sources are files, read as they stand"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The layers, from the documents to the plan.
const LAYERS: [&str; 5] = ["documents", "observation", "decision", "report", "plan"];

/// The modules of a layer, `layer` for its `mod.rs` and `layer::module` for the others, with the text of each but for its tests.
fn modules(layer: &str) -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(layer);
    let files = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|path| !path.to_string_lossy().ends_with("_tests.rs"));
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let name = if name == "mod" {
                layer.to_owned()
            } else {
                format!("{layer}::{name}")
            };
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .to_owned();
            (name, code)
        })
        .collect()
}

/// The modules that a module imports: what stands after `crate::` and `super::`, groups in braces taken apart.
fn imports(name: &str, code: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let parent = name.split("::").next().unwrap_or_default();
    let mut paths = Vec::new();
    for (prefix, base) in [
        ("crate::", String::new()),
        ("super::", format!("{parent}::")),
    ] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            let path: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || "_:".contains(*c))
                .collect();
            let group = rest[path.len()..]
                .strip_prefix('{')
                .map(|group| group.split('}').next().unwrap_or_default());
            let names = group.map_or(vec![String::new()], |group| {
                group.split(',').map(|it| it.trim().to_owned()).collect()
            });
            paths.extend(names.iter().map(|name| format!("{base}{path}{name}")));
        }
    }
    let longest = |path: &String| {
        let parts: Vec<&str> = path.split("::").collect();
        let names = [
            parts.get(..2).map(|parts| parts.join("::")),
            parts.first().map(|part| (*part).to_owned()),
        ];
        names
            .into_iter()
            .flatten()
            .find(|name| known.contains(name))
    };
    paths
        .iter()
        .filter_map(longest)
        .filter(|import| import != name)
        .collect()
}

fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let modules: Vec<(String, String)> = LAYERS.iter().flat_map(|layer| modules(layer)).collect();
    let known: BTreeSet<String> = modules.iter().map(|(name, _)| name.clone()).collect();
    assert!(
        known.len() > 15,
        "the sources are not where they were: {known:?}"
    );
    modules
        .iter()
        .map(|(name, code)| (name.clone(), imports(name, code, &known)))
        .collect()
}

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| module.split("::").next() == Some(layer))
        .unwrap()
}

#[test]
fn each_layer_imports_only_from_those_to_its_left() {
    for (module, imports) in graph() {
        let wrong: Vec<&String> = imports
            .iter()
            .filter(|import| layer(import) > layer(&module))
            .collect();
        assert!(wrong.is_empty(), "{module} imports {wrong:?}");
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut left = graph();
    while let Some(leaf) = left
        .iter()
        .find(|(_, imports)| imports.iter().all(|it| !left.contains_key(it)))
    {
        let leaf = leaf.0.clone();
        left.remove(&leaf);
    }
    assert!(left.is_empty(), "these import each other: {left:#?}");
}
