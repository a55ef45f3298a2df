//! The contract's types as the rest of the host uses them, and how they read in a log line or an error.

use std::fmt;

pub use crate::policy::bindings::exports::pilothouse::policy::reconciler::{
    Action, Blindness, Creation, Deletion, Event, Failure, Gvk, Interest, LabelQuery, Manifest,
    ObjectRef, Observation, Outcome, Plan, Scope, Selector, Severity, Sighting, Snapshot, Verb,
};

/// Where an object is: none is the control plane, some(name) a remote context.
pub type Context = Option<String>;

impl Gvk {
    /// The `apiVersion` of the kind: `version` in the core group, `group/version` elsewhere.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Reads `apiVersion` and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version(), self.kind)
    }
}

impl Scope {
    /// Whether objects in this context are within the scope.
    pub fn includes(&self, context: &Context) -> bool {
        match self {
            Self::Everywhere => true,
            Self::ControlPlane => context.is_none(),
            Self::One(name) => context.as_deref() == Some(name.as_str()),
        }
    }
}

impl Selector {
    /// The kind that is asked for.
    pub fn gvk(&self) -> &Gvk {
        match self {
            Self::Object(object) => &object.gvk,
            Self::Labelled(query) => &query.gvk,
        }
    }

    /// The contexts that are asked.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Object(ObjectRef { context: None, .. }) => Scope::ControlPlane,
            Self::Object(ObjectRef {
                context: Some(name),
                ..
            }) => Scope::One(name.clone()),
            Self::Labelled(query) => query.scope.clone(),
        }
    }
}

/// A context as people read it.
pub fn context_name(context: &Context) -> &str {
    context.as_deref().unwrap_or("control plane")
}

/// `namespace/name`, or the name alone where there is no namespace.
pub fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(
        || name.to_owned(),
        |namespace| format!("{namespace}/{name}"),
    )
}
