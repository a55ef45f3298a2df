//! What a policy gets to see: the caches' answers to its selectors, at one moment.
//!
//! Comes in: a primary, what was asked for, the caches, the clock. Goes out: a snapshot, or "not yet" where a first
//! list is still under way. Absent and unknown are never mixed up here.

use std::collections::BTreeMap;

use pilothouse_contract::{
    Context, ContextResult, Failure, Observation, Scope, Selector, Snapshot, Unavailable,
    UnavailableReason,
};

use crate::cache::{Caches, Unknown};
use crate::ledger::Unconfirmed;
use crate::object::Object;

/// Something that was asked for is being listed for the first time: ask again when it is known.
#[derive(Debug, PartialEq, Eq)]
pub struct NotYet;

/// What a snapshot is assembled from.
pub struct Known<'a> {
    /// What the watches saw, and what was written.
    pub caches: &'a Caches,
    /// The primary's unconfirmed writes, and when each was made.
    pub unconfirmed: &'a BTreeMap<Unconfirmed, u64>,
}

/// Assembles a snapshot.
pub fn take<'a>(
    primary: &Object,
    selectors: &[Selector],
    failures: Vec<Failure>,
    known: &Known<'_>,
    contexts: impl Iterator<Item = &'a Context> + Clone,
    now: u64,
) -> Result<Snapshot, NotYet> {
    let observe = |selector: &Selector| {
        let results = in_scope(&selector.scope(), contexts.clone())
            .into_iter()
            .map(|(context, registered)| result(selector, context, registered, known))
            .collect::<Result<_, _>>()?;
        Ok(Observation {
            selector: selector.clone(),
            results,
        })
    };
    let observations = selectors.iter().map(observe).collect::<Result<_, _>>()?;
    Ok(Snapshot {
        now,
        primary: primary.text().to_owned(),
        observations,
        failures,
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

fn result(
    selector: &Selector,
    context: Context,
    registered: bool,
    Known {
        caches,
        unconfirmed,
    }: &Known<'_>,
) -> Result<ContextResult, NotYet> {
    if !registered {
        return Ok(ContextResult {
            context,
            objects: Err(Unavailable::new(UnavailableReason::NotRegistered, "")),
        });
    }
    let answer = match selector {
        Selector::Object(object) => caches
            .object(object)
            .map(|object| object.into_iter().collect()),
        Selector::Labels(query) => caches.labelled(&context, query),
    };
    let objects = match answer {
        // Where a write is unconfirmed, the cache does not say what there is.
        Ok(_) if let Some(why) = unconfirmed_in(unconfirmed, &context, selector) => Err(why),
        Ok(objects) => Ok(objects
            .iter()
            .map(|object| object.text().to_owned())
            .collect()),
        Err(Unknown::Unavailable(unavailable)) => Err(unavailable),
        Err(Unknown::Pending) => return Err(NotYet),
    };
    Ok(ContextResult { context, objects })
}

fn unconfirmed_in(
    unconfirmed: &BTreeMap<Unconfirmed, u64>,
    context: &Context,
    selector: &Selector,
) -> Option<Unavailable> {
    let is_meant = |(write, _): &(&Unconfirmed, &u64)| {
        write.resource.context == *context && write.resource.gvk == *selector.gvk()
    };
    let (Unconfirmed { key, .. }, since) = unconfirmed.iter().find(is_meant)?;
    let why =
        format!("unconfirmed write to {key}: no reply, and what becomes of it is not known yet");
    Some(Unavailable {
        since: Some(*since),
        ..Unavailable::new(UnavailableReason::Unconfirmed, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Health;
    use crate::object::Resource;
    use pilothouse_contract::{Gvk, LabelQuery, ObjectRef};

    fn resource(context: Option<&str>) -> Resource {
        Resource {
            context: context.map(str::to_owned),
            gvk: Gvk::new("g/v1", "Thing"),
        }
    }

    fn everything() -> Selector {
        Selector::Labels(LabelQuery {
            scope: Scope::Everywhere,
            gvk: resource(None).gvk,
            namespace: None,
            labels: vec![],
        })
    }

    fn named(context: &str) -> Selector {
        let Resource { context, gvk } = resource(Some(context));
        Selector::Object(ObjectRef {
            context,
            gvk,
            namespace: Some("ns".into()),
            name: "a".into(),
        })
    }

    fn observe(caches: &Caches, selectors: &[Selector]) -> Result<Vec<Vec<ContextResult>>, NotYet> {
        let primary = Object::parse("{}").unwrap();
        let contexts = [None, Some("east".to_owned())];
        let known = Known {
            caches,
            unconfirmed: &BTreeMap::new(),
        };
        let snapshot = take(&primary, selectors, vec![], &known, contexts.iter(), 7)?;
        assert_eq!(
            (snapshot.now, snapshot.primary.as_str()),
            (7, r#"{"metadata":{}}"#)
        );
        Ok(snapshot
            .observations
            .into_iter()
            .map(|observation| observation.results)
            .collect())
    }

    #[test]
    fn absent_unreachable_unregistered_and_not_yet_are_different_answers() {
        let mut caches = Caches::default();
        caches.open(&resource(None), None);
        caches.open(&resource(Some("east")), None);
        caches.set_health(&resource(None), None, Health::Synced);
        assert_eq!(observe(&caches, &[everything()]), Err(NotYet));

        let lost = Unavailable {
            since: Some(5),
            ..Unavailable::new(UnavailableReason::Unreachable, "no route")
        };
        caches.set_health(&resource(Some("east")), None, Health::Lost(lost.clone()));
        let results = observe(&caches, &[everything(), named("east"), named("west")]).unwrap();
        let unreachable = Err(lost);
        assert_eq!(
            results[0][0],
            ContextResult {
                context: None,
                objects: Ok(vec![])
            }
        );
        assert_eq!(
            results[0][1],
            ContextResult {
                context: Some("east".into()),
                objects: unreachable.clone()
            }
        );
        assert_eq!(
            results[1],
            [ContextResult {
                context: Some("east".into()),
                objects: unreachable
            }]
        );
        let unregistered = Err(Unavailable::new(UnavailableReason::NotRegistered, ""));
        assert_eq!(
            results[2],
            [ContextResult {
                context: Some("west".into()),
                objects: unregistered
            }]
        );
    }

    #[test]
    fn what_is_asked_for_in_the_wrong_scope_is_not_absent() {
        let east = resource(Some("east"));
        let Selector::Object(in_namespace) = named("east") else {
            panic!()
        };
        let without = Selector::Object(ObjectRef {
            namespace: None,
            ..in_namespace.clone()
        });
        let query = Selector::Labels(LabelQuery {
            scope: Scope::One("east".into()),
            gvk: east.gvk.clone(),
            namespace: Some("ns".into()),
            labels: vec![],
        });
        let mistakes = [
            (false, Selector::Object(in_namespace), "cluster-scoped"),
            (false, query, "cluster-scoped"),
            (true, without, "without a namespace"),
        ];
        for (is_namespaced, selector, mistake) in mistakes {
            let mut caches = Caches::default();
            caches.open(&east, None);
            caches.resolve(&east, is_namespaced);
            caches.set_health(&east, None, Health::Synced);
            let results = observe(&caches, &[selector]).unwrap();
            let why = results[0][0].objects.clone().unwrap_err();
            assert_eq!(why.reason, UnavailableReason::NotWatched);
            assert!(why.message.contains(mistake), "{}", why.message);
        }
    }

    #[test]
    fn an_object_is_seen_as_its_text() {
        let mut caches = Caches::default();
        let text = r#"{"metadata":{"name":"a","namespace":"ns"}}"#;
        caches.open(&resource(Some("east")), None);
        caches.seen(&resource(Some("east")), Object::parse(text).unwrap());
        caches.set_health(&resource(Some("east")), None, Health::Synced);
        let results = observe(&caches, &[named("east")]).unwrap();
        assert_eq!(results[0][0].objects, Ok(vec![text.to_owned()]));
    }
}
