//! Objects as the engine keeps them, their names, and what it needs to know of a primary.
//!
//! An object's text is made once, when the object arrives; nothing is parsed or printed again on the way to the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use pilothouse_contract::{Context, Gvk, ObjectRef, qualified};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A resource: a kind in a context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// Where.
    pub context: Context,
    /// Of which kind.
    pub gvk: Gvk,
}

impl Resource {
    /// The resource and the key of an object.
    pub fn and_key(object: &ObjectRef) -> (Self, ObjectKey) {
        let resource = Self {
            context: object.context.clone(),
            gvk: object.gvk.clone(),
        };
        let key = ObjectKey {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        (resource, key)
    }

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
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// An object: the metadata that the engine reads, and its whole text as JSON, without `managedFields`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Namespace and name.
    pub key: ObjectKey,
    /// `metadata.uid`; empty where the API server gave none, which does not happen.
    pub uid: String,
    /// `metadata.resourceVersion`; empty where there is none.
    pub resource_version: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.finalizers`.
    pub finalizers: BTreeSet<String>,
    /// Whether there is a `metadata.deletionTimestamp`.
    pub is_being_deleted: bool,
    text: String,
}

impl Object {
    /// Takes a JSON document. Metadata that is not there, or of another type, is empty.
    pub fn of(mut document: Map<String, Value>) -> Self {
        let metadata = match document.remove("metadata") {
            Some(Value::Object(metadata)) => metadata,
            _ => Map::new(),
        };
        Self::from_parts(metadata, document)
    }

    /// Reads an object from JSON. Only its metadata is looked into: the rest may be nested as deep as an API server stores it. The
    /// error says why the text is not a JSON object.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
        let metadata = fields.remove("metadata").map_or("{}", RawValue::get);
        let mut metadata: BTreeMap<String, &RawValue> =
            serde_json::from_str(metadata).unwrap_or_default();
        // As deep as the object.
        metadata.remove("managedFields");
        let readable = metadata
            .into_iter()
            .filter_map(|(name, raw)| Some((name, serde_json::from_str(raw.get()).ok()?)));
        Ok(Self::from_parts(readable.collect(), fields))
    }

    /// An object of its metadata and its other fields, each with its JSON.
    fn from_parts(
        mut metadata: Map<String, Value>,
        others: impl IntoIterator<Item = (String, impl fmt::Display)>,
    ) -> Self {
        metadata.remove("managedFields");
        let text = |field: &str| metadata.get(field).and_then(Value::as_str);
        let map = |field: &str| {
            let fields = metadata.get(field).and_then(Value::as_object).into_iter();
            let texts = fields
                .flatten()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            texts.collect()
        };
        let finalizers = metadata.get("finalizers").and_then(Value::as_array);
        let finalizers = finalizers.into_iter().flatten().filter_map(Value::as_str);
        let mut object = Self {
            key: ObjectKey {
                namespace: text("namespace").map(str::to_owned),
                name: text("name").unwrap_or_default().to_owned(),
            },
            uid: text("uid").unwrap_or_default().to_owned(),
            resource_version: text("resourceVersion").unwrap_or_default().to_owned(),
            labels: map("labels"),
            annotations: map("annotations"),
            finalizers: finalizers.map(str::to_owned).collect(),
            is_being_deleted: metadata.contains_key("deletionTimestamp"),
            text: format!("{{\"metadata\":{}", Value::Object(metadata)),
        };
        for (name, value) in others {
            // Writing to a string cannot fail.
            let _ = write!(object.text, ",{}:{value}", Value::String(name));
        }
        object.text.push('}');
        object
    }

    /// The whole object as JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its resourceVersion, where that can be compared.
    pub fn version(&self) -> Option<u64> {
        version(&self.resource_version)
    }

    /// What a plan for it is checked against.
    pub fn primary(&self) -> Primary {
        Primary {
            key: Some(self.key.clone()),
            uid: self.uid.clone(),
            finalizers: self.finalizers.clone(),
        }
    }
}

/// A resourceVersion as the number that it is since Kubernetes 1.35, and before that in every API server on etcd; none where it is
/// not one. Those of one kind in one API server can be compared, and no others.
pub fn version(resource_version: &str) -> Option<u64> {
    resource_version.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_fields_are_dropped_and_the_rest_stays() {
        let object = Object::parse(
            r#"{ "spec": {"b": 1, "a": [2.50]}, "metadata": {"name": "x", "managedFields": [{}], "resourceVersion": "7"} }"#,
        )
        .unwrap();
        assert_eq!(
            object.text(),
            r#"{"metadata":{"name":"x","resourceVersion":"7"},"spec":{"b": 1, "a": [2.50]}}"#
        );
        assert_eq!(object.version(), Some(7));
    }

    #[test]
    fn an_object_may_be_nested_as_deep_as_an_api_server_stores_it() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let text = format!(
            r#"{{"metadata":{{"name":"x","odd":{deep},"managedFields":{deep}}},"spec":{deep}}}"#
        );
        let object = Object::parse(&text).unwrap();
        assert_eq!(object.key.name, "x");
        assert_eq!(
            object.text(),
            format!(r#"{{"metadata":{{"name":"x"}},"spec":{deep}}}"#)
        );
    }

    #[test]
    fn an_object_without_metadata_is_still_an_object() {
        assert_eq!(Object::parse("{}").unwrap().key.name, "");
        assert!(Object::parse("[]").is_err());
    }
}
