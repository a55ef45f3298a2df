//! What both sides of the contract need of its types: how kinds are read and written, what a scope covers.

use std::fmt;

use crate::{Gvk, ObjectRef, Scope, Selector, Unavailable, UnavailableReason};

impl Gvk {
    /// Reads `apiVersion` and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }

    /// The `apiVersion` of the kind: `version` in the core group, `group/version` elsewhere.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
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
    pub fn includes(&self, context: &Option<String>) -> bool {
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
            Self::Labels(query) => &query.gvk,
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
            Self::Labels(query) => query.scope.clone(),
        }
    }
}

impl Unavailable {
    /// One since a time that is not known.
    pub fn new(reason: UnavailableReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            since: None,
            message: message.into(),
        }
    }
}

/// A context as people read it.
pub fn context_name(context: &Option<String>) -> &str {
    context.as_deref().unwrap_or("control plane")
}

/// `namespace/name`, or the name alone where there is no namespace.
pub fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(
        || name.to_owned(),
        |namespace| format!("{namespace}/{name}"),
    )
}
