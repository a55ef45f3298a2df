//! The observations of a snapshot, found by their selectors. Their order does not matter, and surplus ones are ignored.
//!
//! What was not observed is never taken for absent.

use std::collections::BTreeMap;
use std::fmt;

use crate::contract::UnavailableReason::{
    self, Forbidden, NotRegistered, NotServed, NotWatched, Unconfirmed, Unreachable,
};
use crate::contract::{self, ContextResult, ObjectRef, Observation, Selector};
use crate::documents::time::Time;

#[derive(Debug)]
pub struct Answers<'a>(BTreeMap<&'a Selector, &'a [ContextResult]>);

/// A context that cannot say what it has of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Which; `None` is the control plane.
    pub context: Option<String>,
    pub kind: String,
    pub reason: UnavailableReason,
    /// Since when, if the host knows.
    pub since: Option<Time>,
}

impl Unavailable {
    pub fn new(context: &Option<String>, kind: &str, why: &contract::Unavailable) -> Unavailable {
        Unavailable {
            reason: why.reason,
            since: why.since.map(Time::from_millis),
            ..Unavailable::not_registered(context, kind)
        }
    }

    pub fn not_registered(context: &Option<String>, kind: &str) -> Unavailable {
        Unavailable {
            context: context.clone(),
            kind: kind.to_owned(),
            reason: NotRegistered,
            since: None,
        }
    }

    /// What a user can do about it.
    pub fn remedy(&self) -> String {
        let kind = &self.kind;
        match self.reason {
            NotRegistered => "register the context".to_owned(),
            Unreachable | Unconfirmed => "restore connectivity".to_owned(),
            Forbidden => format!("allow Pilothouse to list and watch {kind}s there"),
            NotServed => format!("install the definition of {kind}s there"),
            NotWatched => "let Pilothouse watch that namespace".to_owned(),
        }
    }
}

impl fmt::Display for Unavailable {
    /// As a status says it: without the host's details, which may differ from call to call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = context_name(self.context.as_deref());
        let kind = &self.kind;
        match self.reason {
            NotRegistered => write!(f, "{context} is not registered"),
            Unreachable if self.context.is_none() => write!(f, "control plane not responding"),
            Unreachable => write!(f, "{context} is unreachable"),
            Forbidden => write!(f, "{context} does not allow listing {kind}s"),
            NotServed => write!(f, "{context} does not serve {kind}s"),
            NotWatched => write!(f, "{kind}s are not watched in {context}"),
            Unconfirmed => write!(f, "unconfirmed write to a {kind} in {context}"),
        }
    }
}

impl<'a> Answers<'a> {
    pub fn new(observations: &'a [Observation]) -> Answers<'a> {
        let results = |it: &'a Observation| (&it.selector, it.results.as_slice());
        Answers(observations.iter().map(results).collect())
    }

    /// Checks that these were observed. The error is what of them is still to be.
    pub fn require(&self, selectors: &[Selector]) -> Result<(), Vec<Selector>> {
        let is_missing = |selector: &&Selector| !self.0.contains_key(selector);
        let missing: Vec<Selector> = selectors.iter().filter(is_missing).cloned().collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(missing),
        }
    }

    /// What was observed for a selector, one result a context.
    pub fn results(&self, selector: &Selector) -> &'a [ContextResult] {
        self.0.get(selector).copied().unwrap_or_default()
    }

    /// What was observed of one object; `None` if it is absent. The error is that its context cannot say.
    pub fn object(&self, reference: &ObjectRef) -> Result<Option<&'a str>, Unavailable> {
        let (context, kind) = (&reference.context, &reference.gvk.kind);
        let results = self.results(&Selector::Object(reference.clone()));
        match results.first().map(|result| &result.objects) {
            None => Err(Unavailable::not_registered(context, kind)),
            Some(Err(why)) => Err(Unavailable::new(context, kind, why)),
            Some(Ok(objects)) => Ok(objects.first().map(String::as_str)),
        }
    }
}

pub fn context_name(context: Option<&str>) -> String {
    match context {
        Some(name) => format!("context {name}"),
        None => "the control plane".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::names;

    #[test]
    fn what_gave_no_result_is_not_absent() {
        let reference = |name: &str| ObjectRef {
            context: None,
            gvk: names::k8ssandra_cluster(),
            namespace: Some("ns".into()),
            name: name.into(),
        };
        let none = ContextResult {
            context: None,
            objects: Ok(vec![]),
        };
        let observation = |name, results| Observation {
            selector: Selector::Object(reference(name)),
            results,
        };
        let observations = [
            observation("absent", vec![none]),
            observation("empty", vec![]),
        ];
        let answers = Answers::new(&observations);
        assert_eq!(answers.object(&reference("absent")), Ok(None));
        for name in ["empty", "never observed"] {
            let unknown = Unavailable::not_registered(&None, "K8ssandraCluster");
            assert_eq!(answers.object(&reference(name)), Err(unknown), "{name}");
        }
    }
}
