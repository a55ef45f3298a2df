//! What the policy sees: selectors in, the answers of the contexts out.

use pilothouse_contract::{
    Blindness, LabelQuery, ObjectRef, Observation, Scope, Selector, Sighting, Snapshot,
};
use serde_json::Value;

use super::Memory;
use super::objects::Key;
use crate::reference::Context;

impl Memory<'_> {
    /// The snapshot of a primary with the answers to what was asked.
    pub(super) fn snapshot(&self, primary: &Key, asked: &[Selector]) -> Snapshot {
        let observe = |selector: &Selector| Observation {
            selector: selector.clone(),
            sightings: self.sightings(selector),
        };
        Snapshot {
            now: u64::try_from(self.now.as_millisecond()).unwrap_or_default(),
            primary: self
                .objects
                .get(primary)
                .map(Value::to_string)
                .unwrap_or_default(),
            observations: asked.iter().map(observe).collect(),
            last_failure: self.failures.get(primary).cloned(),
        }
    }

    fn sightings(&self, selector: &Selector) -> Vec<Sighting> {
        match selector {
            Selector::Object(object) => {
                let context = object.context.clone();
                vec![self.sight(context, &object.gvk.kind, |key, _| is(key, object))]
            }
            Selector::Labelled(query) => self
                .scope(&query.scope)
                .into_iter()
                .map(|context| {
                    self.sight(context, &query.gvk.kind, |key, object| {
                        matches(key, object, query)
                    })
                })
                .collect(),
        }
    }

    fn scope(&self, scope: &Scope) -> Vec<Context> {
        let remotes = self.contexts.iter().cloned().map(Some);
        match scope {
            Scope::ControlPlane => vec![None],
            Scope::One(name) => vec![Some(name.clone())],
            Scope::Everywhere => [None].into_iter().chain(remotes).collect(),
        }
    }

    fn sight(
        &self,
        context: Context,
        kind: &str,
        is_asked_for: impl Fn(&Key, &Value) -> bool,
    ) -> Sighting {
        let objects = match self.blindness(&context, kind) {
            Some(blindness) => Err(blindness),
            None => Ok(self
                .objects
                .iter()
                .filter(|(key, object)| key.context == context && is_asked_for(key, object))
                .map(|(_, object)| object.to_string())
                .collect()),
        };
        Sighting { context, objects }
    }

    /// Why a context does not answer for a kind.
    pub(super) fn blindness(&self, context: &Context, kind: &str) -> Option<Blindness> {
        if let Some(name) = context
            && !self.contexts.contains(name)
        {
            return Some(Blindness::Unregistered);
        }
        let is_lost = |kind| self.lost.contains(&(context.clone(), kind));
        (is_lost(None) || is_lost(Some(kind.to_owned())))
            .then(|| Blindness::Unreachable("connection refused".into()))
    }
}

fn is(key: &Key, object: &ObjectRef) -> bool {
    key.gvk == object.gvk && key.namespace == object.namespace && key.name == object.name
}

fn matches(key: &Key, object: &Value, query: &LabelQuery) -> bool {
    let labels = &object["metadata"]["labels"];
    key.gvk == query.gvk
        && (query.namespace.is_none() || key.namespace == query.namespace)
        && query
            .labels
            .iter()
            .all(|(name, value)| labels[name] == **value)
}
