//! Where the CassandraTask of each datacenter was created, or is about to be: an annotation of the K8ssandraTask in, and the
//! same with what is new out.
//!
//! A cluster may be edited while a task is at work. Without this memory, a CassandraTask that is not where the cluster now
//! declares its datacenter could be in any context that gives no answer, or be deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::names;
use crate::sequence::Move;
use crate::situation::Situation;
use crate::targets::Sight;

/// The contexts by the names of the datacenters; the empty text is the control plane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whereabouts(BTreeMap<String, String>);

impl Whereabouts {
    /// Reads the annotations. What makes no sense was not written by us, and says nothing.
    pub fn read(annotations: &Value) -> Whereabouts {
        let text = annotations[names::CREATED_IN].as_str();
        let known = text.and_then(|text| serde_json::from_str(text).ok());
        Whereabouts(known.unwrap_or_default())
    }

    /// The context of a datacenter's CassandraTask; `Some(None)` is the control plane.
    pub fn context(&self, datacenter: &str) -> Option<Option<String>> {
        let context = self.0.get(datacenter)?;
        Some(Some(context.clone()).filter(|context| !context.is_empty()))
    }

    fn remember(&mut self, datacenter: &str, context: Option<&str>) {
        let context = context.unwrap_or_default();
        self.0.insert(datacenter.to_owned(), context.to_owned());
    }

    fn annotations(&self) -> Value {
        json!({ names::CREATED_IN: json!(self.0).to_string() })
    }
}

/// The annotations to write before what is to be created is; `None` if they say where already. Those that wait for their
/// turn come along, so that one write is enough as long as nobody edits the cluster.
pub fn annotations(situation: &Situation<'_>, moves: &[Move]) -> Option<Value> {
    let known = &situation.task.metadata.whereabouts();
    let is_due = moves.iter().any(|step| match step {
        Move::Create(place) => known.context(&place.datacenter).as_ref() != Some(&place.context),
        _ => false,
    });
    let mut new = known.clone();
    for datacenter in situation.datacenters() {
        match &datacenter.sight {
            Sight::Found(child) => new.remember(&datacenter.name, child.context.as_deref()),
            Sight::Absent(place) => {
                new.remember(&datacenter.name, place.context.as_deref());
            }
            _ => {}
        }
    }
    is_due.then(|| new.annotations())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let mut whereabouts = Whereabouts::default();
        whereabouts.remember("dc1", Some("kind-1"));
        whereabouts.remember("dc2", None);
        let annotations = whereabouts.annotations();
        assert_eq!(
            annotations["pilothouse.dev/created-in"],
            r#"{"dc1":"kind-1","dc2":""}"#
        );
        let read = Whereabouts::read(&annotations);
        assert_eq!(read, whereabouts);
        assert_eq!(read.context("dc1"), Some(Some("kind-1".to_owned())));
        assert_eq!(read.context("dc2"), Some(None));
        assert_eq!(read.context("dc3"), None);
        for nothing in [json!(null), json!({"pilothouse.dev/created-in": "dc1"})] {
            assert_eq!(Whereabouts::read(&nothing), Whereabouts::default());
        }
    }
}
