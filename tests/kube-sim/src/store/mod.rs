//! What a cluster stores, and what writing it means: kinds, objects, versions, owners and finalizers. Synchronous and pure:
//! whoever calls says what time it is, and the same calls give the same objects.

#![cfg_attr(
    not(feature = "server"),
    expect(dead_code, reason = "some of it is read by the server alone")
)]

pub(crate) mod admit;
mod api;
pub(crate) mod builtin;
pub(crate) mod collect;
pub(crate) mod crd;
pub(crate) mod delete;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod field_error;
mod install;
pub(crate) mod json_path;
pub(crate) mod kind;
pub(crate) mod metadata;
pub(crate) mod object;
pub(crate) mod patch;
pub(crate) mod schema;
pub(crate) mod selector;
pub(crate) mod state;
pub(crate) mod tables;
pub(crate) mod time;
pub(crate) mod write;

pub use api::{Change, Location, Store};
pub use failure::Failure;
pub use install::Definitions;
pub use patch::Patch;
