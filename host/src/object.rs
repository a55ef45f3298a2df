//! A Kubernetes object as the host keeps it: its metadata parsed, the rest as the compact JSON text that a policy gets.
//!
//! The text is made once, when the object arrives; nothing is parsed or printed again on the way to the policy.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::ApiResource;
use kube::core::DynamicResourceScope;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use pilothouse_core::ObjectKey;
use pilothouse_core::object::Primary;

/// An object's metadata (without `managedFields`) and its whole text (without them, too).
#[derive(Clone, Debug)]
pub struct Object {
    /// `metadata`, parsed.
    pub metadata: ObjectMeta,
    text: Box<RawValue>,
}

impl Object {
    /// Reads an object from JSON.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        let mut fields: BTreeMap<&str, &RawValue> = serde_json::from_str(text)?;
        let mut metadata: BTreeMap<&str, &RawValue> = fields
            .get("metadata")
            .map(|raw| serde_json::from_str(raw.get()))
            .transpose()?
            .unwrap_or_default();
        metadata.remove("managedFields");
        let metadata = serde_json::value::to_raw_value(&metadata)?;
        fields.insert("metadata", &metadata);
        // Printed from a value, the text is compact and its keys are in order however it arrived.
        let text = serde_json::to_value(&fields)?;
        Ok(Self {
            metadata: serde_json::from_str(metadata.get())?,
            text: serde_json::value::to_raw_value(&text)?,
        })
    }

    /// The whole object as compact JSON.
    pub fn text(&self) -> &str {
        self.text.get()
    }

    /// Namespace and name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone().unwrap_or_default(),
        }
    }

    /// What a plan for it is checked against.
    pub fn primary(&self) -> Primary {
        let finalizers = self.metadata.finalizers.iter().flatten();
        Primary {
            key: Some(self.key()),
            uid: self.uid().to_owned(),
            finalizers: finalizers.cloned().collect(),
        }
    }

    /// `metadata.uid`; empty where the API server gave none, which does not happen.
    pub fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    /// `metadata.resourceVersion` as the number that it is in every API server on etcd; none where it is not one.
    pub fn version(&self) -> Option<u64> {
        self.metadata.resource_version.as_deref()?.parse().ok()
    }

    /// `metadata.labels`.
    pub fn labels(&self) -> impl Iterator<Item = (&String, &String)> {
        self.metadata.labels.iter().flatten()
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl Resource for Object {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(dt: &ApiResource) -> Cow<'_, str> {
        dt.kind.as_str().into()
    }

    fn group(dt: &ApiResource) -> Cow<'_, str> {
        dt.group.as_str().into()
    }

    fn version(dt: &ApiResource) -> Cow<'_, str> {
        dt.version.as_str().into()
    }

    fn plural(dt: &ApiResource) -> Cow<'_, str> {
        dt.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
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
            r#"{"metadata":{"name":"x","resourceVersion":"7"},"spec":{"a":[2.5],"b":1}}"#
        );
        assert_eq!(object.version(), Some(7));
    }

    #[test]
    fn an_object_without_metadata_is_still_an_object() {
        assert_eq!(Object::parse("{}").unwrap().key().name, "");
        assert!(Object::parse("[]").is_err());
    }
}
