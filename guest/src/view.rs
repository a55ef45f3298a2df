//! What was asked and what was answered: the observations of a snapshot, found by their selectors.
//!
//! Their order does not matter. What was not answered is never taken for absent.

use crate::contract::{Blindness, LabelQuery, ObjectRef, Observation, Selector, Sighting};

/// The observations of one snapshot.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    observations: &'a [Observation],
}

/// A context that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// Which; `None` is the control plane.
    pub context: Option<String>,
    /// Why.
    pub why: Blindness,
}

impl Blind {
    /// What a status says: without the details, which may differ each time.
    pub fn text(&self) -> String {
        let context = context_name(self.context.as_deref());
        match (&self.why, &self.context) {
            (Blindness::Unregistered, _) => format!("{context} is not registered"),
            (Blindness::Unreachable(_), Some(_)) => format!("{context} is unreachable"),
            // It has the K8ssandraTask that this is told on, but may keep other kinds from us.
            (Blindness::Unreachable(_), None) => format!("{context} gives no answer"),
        }
    }

    /// What a plan's reasons say: the details too.
    pub fn reason(&self) -> String {
        match &self.why {
            Blindness::Unregistered => self.text(),
            Blindness::Unreachable(why) => format!("{}: {why}", self.text()),
        }
    }
}

/// What is known of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It exists: its JSON.
    Found(&'a str),
    /// It is known to be absent.
    Absent,
    /// Its context gave no answer.
    Blind(Blind),
}

impl<'a> View<'a> {
    /// The view on what was observed.
    pub fn new(observations: &'a [Observation]) -> View<'a> {
        View { observations }
    }

    /// The error is what of these is still to be looked at.
    pub fn require(&self, selectors: Vec<Selector>) -> Result<(), Vec<Selector>> {
        let missing: Vec<_> = selectors
            .into_iter()
            .filter(|selector| self.sightings(selector).is_none())
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(missing)
        }
    }

    /// The answer to the question for one object.
    pub fn object(&self, reference: &ObjectRef) -> Answer<'a> {
        let blind = |why: Blindness| {
            let context = reference.context.clone();
            Answer::Blind(Blind { context, why })
        };
        let Some([sighting, ..]) = self.sightings(&Selector::Object(reference.clone())) else {
            return blind(Blindness::Unreachable("there is no answer yet".into()));
        };
        match &sighting.objects {
            Ok(objects) => objects
                .first()
                .map_or(Answer::Absent, |text| Answer::Found(text)),
            Err(why) => blind(why.clone()),
        }
    }

    /// The answers to a label query, one a context.
    pub fn labelled(&self, query: &LabelQuery) -> &'a [Sighting] {
        self.sightings(&Selector::Labelled(query.clone()))
            .unwrap_or_default()
    }

    fn sightings(&self, selector: &Selector) -> Option<&'a [Sighting]> {
        let answered = self
            .observations
            .iter()
            .find(|observation| observation.selector == *selector)?;
        Some(&answered.sightings)
    }
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
    use crate::names;

    fn reference(name: &str) -> ObjectRef {
        ObjectRef {
            context: None,
            gvk: names::k8ssandra_cluster(),
            namespace: Some("ns".into()),
            name: name.into(),
        }
    }

    fn observation(name: &str, sightings: Vec<Sighting>) -> Observation {
        Observation {
            selector: Selector::Object(reference(name)),
            sightings,
        }
    }

    fn sighting(objects: Result<Vec<String>, Blindness>) -> Sighting {
        Sighting {
            context: None,
            objects,
        }
    }

    #[test]
    fn absent_blind_and_not_asked_are_different() {
        let observations = [
            observation("found", vec![sighting(Ok(vec!["{}".into()]))]),
            observation("absent", vec![sighting(Ok(vec![]))]),
            observation("blind", vec![sighting(Err(Blindness::Unregistered))]),
            observation("empty", vec![]),
        ];
        let view = View::new(&observations);
        assert_eq!(view.object(&reference("found")), Answer::Found("{}"));
        assert_eq!(view.object(&reference("absent")), Answer::Absent);
        assert_eq!(
            view.object(&reference("blind")),
            Answer::Blind(Blind {
                context: None,
                why: Blindness::Unregistered
            })
        );
        for unanswered in ["empty", "never asked"] {
            assert!(
                matches!(view.object(&reference(unanswered)), Answer::Blind(_)),
                "{unanswered}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        let observations = [observation("a", vec![])];
        let wanted = |name| Selector::Object(reference(name));
        let missing = View::new(&observations).require(vec![wanted("a"), wanted("b")]);
        assert_eq!(missing, Err(vec![wanted("b")]));
        assert_eq!(View::new(&observations).require(vec![wanted("a")]), Ok(()));
    }
}
