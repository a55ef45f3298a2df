//! CustomResourceDefinitions from files: what API servers hold objects to.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
pub use kube_sim::Definitions;

/// Reads definitions: files, and of a directory all *.yaml in and below it whose documents are definitions.
pub fn read<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Definitions> {
    let mut definitions = Definitions::default();
    for path in paths {
        let path = path.as_ref();
        for file in files(path)? {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("reading definitions {}", file.display()))?;
            match Definitions::parse(&text) {
                Ok(more) => definitions.extend(more),
                // A directory may have other files beside them.
                Err(_) if path.is_dir() => {}
                Err(error) => return Err(error.context(format!("definitions {}", file.display()))),
            }
        }
    }
    Ok(definitions)
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    match path.is_dir() {
        true => crate::scenario::files(path),
        false => Ok(vec![path.to_owned()]),
    }
}
