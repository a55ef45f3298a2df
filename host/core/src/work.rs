//! What the engine asks for, and what it is answered.

use std::sync::Arc;

use pilothouse_contract::{
    Context, Event, Failure, Gvk, Manifest, ObjectRef, Outcome, Plan, Selector, Snapshot,
};
use serde_json::Value;

use crate::failures::Cause;
use crate::object::{Object, ObjectKey, Resource};

/// Something that is to be done for a primary. There is one piece of work at a time for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// For which primary: its answer goes to [`crate::Engine::answer`] under this key.
    pub primary: ObjectKey,
    /// What.
    pub task: Task,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// The policy is to be asked: [`Answer::Decided`].
    Decide(Snapshot),
    /// A request is to be sent to an API server: [`Answer::Replied`].
    Send(Request),
}

/// A request to an API server. Every write has its guard: sent twice, or by two hosts, it is carried out once.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Create an object. Its name is the guard.
    Create {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
        /// The whole of it.
        object: Value,
    },
    /// Delete an object in the background. Its uid is the guard. The reply is the object, if its finalizers keep it.
    Delete {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
        /// Which one.
        uid: String,
    },
    /// Read an object. The reply is none if it does not exist.
    Read {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
    },
    /// Send a JSON merge patch (RFC 7396) for an object. The resourceVersion in it is the guard.
    Patch {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
        /// The patch.
        patch: Value,
    },
    /// Send a JSON patch (RFC 6902) for an object's status. The resourceVersion in it is the guard.
    PatchStatus {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
        /// The operations.
        patch: Value,
    },
    /// Record an event about the primary. No failure is reported.
    RecordEvent {
        /// Who reports.
        controller: String,
        /// The primary's kind.
        gvk: Gvk,
        /// The primary.
        object: Arc<Object>,
        /// What is reported.
        event: Event,
    },
}

impl Request {
    /// The context that it is sent to; none for an event, which is recorded in the background.
    pub fn context(&self) -> Option<&Context> {
        match self {
            Self::Create { resource, .. }
            | Self::Delete { resource, .. }
            | Self::Read { resource, .. }
            | Self::Patch { resource, .. }
            | Self::PatchStatus { resource, .. } => Some(&resource.context),
            Self::RecordEvent { .. } => None,
        }
    }

    /// The object that it is about.
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::Create { resource, key, .. }
            | Self::Delete { resource, key, .. }
            | Self::Read { resource, key }
            | Self::Patch { resource, key, .. }
            | Self::PatchStatus { resource, key, .. } => resource.object(key),
            Self::RecordEvent { gvk, object, .. } => {
                let resource = Resource {
                    context: None,
                    gvk: gvk.clone(),
                };
                resource.object(&object.key)
            }
        }
    }
}

/// What became of a piece of work.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What the policy with that manifest has answered, or on one line how it failed.
    Decided(Arc<Manifest>, Result<Outcome, String>),
    /// The object as the API server has it after the request, none if it is gone; or how the request failed.
    Replied(Result<Option<Object>, Cause>),
}

/// What comes after an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This is to be done.
    Work(Box<Work>),
    /// The reconcile has ended.
    Ended(End),
}

/// How a reconcile has ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// There was nothing to decide: the primary is gone, or something that it depends on is not known yet.
    Undecided,
    /// It goes on later: as many requests as there may be are under way to the context that the next one is for.
    Waiting,
    /// The policy failed, or its plan was denied: why.
    Failed(String),
    /// A plan was carried out, to its end or up to the step that failed.
    Decided(Box<Decided>),
}

/// A plan, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The plan.
    pub plan: Plan,
    /// What was observed for it.
    pub observed: Vec<Selector>,
    /// How often the policy was called for it.
    pub calls: usize,
    /// How many of its steps were carried out.
    pub done: usize,
    /// What it stopped at.
    pub failure: Option<Failure>,
}

/// The time at which something comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the Unix epoch: what policies and people are told. It may jump.
    pub wall: u64,
    /// What has passed since the engine was started: delays are counted with it.
    pub elapsed: std::time::Duration,
}
