//! What a scenario is played on, and what a policy is to it: two traits, and what comes back over them.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use pilothouse_contract::{Manifest, Operation, Outcome, Snapshot, UnavailableReason};
use serde_json::Value;

use crate::reference::{Context, Reference, context_name};

/// A policy, however it is run.
pub trait Policy {
    /// What it says of itself with these settings. The error says what is wrong with them.
    fn describe(&self, settings: &str) -> Result<Manifest>;
    /// Its decision. An error is a trap, or a limit that was reached.
    fn reconcile(&self, settings: &str, snapshot: &Snapshot) -> Result<Outcome>;
}

/// Something that happens to the world, and not through the policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An object comes into being, or is as it is here from now on but for its status: as `kubectl apply` makes it.
    Apply {
        /// Where.
        context: Context,
        /// The whole of it.
        object: Value,
    },
    /// A merge patch, as by `kubectl patch --type merge`.
    Patch {
        /// Of what.
        object: Reference,
        /// The patch.
        patch: Value,
    },
    /// Some other controller sets a status as a whole.
    Status {
        /// Of what.
        object: Reference,
        /// The status.
        status: Value,
    },
    /// Some other controller merges this into a status.
    PatchStatus {
        /// Of what.
        object: Reference,
        /// The patch.
        patch: Value,
    },
    /// Somebody deletes an object.
    Delete(Reference),
    /// A context, or a kind in it, cannot be reached any more.
    Lose {
        /// Which.
        context: Context,
        /// Only this kind; none is all of it.
        kind: Option<String>,
        /// Why it cannot say what it has.
        reason: UnavailableReason,
    },
    /// It can be reached again.
    Regain {
        /// Which.
        context: Context,
        /// Only this kind; none is all of it.
        kind: Option<String>,
    },
    /// The host is run without this context from now on.
    Unregister(String),
    /// The host is run with this context from now on.
    Register(String),
    /// The API server refuses what the host does to an object.
    Refuse(Refusal),
    /// It does not any more.
    Permit(Reference),
    /// The host stops and starts.
    Restart,
    /// Nothing but that time passes.
    Nothing,
}

impl Change {
    /// The namespace of the object that it is about.
    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Apply { object, .. } => object["metadata"]["namespace"].as_str(),
            Self::Patch { object, .. }
            | Self::Status { object, .. }
            | Self::PatchStatus { object, .. }
            | Self::Delete(object)
            | Self::Permit(object) => object.namespace.as_deref(),
            Self::Refuse(refusal) => refusal.object.namespace.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Change {
    /// In one line, for titles of steps and of failures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = |context: &Context, kind: &Option<String>| {
            let context = context_name(context.as_deref()).to_owned();
            kind.as_ref()
                .map_or(context.clone(), |kind| format!("{kind} in {context}"))
        };
        match self {
            Self::Apply { context, object } => {
                write!(f, "apply {}", named(context.as_deref(), object))
            }
            Self::Patch { object, .. } => write!(f, "patch {object}"),
            Self::Status { object, .. } | Self::PatchStatus { object, .. } => {
                write!(f, "status of {object}")
            }
            Self::Delete(object) => write!(f, "delete {object}"),
            Self::Lose { context, kind, .. } => write!(f, "lose {}", lost(context, kind)),
            Self::Regain { context, kind } => write!(f, "regain {}", lost(context, kind)),
            Self::Unregister(name) => write!(f, "unregister {name}"),
            Self::Register(name) => write!(f, "register {name}"),
            Self::Refuse(refusal) => write!(f, "refuse {}: {}", refusal.object, refusal.reason),
            Self::Permit(object) => write!(f, "permit {object}"),
            Self::Restart => f.write_str("restart the host"),
            Self::Nothing => f.write_str("time passes"),
        }
    }
}

/// How a scenario would name an object.
pub fn named(context: Option<&str>, object: &Value) -> Reference {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    Reference {
        kind: text(&object["kind"]),
        namespace: metadata["namespace"].as_str().map(str::to_owned),
        name: text(&metadata["name"]),
        context: context.map(str::to_owned),
    }
}

/// How an API server refuses to create, delete or change an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which object.
    pub object: Reference,
    /// What of it; none is all of it.
    pub operation: Option<Operation>,
    /// The Status reason, such as `Forbidden`.
    pub reason: String,
    /// What it says.
    pub message: String,
}

/// What was seen between two steps.
#[derive(Debug, Default)]
pub struct Seen {
    /// The first primary of the scenario, if it is there.
    pub primary: Option<Value>,
    /// What the policy created, in order.
    pub created: Vec<Reference>,
    /// What it deleted, in order.
    pub deleted: Vec<Reference>,
    /// The events that it recorded, `Type Reason message`, in order.
    pub events: Vec<String>,
    /// How many writes there were, events included.
    pub writes: usize,
    /// The plan at rest, where plans can be seen.
    pub plan: Option<Rest>,
}

/// A plan that does nothing more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// When it wants to be asked again.
    pub requeue: Option<Duration>,
    /// Why it does nothing.
    pub reasons: Vec<String>,
}

/// Clusters under a host that asks a policy.
pub trait Clusters {
    /// It is this moment now. Whatever becomes due on the way is done.
    fn advance(&mut self, now: Timestamp) -> Result<()>;
    /// Something happens.
    fn happen(&mut self, change: &Change) -> Result<()>;
    /// Waits until nothing is done any more. An error if that does not come about.
    fn rest(&mut self) -> Result<Seen>;
    /// An object as it is now.
    fn object(&self, reference: &Reference) -> Result<Option<Value>>;
    /// Whether everything happens at the very time of its step and one thing after the other. Where it does not, expectations
    /// overlook times in texts, and the order of what happened between two steps.
    fn is_exact(&self) -> bool {
        true
    }
    /// A step begins, for a transcript: its number, title and time, and its note.
    fn begin(&mut self, _heading: &str, _note: Option<&str>) {}
    /// The text of all plans so far, where plans can be seen.
    fn transcript(&self) -> Option<&str> {
        None
    }
}
