//! The engine of the host, without I/O: time and data come in, what is to be done goes out.
//!
//! ```text
//! watches ─▶ cache ─▶ subscriptions ─▶ queue ─▶ snapshot ─▶ (policy) ─▶ plan ─▶ execution ─▶ (API servers)
//!            what is   whom does it    who is    what it     asked       may     in order,
//!            known     concern?        next?     gets to see outside     it?     guarded
//! ```
//!
//! [`Engine`] is that line; [`work`] is what it asks for and what it is answered; [`ledger`] is what it remembers of a primary.
//!
//! What is absent: Kubernetes clients, a clock, threads and WebAssembly. This crate cannot even name them.

pub mod breaker;
pub mod budget;
pub mod cache;
pub mod drift;
pub mod engine;
pub mod failures;
pub mod ledger;
pub mod names;
pub mod object;
pub mod plan;
pub mod queue;
pub mod slots;
pub mod snapshot;
pub mod subscriptions;
pub mod work;

pub use engine::Engine;
pub use failures::Failures;
pub use object::{Object, ObjectKey, Resource};

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
        assert_eq!(names, ["pilothouse-contract", "serde_json", "tracing"]);
        assert!(!manifest.contains("[target."));
    }
}
