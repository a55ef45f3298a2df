//! What cass-operator writes into CassandraTasks.
//!
//! `writes.yaml` is the table: the writes, their order for each kind of job, and the fixtures cut out of them. In: a command
//! and a datacenter. Out: its writes, one after the other, each applied to what is there. The scenarios' fixtures and the
//! generated cluster states of the property tests take what they write from here, and so does the player, which needs a
//! client and a clock and is behind the feature of that name.

mod course;
mod fixture;
#[cfg(feature = "player")]
mod player;
mod table;
mod write;

pub use course::Datacenter;
pub use fixture::{apply_fixture, fixture_files};
#[cfg(feature = "player")]
pub use player::{CassOperator, Clock, Course, Fails, Options};
pub use table::{Ends, Table, table};
pub use write::{After, Times, Write};
