//! A model check of the K8ssandraTask policy: its own code decides, in every state that an adversarial world can get into.
//!
//! ```text
//! configs ─▶ model ─▶ stateright, breadth first ─▶ run: counts, and each counterexample as a list of moves in words
//!              │
//!              ├─ host      decides on what it has seen, and carries out one step at a time
//!              │    └─ decide   the policy's code, asked once for each different view (the engine's snapshot and check of plans)
//!              ├─ starts    what there is to begin with
//!              ├─ moves     people, cass-operator (operator), contexts, watches, time
//!              └─ laws, planned, rest, fair, told, sights   what must hold, what must be said, and what must be reachable
//! ```
//!
//! Nothing here is part of the product; the policy is not changed for it.

mod checks;
pub mod clock;
pub mod config;
pub mod configs;
pub mod decide;
pub mod facts;
pub mod fair;
pub mod host;
pub mod laws;
pub mod model;
pub mod moves;
pub mod operator;
pub mod plan;
pub mod planned;
pub mod render;
pub mod rest;
pub mod run;
pub mod sights;
pub mod snapshot;
mod starts;
pub mod state;
pub mod tables;
pub mod told;
pub mod words;
