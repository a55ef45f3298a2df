//! The observations of a snapshot, found by their selectors. Their order does not matter, and surplus ones are ignored.
//!
//! What was not observed is never taken for absent.

use std::collections::BTreeMap;
use std::fmt;

use crate::contract::{
    self, ContextResult, LabelQuery, ObjectRef, Observation, Selector, UnavailableReason,
};
use crate::documents::time::Time;

/// The observations of one snapshot, and which of them were used.
#[derive(Debug)]
pub struct Answers<'a> {
    by_selector: BTreeMap<&'a Selector, &'a [ContextResult]>,
    used: Vec<Selector>,
}

/// A context that cannot say what it has of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Which; `None` is the control plane.
    pub context: Option<String>,
    /// The kind.
    pub kind: String,
    /// Why.
    pub reason: UnavailableReason,
    /// Since when, if the host knows.
    pub since: Option<Time>,
}

impl Unavailable {
    fn new(context: &Option<String>, kind: &str, why: &contract::Unavailable) -> Unavailable {
        Unavailable {
            context: context.clone(),
            kind: kind.to_owned(),
            reason: why.reason,
            since: why.since.map(Time::from_millis),
        }
    }

    /// A context that the host does not know.
    pub fn not_registered(context: &Option<String>, kind: &str) -> Unavailable {
        Unavailable {
            context: context.clone(),
            kind: kind.to_owned(),
            reason: UnavailableReason::NotRegistered,
            since: None,
        }
    }

    /// What a user can do about it.
    pub fn remedy(&self) -> String {
        let kind = &self.kind;
        match self.reason {
            UnavailableReason::NotRegistered => "register the context".to_owned(),
            UnavailableReason::Unreachable | UnavailableReason::Unconfirmed => {
                "restore connectivity".to_owned()
            }
            UnavailableReason::Forbidden => {
                format!("allow Pilothouse to list and watch {kind}s there")
            }
            UnavailableReason::NotServed => format!("install the definition of {kind}s there"),
            UnavailableReason::NotWatched => "let Pilothouse watch that namespace".to_owned(),
        }
    }
}

impl fmt::Display for Unavailable {
    /// As a status says it: without the host's details, which may differ from call to call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = context_name(self.context.as_deref());
        let kind = &self.kind;
        match self.reason {
            UnavailableReason::NotRegistered => write!(f, "{context} is not registered"),
            UnavailableReason::Unreachable if self.context.is_none() => {
                write!(f, "control plane not responding")
            }
            UnavailableReason::Unreachable => write!(f, "{context} is unreachable"),
            UnavailableReason::Forbidden => write!(f, "{context} does not allow listing {kind}s"),
            UnavailableReason::NotServed => write!(f, "{context} does not serve {kind}s"),
            UnavailableReason::NotWatched => write!(f, "{kind}s are not watched in {context}"),
            UnavailableReason::Unconfirmed => {
                write!(f, "unconfirmed write to a {kind} in {context}")
            }
        }
    }
}

/// What was observed of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It exists: its JSON.
    Found(&'a str),
    /// It does not exist.
    Absent,
    /// Its context cannot say.
    Unavailable(Unavailable),
}

impl<'a> Answers<'a> {
    /// The observations by their selectors.
    pub fn new(observations: &'a [Observation]) -> Answers<'a> {
        let by_selector = observations
            .iter()
            .map(|it| (&it.selector, it.results.as_slice()));
        Answers {
            by_selector: by_selector.collect(),
            used: Vec::new(),
        }
    }

    /// Takes note that a decision depends on these. The error is what of them is still to be observed.
    pub fn require(
        &mut self,
        selectors: impl IntoIterator<Item = Selector>,
    ) -> Result<(), Vec<Selector>> {
        let selectors: Vec<Selector> = selectors.into_iter().collect();
        let missing = selectors
            .iter()
            .filter(|selector| !self.by_selector.contains_key(selector));
        let missing: Vec<Selector> = missing.cloned().collect();
        if missing.is_empty() {
            self.used.extend(selectors);
            Ok(())
        } else {
            Err(missing)
        }
    }

    /// What was observed of one object.
    pub fn object(&self, reference: &ObjectRef) -> Answer<'a> {
        let (context, kind) = (&reference.context, &reference.gvk.kind);
        let results = self.by_selector.get(&Selector::Object(reference.clone()));
        let Some([result, ..]) = results.copied() else {
            return Answer::Unavailable(Unavailable::not_registered(context, kind));
        };
        match &result.objects {
            Ok(objects) => objects
                .first()
                .map_or(Answer::Absent, |text| Answer::Found(text)),
            Err(why) => Answer::Unavailable(Unavailable::new(context, kind, why)),
        }
    }

    /// What was observed for a label query, one result a context.
    pub fn labelled(&self, query: &LabelQuery) -> &'a [ContextResult] {
        let results = self.by_selector.get(&Selector::Labels(query.clone()));
        results.copied().unwrap_or_default()
    }

    /// What was required.
    pub fn used(self) -> Vec<Selector> {
        self.used
    }
}

/// Why a context gave no objects for a kind; `None` if it did.
pub fn unavailable(result: &ContextResult, kind: &str) -> Option<Unavailable> {
    let why = result.objects.as_ref().err()?;
    Some(Unavailable::new(&result.context, kind, why))
}

/// A context, for people.
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

    fn reference(name: &str) -> ObjectRef {
        ObjectRef {
            context: None,
            gvk: names::k8ssandra_cluster(),
            namespace: Some("ns".into()),
            name: name.into(),
        }
    }

    fn observation(
        name: &str,
        results: Vec<Result<Vec<String>, contract::Unavailable>>,
    ) -> Observation {
        let result = |objects| ContextResult {
            context: None,
            objects,
        };
        Observation {
            selector: Selector::Object(reference(name)),
            results: results.into_iter().map(result).collect(),
        }
    }

    #[test]
    fn absent_unavailable_and_not_observed_are_different() {
        let forbidden = contract::Unavailable {
            reason: UnavailableReason::Forbidden,
            since: Some(1),
            message: "no".into(),
        };
        let observations = [
            observation("found", vec![Ok(vec!["{}".into()])]),
            observation("absent", vec![Ok(vec![])]),
            observation("forbidden", vec![Err(forbidden)]),
            observation("empty", vec![]),
        ];
        let answers = Answers::new(&observations);
        assert_eq!(answers.object(&reference("found")), Answer::Found("{}"));
        assert_eq!(answers.object(&reference("absent")), Answer::Absent);
        for (name, reason) in [
            ("forbidden", UnavailableReason::Forbidden),
            ("empty", UnavailableReason::NotRegistered),
            ("never observed", UnavailableReason::NotRegistered),
        ] {
            let Answer::Unavailable(unavailable) = answers.object(&reference(name)) else {
                panic!("{name}")
            };
            assert_eq!(unavailable.reason, reason, "{name}");
        }
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        let observations = [observation("a", vec![])];
        let wanted = |name| Selector::Object(reference(name));
        let mut answers = Answers::new(&observations);
        assert_eq!(
            answers.require([wanted("a"), wanted("b")]),
            Err(vec![wanted("b")])
        );
        assert_eq!(answers.require([wanted("a")]), Ok(()));
        assert_eq!(answers.used(), [wanted("a")]);
    }
}
