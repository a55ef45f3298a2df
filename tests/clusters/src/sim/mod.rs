//! A Kubernetes API server simulated in the process: what comes in are HTTP requests from any `kube::Client` (or, over
//! TCP, from kubectl), what goes out is what kube-apiserver would answer. All kinds go through the same code, from
//! CustomResourceDefinitions and a short list of built-in ones. There are no sockets unless asked for, no threads, no
//! disk, and no randomness: on tokio's paused clock every run is the same.

mod admit;
mod builtin;
mod call;
mod clock;
mod cluster;
mod collect;
mod crd;
mod delete;
mod discovery;
mod duration;
mod event;
mod fault;
mod field_error;
mod handle;
mod inner;
mod json_path;
mod kind;
mod log;
mod metadata;
mod object;
mod openapi;
mod patch;
mod path;
mod read;
mod reply;
mod schema;
mod selector;
mod serve;
mod state;
mod status;
mod store;
mod table;
mod view;
mod watch;
mod write;

pub use clock::{Clock, system_clock, tokio_clock, tokio_clock_from};
pub use cluster::Cluster;
pub use fault::{Fault, Injected};
pub use log::{Filter, Request, Verb};
pub use serve::Serving;
