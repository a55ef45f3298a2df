//! Reading collections. What comes in are the parameters of a request, what goes out are objects with the version of the
//! world that they are from; pages of one list are all from the same.

use std::sync::Arc;

use serde_json::{Value, json};

use super::path::Query;
use crate::store::{
    failure::Failure, kind::Kind, object::Object, selector::Selector, state::State, tables::Place,
};

/// A collection, or a page of it.
pub(crate) struct Page {
    pub objects: Vec<Arc<Object>>,
    /// The metadata of the list.
    pub metadata: Value,
}

impl State {
    /// The objects that `selector` selects: all, or a page.
    pub fn page(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &Selector,
        query: &Query,
    ) -> Result<Page, Failure> {
        let (rv, after) = self.start_of_page(query)?;
        let wanted = |object: &Arc<Object>| {
            after.is_none_or(|after| *key(kind, object) > *after) && selector.matches(&object.value)
        };
        let all = self.tables.list_at(&kind.table, namespace, rv).ok_or_else(|| {
            Failure::expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new \
                 list without the continue parameter.",
            )
        })?;
        let mut objects: Vec<_> = all.into_iter().filter(wanted).collect();
        let mut metadata = json!({"resourceVersion": rv.to_string()});
        let limit = query.get("limit").and_then(|limit| limit.parse().ok());
        if let Some(limit) = limit.filter(|limit| (1..objects.len()).contains(limit)) {
            if selector.is_empty() {
                metadata["remainingItemCount"] = (objects.len() - limit).into();
            }
            objects.truncate(limit);
            let last = key(kind, &objects[limit - 1]);
            metadata["continue"] = format!("{rv}:{last}").into();
        }
        Ok(Page { objects, metadata })
    }

    /// From which version, and behind which key.
    fn start_of_page<'a>(&self, query: &'a Query) -> Result<(u64, Option<&'a str>), Failure> {
        let current = self.tables.rv();
        if let Some(token) = query.get("continue") {
            let invalid = || {
                Failure::bad_request(
                    "invalid continue token: continue key is not valid: it does not come from an earlier page",
                )
            };
            let (rv, key) = token.split_once(':').ok_or_else(invalid)?;
            return Ok((rv.parse().map_err(|_| invalid())?, Some(key)));
        }
        let in_list = |failure: Failure| {
            Failure::bad_request(format!("invalid resource version: {}", failure.message))
        };
        match resource_version(query).map_err(in_list)? {
            Some(asked) if asked > current => {
                Err(Failure::not_simulated("versions that are still to come"))
            }
            _ => Ok((current, None)),
        }
    }
}

/// The parameter `resourceVersion`; 0 means any, like none at all.
pub(crate) fn resource_version(query: &Query) -> Result<Option<u64>, Failure> {
    let Some(text) = query.get("resourceVersion") else {
        return Ok(None);
    };
    let version = text.parse::<u64>().map_err(|_| unreadable_version(text))?;
    Ok((version > 0).then_some(version))
}

/// In kube-apiserver's words, and with its code for watches; for lists see [`State::page`].
fn unreadable_version(text: &str) -> Failure {
    Failure::internal(format!(
        "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

fn key(kind: &Kind, object: &Object) -> String {
    Place::new(&kind.table, object.meta("namespace"), object.meta("name")).key
}
