//! What is said: a decision in, the status, the events and a plan's reasons out. The fourth layer: all the words that are not
//! those of an invalid field or of something that is waited for are made here.

pub mod conditions;
pub mod events;
pub mod messages;
pub mod reasons;
pub mod status;
