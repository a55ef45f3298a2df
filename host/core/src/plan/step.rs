//! One step of a plan that has passed the check: what is done to which object.

use std::fmt;

use pilothouse_contract::{Event, ObjectRef, Operation, context_name};
use serde_json::{Map, Value};

use crate::object::{ObjectKey, Resource};

/// An action that may be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Create this object.
    Create {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
        /// The whole of it.
        object: Value,
    },
    /// Delete the object of this name if it has this uid.
    Delete {
        /// Where, and of which kind.
        resource: Resource,
        /// Under which name.
        key: ObjectKey,
        /// Which one.
        uid: String,
    },
    /// Merge this into the primary's metadata.
    PatchMetadata(Map<String, Value>),
    /// Replace the primary's status.
    SetStatus(Map<String, Value>),
    /// Tell people.
    RecordEvent(Event),
}

impl Step {
    /// The object and the operation, as a failure reports them; none for an event, which cannot fail.
    pub fn target(&self, primary: &ObjectRef) -> Option<(ObjectRef, Operation)> {
        match self {
            Self::Create { resource, key, .. } => Some((resource.object(key), Operation::Create)),
            Self::Delete { resource, key, .. } => Some((resource.object(key), Operation::Delete)),
            Self::PatchMetadata(_) => Some((primary.clone(), Operation::PatchMetadata)),
            Self::SetStatus(_) => Some((primary.clone(), Operation::SetStatus)),
            Self::RecordEvent(_) => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, resource, key) = match self {
            Self::Create { resource, key, .. } => ("create", resource, key),
            Self::Delete { resource, key, .. } => ("delete", resource, key),
            Self::PatchMetadata(_) => return f.write_str("patch the metadata"),
            Self::SetStatus(_) => return f.write_str("set the status"),
            Self::RecordEvent(_) => return f.write_str("record an event"),
        };
        let context = context_name(&resource.context);
        write!(f, "{verb} {} {key} in {context}", resource.gvk.kind)
    }
}
