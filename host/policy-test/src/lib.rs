//! Scenarios: YAML files about objects, contexts and time, that say after each step what a policy must have made of it.
//!
//! ```text
//! file ─▶ scenario ─▶ runner ─▶ clusters: a change, then rest ─▶ what was seen ─▶ expectations
//!          what is     step by    memory, or whatever else          objects,       kept, or how not
//!          written     step       is made to implement it           writes, plans
//! ```
//!
//! [`scenario`] is the format, [`run`](mod@run) plays it on [`clusters::Clusters`], and [`memory`] is the quickest of those: a
//! policy of any kind against clusters in this process, with each plan written down as a text that people read and tests
//! compare ([`golden`]). The host's command `pilothouse policy test` plays scenarios on a component; tests play the same
//! files natively and on simulated API servers. [`servers`], what the engine is shown of API servers in memory and asks of them, knows
//! no scenario: other tests are built on it, too.
//!
//! What is absent: any knowledge of a particular kind. A scenario names kinds; the policy's manifest says what they are.

pub mod clusters;
mod conditions;
pub mod definitions;
pub mod expect;
pub mod golden;
pub mod memory;
mod near;
pub mod reference;
pub mod run;
pub mod scenario;
pub mod servers;
mod subset;
mod transcript;

pub use clusters::{Clusters, Policy};
pub use definitions::Definitions;
pub use pilothouse_contract as contract;
pub use run::{Report, run};
pub use scenario::{Scenario, files, name};
