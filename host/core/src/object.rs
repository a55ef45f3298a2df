//! Names of objects, and what the engine needs to know of a primary.

use std::collections::BTreeSet;
use std::fmt;

use pilothouse_contract::{Context, Gvk, ObjectRef, qualified};
use serde_json::Value;

/// A resource: a kind in a context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// Where.
    pub context: Context,
    /// Of which kind.
    pub gvk: Gvk,
}

impl Resource {
    /// The object of this resource with that key.
    pub fn object(&self, key: &ObjectKey) -> ObjectRef {
        ObjectRef {
            context: self.context.clone(),
            gvk: self.gvk.clone(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        }
    }
}

/// Namespace and name, unique for a kind in a context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// None for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&qualified(self.namespace.as_deref(), &self.name))
    }
}

/// What is to be known of a primary to check a plan for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Primary {
    /// Namespace and name.
    pub key: Option<ObjectKey>,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.finalizers`.
    pub finalizers: BTreeSet<String>,
}

impl Primary {
    /// That of an object; what is not there, or of another type, is empty.
    pub fn of(object: &Value) -> Self {
        let metadata = &object["metadata"];
        let text = |field: &str| metadata[field].as_str().map(str::to_owned);
        let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
        Self {
            key: text("name").map(|name| ObjectKey {
                namespace: text("namespace"),
                name,
            }),
            uid: text("uid").unwrap_or_default(),
            finalizers: finalizers
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        }
    }
}
