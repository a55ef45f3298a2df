//! The whole policy on a small world: what is asked, decided and done, step by step, rule by rule.
//!
//! The tests of single functions stand beside them; these hold the table of decisions together.

mod cluster_unknown;
mod crd;
mod deletion;
mod failed;
mod happenings;
mod host;
mod invalid;
mod normal;
mod over;
mod properties;
mod reasons;
mod running;
mod trouble;
mod world;
