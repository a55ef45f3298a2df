//! What a policy gets to see: the caches' answers to its selectors, at one moment.
//!
//! Comes in: a primary, what was asked for, the caches, the clock. Goes out: a snapshot, or "not yet" where a first
//! list is still under way. Absent and unknown are never mixed up here.

use std::collections::BTreeSet;

use crate::cache::{Caches, Unknown};
use crate::contract::{
    Blindness, Context, Failure, Observation, Scope, Selector, Sighting, Snapshot,
};
use crate::execute::Doubt;
use crate::object::Object;

/// Something that was asked for is being listed for the first time: ask again when it is known.
#[derive(Debug, PartialEq, Eq)]
pub struct NotYet;

/// What a snapshot is assembled from.
pub struct Known<'a> {
    /// What the watches saw, and what was written.
    pub caches: &'a Caches,
    /// The primary's writes of which it is not known what became of them.
    pub doubts: &'a BTreeSet<Doubt>,
}

/// Assembles a snapshot.
pub fn take<'a>(
    primary: &Object,
    selectors: &[Selector],
    last_failure: Option<Failure>,
    known: &Known<'_>,
    contexts: impl Iterator<Item = &'a Context> + Clone,
    now: u64,
) -> Result<Snapshot, NotYet> {
    let observe = |selector: &Selector| {
        let sightings = in_scope(&selector.scope(), contexts.clone())
            .into_iter()
            .map(|(context, registered)| sight(selector, context, registered, known))
            .collect::<Result<_, _>>()?;
        Ok(Observation {
            selector: selector.clone(),
            sightings,
        })
    };
    let observations = selectors.iter().map(observe).collect::<Result<_, _>>()?;
    Ok(Snapshot {
        now,
        primary: primary.text().to_owned(),
        observations,
        last_failure,
    })
}

/// The contexts that a question is about, and whether each is registered.
fn in_scope<'a>(
    scope: &Scope,
    contexts: impl Iterator<Item = &'a Context> + Clone,
) -> Vec<(Context, bool)> {
    match scope {
        Scope::Everywhere => contexts.map(|context| (context.clone(), true)).collect(),
        Scope::ControlPlane => vec![(None, true)],
        Scope::One(name) => {
            let context = Some(name.clone());
            let registered = contexts.clone().any(|known| *known == context);
            vec![(context, registered)]
        }
    }
}

fn sight(
    selector: &Selector,
    context: Context,
    registered: bool,
    Known { caches, doubts }: &Known<'_>,
) -> Result<Sighting, NotYet> {
    if !registered {
        return Ok(Sighting {
            context,
            objects: Err(Blindness::Unregistered),
        });
    }
    let is_meant =
        |doubt: &&Doubt| doubt.place.context == context && doubt.place.gvk == *selector.gvk();
    if let Some(Doubt { key, .. }) = doubts.iter().find(is_meant) {
        let why = format!(
            "a write to {key} there got no answer, and neither does the question what became of it"
        );
        return Ok(Sighting {
            context,
            objects: Err(Blindness::Unreachable(why)),
        });
    }
    let answer = match selector {
        Selector::Object(object) => caches
            .object(object)
            .map(|object| object.into_iter().collect()),
        Selector::Labelled(query) => caches.labelled(&context, query),
    };
    let objects = match answer {
        Ok(objects) => Ok(objects
            .iter()
            .map(|object| object.text().to_owned())
            .collect()),
        Err(Unknown::Blind(blindness)) => Err(blindness),
        Err(Unknown::Pending) => return Err(NotYet),
    };
    Ok(Sighting { context, objects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{Health, Place};
    use crate::contract::{Gvk, LabelQuery, ObjectRef};

    fn place(context: Option<&str>) -> Place {
        Place {
            context: context.map(str::to_owned),
            gvk: Gvk::new("g/v1", "Thing"),
        }
    }

    fn everything() -> Selector {
        Selector::Labelled(LabelQuery {
            scope: Scope::Everywhere,
            gvk: place(None).gvk,
            namespace: None,
            labels: vec![],
        })
    }

    fn named(context: &str) -> Selector {
        let Place { context, gvk } = place(Some(context));
        Selector::Object(ObjectRef {
            context,
            gvk,
            namespace: Some("ns".into()),
            name: "a".into(),
        })
    }

    fn look(caches: &Caches, selectors: &[Selector]) -> Result<Vec<Vec<Sighting>>, NotYet> {
        let primary = Object::parse("{}").unwrap();
        let contexts = [None, Some("east".to_owned())];
        let known = Known {
            caches,
            doubts: &BTreeSet::new(),
        };
        let snapshot = take(&primary, selectors, None, &known, contexts.iter(), 7)?;
        assert_eq!(
            (snapshot.now, snapshot.primary.as_str()),
            (7, r#"{"metadata":{}}"#)
        );
        Ok(snapshot
            .observations
            .into_iter()
            .map(|observation| observation.sightings)
            .collect())
    }

    #[test]
    fn absent_unreachable_unregistered_and_not_yet_are_different_answers() {
        let caches = Caches::default();
        caches.open(&place(None), None);
        caches.open(&place(Some("east")), None);
        caches.set_health(&place(None), None, Health::Synced);
        assert_eq!(look(&caches, &[everything()]), Err(NotYet));

        caches.set_health(&place(Some("east")), None, Health::Lost("no route".into()));
        let sightings = look(&caches, &[everything(), named("east"), named("west")]).unwrap();
        let unreachable = Err(Blindness::Unreachable("no route".into()));
        assert_eq!(
            sightings[0][0],
            Sighting {
                context: None,
                objects: Ok(vec![])
            }
        );
        assert_eq!(
            sightings[0][1],
            Sighting {
                context: Some("east".into()),
                objects: unreachable.clone()
            }
        );
        assert_eq!(
            sightings[1],
            [Sighting {
                context: Some("east".into()),
                objects: unreachable
            }]
        );
        let unregistered = Err(Blindness::Unregistered);
        assert_eq!(
            sightings[2],
            [Sighting {
                context: Some("west".into()),
                objects: unregistered
            }]
        );
    }

    #[test]
    fn an_object_is_seen_as_its_text() {
        let caches = Caches::default();
        let text = r#"{"metadata":{"name":"a","namespace":"ns"}}"#;
        caches.seen(&place(Some("east")), Object::parse(text).unwrap());
        caches.set_health(&place(Some("east")), None, Health::Synced);
        let sightings = look(&caches, &[named("east")]).unwrap();
        assert_eq!(sightings[0][0].objects, Ok(vec![text.to_owned()]));
    }
}
