//! The API server around the store: what comes in are HTTP requests from any `kube::Client` (or, over TCP, from kubectl),
//! what goes out is what kube-apiserver would answer. There are no sockets unless asked for, no threads, no disk, and no
//! randomness: on tokio's paused clock every run is the same.

mod call;
mod clock;
mod cluster;
mod delete_options;
mod discovery;
mod duration;
mod fault;
mod handle;
mod inner;
mod log;
mod openapi;
mod page;
mod path;
mod reply;
mod serve;
mod table;
mod view;
mod watch;

pub use clock::{Clock, system_clock, tokio_clock, tokio_clock_from};
pub use cluster::Cluster;
pub use fault::{Fault, Injected};
pub use log::{Filter, Request, Verb};
pub use serve::Serving;
