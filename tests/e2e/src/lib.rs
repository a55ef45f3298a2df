//! What the product does, shown on simulated and on real clusters.
//!
//! [`behaviours`] is the suite, [`world`] what a behaviour works with; [`simulated`] and [`real`] make worlds,
//! and [`beside`] puts a k8ssandra-operator into them. In [`chaos`], hosts and API servers die at random.
//! [`scenarios`] plays the files of `tests/scenarios`, on the component and on simulated clusters.

pub mod behaviours;
pub mod beside;
pub mod chaos;
pub mod component;
pub mod demo;
mod kind;
pub mod log;
pub mod native;
pub mod objects;
mod process;
pub mod real;
pub mod runner;
pub mod scenarios;
pub mod shipped;
pub mod simulated;
pub mod world;
