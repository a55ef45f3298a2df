//! What cass-operator writes into CassandraTasks.
//!
//! `writes.yaml` is the table: the writes, their order for each kind of job, and the fixtures cut out of them. In: a command
//! and a datacenter. Out: its writes, one after the other, each applied to what is there. There is no client here and no
//! clock: the player on clusters, the scenarios' fixtures and the generated cluster states of the property tests all take
//! what they write from here.

mod course;
mod fixture;
mod table;
mod write;

pub use course::Datacenter;
pub use fixture::{apply_fixture, fixture_files};
pub use table::{Ends, Table, table};
pub use write::{After, Times, Write};
