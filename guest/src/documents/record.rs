//! What the policy remembers of a task besides its status: an annotation in, a record out, and back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::names;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub name: String,
    pub uid: String,
}

/// Where the CassandraTask of a datacenter is, or is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Its namespace; `None` in what was recorded before there was a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// What the policy remembers of a task besides its status, in one annotation.
///
/// API servers drop the status of an object that is created, so a task that is restored from a backup has its annotations
/// and no status: the record shows that it has run before. A cluster may be edited while a task runs: the record says in
/// which contexts its CassandraTasks are, and what it was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// The task that it was written for; `None` in what was recorded before there was a record.
    pub task: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Identity>,
    /// When the policy took charge of the task, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopted: Option<String>,
    /// Whether another controller had started the task before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
    /// The template as it goes into every CassandraTask of the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Map<String, Value>>,
    /// Where the CassandraTasks are, by datacenter.
    pub datacenters: BTreeMap<String, Location>,
    /// The datacenters that the first creates are for.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub creating: BTreeSet<String>,
    /// The datacenters whose CassandraTasks may start without being observed: they had been created and not started when their
    /// context became unavailable, or another controller may have created them before the policy took charge.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unobserved: BTreeSet<String>,
    /// Whether a second controller at work has been reported.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conflict_reported: bool,
}

impl Record {
    /// Reads the annotations; `None` if there is no record. One that cannot be read is one of which nothing is known.
    pub fn read(annotations: &Value) -> Option<Record> {
        if let Some(text) = annotations[names::RECORD].as_str() {
            return Some(serde_json::from_str(text).unwrap_or_default());
        }
        let contexts = annotations[names::CREATED_IN].as_str()?;
        let contexts: BTreeMap<String, String> = serde_json::from_str(contexts).unwrap_or_default();
        let datacenters = contexts.into_iter().map(|(name, context)| {
            let context = Some(context).filter(|context| !context.is_empty());
            let namespace = None;
            (name, Location { context, namespace })
        });
        Some(Record {
            datacenters: datacenters.collect(),
            ..Record::default()
        })
    }

    /// The annotations that hold it, as a merge patch.
    pub fn annotations(&self, known: &Value) -> Value {
        let mut annotations = json!({ names::RECORD: json!(self).to_string() });
        if known[names::CREATED_IN].is_string() {
            annotations[names::CREATED_IN] = Value::Null;
        }
        annotations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_written_is_read() {
        let text = r#"{"adopted":"2022-12-15T19:43:00Z","creating":["dc1"],"datacenters":{"dc1":{"context":"kind-1","namespace":"ns"},"dc2":{"namespace":"ns"}},"task":{"name":"task1","uid":"u1"}}"#;
        let annotations = json!({"pilothouse.dev/record": text});
        let record = Record::read(&annotations).unwrap();
        assert_eq!(record.annotations(&json!({})), annotations);
    }

    #[test]
    fn the_annotation_before_the_record_names_no_task_and_is_taken_off() {
        let annotations = json!({"pilothouse.dev/created-in": r#"{"dc1":"kind-1","dc2":""}"#});
        let record = Record::read(&annotations).unwrap();
        assert_eq!(record.task, None);
        assert_eq!(record.datacenters["dc1"].context.as_deref(), Some("kind-1"));
        assert_eq!(record.datacenters["dc2"].context, None);
        let written = record.annotations(&annotations);
        assert!(written["pilothouse.dev/created-in"].is_null());
    }

    #[test]
    fn a_record_that_cannot_be_read_is_one_all_the_same() {
        for text in ["", "[]", "{", r#"{"task": 3}"#] {
            let record = Record::read(&json!({"pilothouse.dev/record": text}));
            assert_eq!(record, Some(Record::default()), "{text}");
        }
        assert_eq!(Record::read(&json!({"pilothouse.dev/record": 3})), None);
    }
}
