//! Reads what a component imports: in go its bytes, out come the names. Nothing is run or judged here.

use anyhow::{Context, bail};
use wit_component::DecodedWasm;

/// The names of all that must be given to a component before it can run; empty for a pure one.
///
/// What the modules within it import from each other is not counted: the component gives it to them itself.
pub fn imports(component: &[u8]) -> anyhow::Result<Vec<String>> {
    let decoded =
        wit_component::decode(component).context("this is not a WebAssembly component")?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        bail!("this is a package of interfaces, not a component");
    };
    let names = resolve.worlds[world].imports.keys();
    Ok(names.map(|key| resolve.name_world_key(key)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    /// A section with a core module that imports the function `now` of the module `env`.
    const MODULE: &[u8] =
        b"\x01\x1b\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03env\x03now\0\0";
    /// Component type section: one function type without parameters and result.
    const TYPE: &[u8] = b"\x07\x05\x01\x40\0\x01\0";
    /// Component import section: the function `clock`.
    const IMPORT: &[u8] = b"\x0a\x0a\x01\0\x05clock\x01\0";

    #[test]
    fn a_component_answers_for_itself_and_not_for_the_modules_within() {
        assert_eq!(imports(COMPONENT).unwrap(), [""; 0]);
        let pure = [COMPONENT, MODULE].concat();
        assert_eq!(imports(&pure).unwrap(), [""; 0]);
        let wanting = [COMPONENT, MODULE, TYPE, IMPORT].concat();
        assert_eq!(imports(&wanting).unwrap(), ["clock"]);
    }

    #[test]
    fn anything_else_is_refused() {
        let error = imports(b"#!/bin/sh\n").unwrap_err().to_string();
        assert_eq!(error, "this is not a WebAssembly component");
    }
}
