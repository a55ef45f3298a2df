//! What documents say: JSON text in, typed facts out. The first layer: nothing is compared here, and nothing decided.

pub mod cassandra_task;
pub mod cluster;
pub mod json;
pub mod names;
pub mod record;
pub mod settings;
pub mod spec;
pub mod status;
pub mod task;
pub mod time;
