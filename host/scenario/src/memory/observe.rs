//! What the policy sees: selectors in, the answers of the contexts out.

use jiff::Timestamp;
use pilothouse_contract::{
    ContextResult, LabelQuery, ObjectRef, Observation, Scope, Selector, Snapshot, Unavailable,
    UnavailableReason,
};
use pilothouse_core::Failures;
use serde_json::Value;

use super::Memory;
use super::objects::Key;
use crate::reference::Context;

impl Memory<'_> {
    /// The snapshot of a primary with the answers to what was asked.
    pub(super) fn snapshot(&self, primary: &Key, asked: &[Selector]) -> Snapshot {
        let observe = |selector: &Selector| Observation {
            selector: selector.clone(),
            results: self.results(selector),
        };
        Snapshot {
            now: u64::try_from(self.now.as_millisecond()).unwrap_or_default(),
            primary: self
                .objects
                .get(primary)
                .map(Value::to_string)
                .unwrap_or_default(),
            observations: asked.iter().map(observe).collect(),
            failures: self
                .failures
                .get(primary)
                .map(Failures::list)
                .unwrap_or_default(),
        }
    }

    fn results(&self, selector: &Selector) -> Vec<ContextResult> {
        match selector {
            Selector::Object(object) => {
                let context = object.context.clone();
                vec![self.result(context, &object.gvk.kind, |key, _| is(key, object))]
            }
            Selector::Labels(query) => self
                .scope(&query.scope)
                .into_iter()
                .map(|context| {
                    self.result(context, &query.gvk.kind, |key, object| {
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

    fn result(
        &self,
        context: Context,
        kind: &str,
        is_asked_for: impl Fn(&Key, &Value) -> bool,
    ) -> ContextResult {
        let objects = match self.unavailable(&context, kind) {
            Some(unavailable) => Err(unavailable),
            None => Ok(self
                .objects
                .iter()
                .filter(|(key, object)| key.context == context && is_asked_for(key, object))
                .map(|(_, object)| object.to_string())
                .collect()),
        };
        ContextResult { context, objects }
    }

    /// Why a context cannot say what it has of a kind.
    fn unavailable(&self, context: &Context, kind: &str) -> Option<Unavailable> {
        let unavailable = |reason, since: Option<Timestamp>| Unavailable {
            reason,
            since: since.and_then(|since| u64::try_from(since.as_millisecond()).ok()),
            message: String::new(),
        };
        if let Some(name) = context
            && !self.contexts.contains(name)
        {
            return Some(unavailable(UnavailableReason::NotRegistered, None));
        }
        let lost = |kind| self.lost.get(&(context.clone(), kind));
        let (reason, since) = lost(None).or_else(|| lost(Some(kind.to_owned())))?;
        Some(unavailable(*reason, Some(*since)))
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
