//! A model check of the K8ssandraTask policy: its own code decides, in every state that an adversarial world can get into.
//!
//! ```text
//! config ─▶ model ─▶ stateright, breadth first ─▶ run: counts, and each counterexample as a list of moves (describe)
//!             │
//!             ├─ host      decides on what it has seen, and carries out one step at a time
//!             │    └─ policy    its code, asked once for each different view (the engine's snapshot and check of plans)
//!             ├─ initial   what there is to begin with
//!             ├─ moves     (act) people, cass-operator (operator), contexts, watches, time
//!             ├─ laws      what no step may break
//!             ├─ idle, reported   what must hold and be reported where the host has nothing to do
//!             ├─ liveness  how it must end
//!             └─ reachable what must be reachable
//! ```
//!
//! Nothing here is part of the product; the policy is not changed for it.

pub mod act;
mod checks;
pub mod clock;
pub mod config;
pub mod describe;
pub mod facts;
pub mod host;
pub mod idle;
mod initial;
pub mod laws;
pub mod liveness;
pub mod model;
pub mod moves;
pub mod operator;
pub mod plan;
pub mod policy;
pub mod reachable;
pub mod render;
mod reported;
pub mod run;
pub mod snapshot;
pub mod state;
pub mod tables;
pub mod view;
