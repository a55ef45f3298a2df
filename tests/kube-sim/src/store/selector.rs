//! Field selectors, as far as kubectl asks with them: what comes in is their text, what goes out is whether an object
//! matches. None of the fields ever changes, so that an object matches all its life or never.

use serde_json::Value;

use super::{failure::Failure, json_path::JsonPath, kind::Kind};

/// Those of every kind.
const COMMON: [&str; 2] = ["metadata.name", "metadata.namespace"];
/// Those of core events besides, by which `kubectl describe` finds them.
const OF_EVENTS: [&str; 4] = [
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
];

/// Which objects a list or watch is about: those in which each path leads to the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector(Vec<(JsonPath, String)>);

impl Selector {
    /// Reads `metadata.name=a,metadata.namespace=b`.
    pub fn parse(kind: &Kind, text: &str) -> Result<Self, Failure> {
        let parts = text.split(',').filter(|part| !part.is_empty());
        let field = |part: &str| {
            let is_event = kind.qualified() == "events";
            let known =
                |name: &str| COMMON.contains(&name) || (is_event && OF_EVENTS.contains(&name));
            match part.split_once('=') {
                Some((name, value)) if known(name) => Ok((
                    JsonPath::fields(name),
                    value.trim_start_matches('=').to_owned(),
                )),
                _ => Err(Failure::not_simulated(format!(
                    "the field selector {part} of {}",
                    kind.qualified()
                ))),
            }
        };
        parts.map(field).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it selects every object.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it selects `object`.
    pub fn matches(&self, object: &Value) -> bool {
        let matches = |(path, text): &(JsonPath, String)| path.text(object) == *text;
        self.0.iter().all(matches)
    }
}
