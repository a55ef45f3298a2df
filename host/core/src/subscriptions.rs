//! Which primaries wait for which objects: what a policy looked at is what wakes its primary.
//!
//! In comes what each primary's last reconcile asked for; out come the primaries that a change concerns. A label query
//! is filed under the one of its labels that the fewest queries share, so that a change looks at few of them.

use std::collections::{BTreeMap, BTreeSet};

use pilothouse_contract::{Context, Gvk, LabelQuery, ObjectRef, Selector};

use crate::cache::Change;
use crate::object::{ObjectKey, Resource};

/// Under what a selector is filed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Drawer {
    Object(ObjectRef),
    Label(Gvk, (String, String)),
    Kind(Gvk),
}

/// The selectors of all primaries.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions {
    of: BTreeMap<ObjectKey, BTreeSet<Selector>>,
    drawers: BTreeMap<Drawer, BTreeMap<Selector, BTreeSet<ObjectKey>>>,
    filed: BTreeMap<Selector, Drawer>,
}

impl Subscriptions {
    /// From now on the primary waits for these, and for nothing else.
    pub fn set(&mut self, primary: &ObjectKey, selectors: BTreeSet<Selector>) {
        let old = self.of.remove(primary).unwrap_or_default();
        for selector in old.difference(&selectors) {
            self.remove(primary, selector);
        }
        for selector in selectors.difference(&old) {
            self.insert(primary, selector);
        }
        if !selectors.is_empty() {
            self.of.insert(primary.clone(), selectors);
        }
    }

    /// From now on the primary waits for these as well.
    pub fn add(&mut self, primary: &ObjectKey, selectors: &[Selector]) {
        for selector in selectors {
            if self
                .of
                .entry(primary.clone())
                .or_default()
                .insert(selector.clone())
            {
                self.insert(primary, selector);
            }
        }
    }

    /// The primaries that this change concerns.
    pub fn concerned(&self, resource: &Resource, change: &Change) -> BTreeSet<ObjectKey> {
        let object = ObjectRef {
            context: resource.context.clone(),
            gvk: resource.gvk.clone(),
            namespace: change.key.namespace.clone(),
            name: change.key.name.clone(),
        };
        let labels = change
            .labels
            .iter()
            .map(|label| Drawer::Label(resource.gvk.clone(), label.clone()));
        let drawers = labels.chain([Drawer::Object(object), Drawer::Kind(resource.gvk.clone())]);
        let mut concerned = BTreeSet::new();
        for (selector, primaries) in drawers
            .filter_map(|drawer| self.drawers.get(&drawer))
            .flatten()
        {
            if may_match(selector, &resource.context, change) {
                concerned.extend(primaries.iter().cloned());
            }
        }
        concerned
    }

    /// The primaries that asked anything about this kind in this context.
    pub fn asking(&self, resource: &Resource) -> BTreeSet<ObjectKey> {
        let asks = |selector: &Selector| {
            selector.gvk() == &resource.gvk && selector.scope().includes(&resource.context)
        };
        self.of
            .iter()
            .filter(|(_, selectors)| selectors.iter().any(asks))
            .map(|(primary, _)| primary.clone())
            .collect()
    }

    /// The primaries that asked anything about this context.
    pub fn about(&self, context: &Context) -> BTreeSet<ObjectKey> {
        let asks = |selector: &Selector| selector.scope().includes(context);
        let asking = self.of.iter().filter(|(_, all)| all.iter().any(asks));
        asking.map(|(primary, _)| primary.clone()).collect()
    }

    fn insert(&mut self, primary: &ObjectKey, selector: &Selector) {
        let drawer = match self.filed.get(selector) {
            Some(drawer) => drawer.clone(),
            None => self.choose(selector),
        };
        self.filed.insert(selector.clone(), drawer.clone());
        self.drawers
            .entry(drawer)
            .or_default()
            .entry(selector.clone())
            .or_default()
            .insert(primary.clone());
    }

    fn remove(&mut self, primary: &ObjectKey, selector: &Selector) {
        let Some(drawer) = self.filed.get(selector).cloned() else {
            return;
        };
        let Some(selectors) = self.drawers.get_mut(&drawer) else {
            return;
        };
        if let Some(primaries) = selectors.get_mut(selector) {
            primaries.remove(primary);
            if primaries.is_empty() {
                selectors.remove(selector);
                self.filed.remove(selector);
            }
        }
        if selectors.is_empty() {
            self.drawers.remove(&drawer);
        }
    }

    fn choose(&self, selector: &Selector) -> Drawer {
        match selector {
            Selector::Object(object) => Drawer::Object(object.clone()),
            Selector::Labels(LabelQuery { gvk, labels, .. }) => {
                let drawers = labels
                    .iter()
                    .map(|label| Drawer::Label(gvk.clone(), label.clone()));
                let emptiest =
                    drawers.min_by_key(|drawer| self.drawers.get(drawer).map_or(0, BTreeMap::len));
                emptiest.unwrap_or_else(|| Drawer::Kind(gvk.clone()))
            }
        }
    }
}

/// Whether the object, as it was or as it is, could be one that the selector asks for.
fn may_match(selector: &Selector, context: &Context, change: &Change) -> bool {
    match selector {
        Selector::Object(_) => true,
        Selector::Labels(query) => {
            query.scope.includes(context)
                && (query.namespace.is_none() || query.namespace == change.key.namespace)
                && query
                    .labels
                    .iter()
                    .all(|label| change.labels.contains(label))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pilothouse_contract::Scope;

    fn gvk() -> Gvk {
        Gvk::new("g/v1", "Thing")
    }

    fn primary(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: None,
            name: name.into(),
        }
    }

    fn query(labels: &[(&str, &str)]) -> Selector {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Selector::Labels(LabelQuery {
            scope: Scope::Everywhere,
            gvk: gvk(),
            namespace: None,
            labels,
        })
    }

    fn named(context: Option<&str>, name: &str) -> Selector {
        let context = context.map(str::to_owned);
        Selector::Object(ObjectRef {
            context,
            gvk: gvk(),
            namespace: None,
            name: name.into(),
        })
    }

    fn concerned(
        subscriptions: &Subscriptions,
        context: Option<&str>,
        name: &str,
        labels: &[(&str, &str)],
    ) -> Vec<String> {
        let resource = Resource {
            context: context.map(str::to_owned),
            gvk: gvk(),
        };
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let change = Change {
            key: primary(name),
            labels,
        };
        let mut names: Vec<_> = subscriptions
            .concerned(&resource, &change)
            .into_iter()
            .map(|key| key.name)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn objects_labels_and_kinds_wake_those_that_asked() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(
            &primary("p"),
            &[
                named(Some("east"), "x"),
                query(&[("task", "p"), ("ns", "n")]),
            ],
        );
        subscriptions.add(&primary("q"), &[query(&[("task", "q"), ("ns", "n")])]);
        subscriptions.add(&primary("all"), &[query(&[])]);
        assert_eq!(
            concerned(&subscriptions, Some("east"), "x", &[]),
            ["all", "p"]
        );
        assert_eq!(concerned(&subscriptions, None, "x", &[]), ["all"]);
        assert_eq!(
            concerned(&subscriptions, None, "y", &[("task", "q"), ("ns", "n")]),
            ["all", "q"]
        );
        assert_eq!(
            concerned(&subscriptions, None, "y", &[("task", "q"), ("ns", "m")]),
            ["all"]
        );
    }

    #[test]
    fn what_is_no_longer_asked_for_no_longer_wakes() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(&primary("p"), &[named(None, "x"), named(None, "y")]);
        subscriptions.set(&primary("p"), [named(None, "y")].into());
        assert_eq!(concerned(&subscriptions, None, "x", &[]), [""; 0]);
        assert_eq!(concerned(&subscriptions, None, "y", &[]), ["p"]);
        subscriptions.set(&primary("p"), BTreeSet::new());
        assert!(
            subscriptions.of.is_empty()
                && subscriptions.drawers.is_empty()
                && subscriptions.filed.is_empty()
        );
    }

    #[test]
    fn a_query_is_filed_under_its_rarest_label() {
        let mut subscriptions = Subscriptions::default();
        for name in ["a", "b", "c"] {
            subscriptions.add(&primary(name), &[query(&[("ns", "n"), ("task", name)])]);
        }
        let fullest = subscriptions.drawers.values().map(BTreeMap::len).max();
        assert_eq!(fullest, Some(1));
    }
}
