//! The engine of the host, without I/O: time and data come in, what is to be done goes out.
//!
//! The host, the in-memory host of `pilothouse policy test` and the tests' hosts share it, so that a plan which passes in one
//! of them passes in all. [`plan`] checks plans, [`failures`] remembers what has failed, [`object`] names objects.
//!
//! What is absent: Kubernetes clients, a clock, threads and WebAssembly. This crate cannot even name them.

pub mod failures;
pub mod names;
pub mod object;
pub mod plan;

pub use failures::Failures;
pub use object::{ObjectKey, Resource};

#[cfg(test)]
mod tests {
    /// What is not listed here could do I/O or read a clock.
    #[test]
    fn the_dependencies_are_these() {
        let manifest = include_str!("../Cargo.toml");
        let (_, section) = manifest.split_once("[dependencies]\n").unwrap();
        let (section, _) = section.split_once("\n[").unwrap();
        let names: Vec<&str> = section
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| line.split(['.', ' ', '=']).next().unwrap())
            .collect();
        assert_eq!(names, ["pilothouse-contract", "serde_json"]);
        assert!(!manifest.contains("[target."));
    }
}
