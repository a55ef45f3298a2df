//! The bindings that are checked in are those that wit-bindgen makes of `policy.wit`.
//!
//! `PILOTHOUSE_ACCEPT=1` makes them anew.

use std::path::Path;

use anyhow::Context as _;
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

const DERIVES: [&str; 7] = [
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Hash",
    "serde::Serialize",
    "serde::Deserialize",
];

fn generated(wit: &Path) -> anyhow::Result<String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_path(wit)?.0;
    let world = resolve.select_world(&[package], Some("policy"))?;
    let options = Opts {
        format: true,
        additional_derive_attributes: DERIVES.map(str::to_owned).to_vec(),
        pub_export_macro: true,
        default_bindings_module: Some("pilothouse_contract".to_owned()),
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, source) = files.iter().next().context("no file came of it")?;
    Ok(String::from_utf8(source.to_vec())?)
}

#[test]
fn the_bindings_are_what_the_wit_file_says() {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bindings = generated(&crate_directory.join("policy.wit")).unwrap();
    let path = crate_directory.join("src/generated.rs");
    if std::env::var_os("PILOTHOUSE_ACCEPT").is_some() {
        std::fs::write(&path, &bindings).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == bindings,
        "src/generated.rs is not what policy.wit says: PILOTHOUSE_ACCEPT=1 cargo test -p pilothouse-contract"
    );
}
