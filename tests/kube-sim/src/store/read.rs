//! Reading objects: what comes in is where one is, or a selector, what goes out are objects as they are now.

use std::sync::Arc;

use super::{
    failure::Failure,
    kind::Kind,
    object::Object,
    selector::Selector,
    state::{State, shown},
};

impl State {
    /// One object.
    pub fn read(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Arc<Object>, Failure> {
        self.tables
            .get(&Self::place(kind, namespace, name))
            .ok_or_else(|| Failure::not_found(kind, name))
    }
}

/// Whether `selector` selects `object` as clients of `kind` see it.
pub(crate) fn selects(kind: &Kind, selector: &Selector, object: &Object) -> bool {
    selector.is_empty()
        || if kind.is_view() {
            selector.matches(&shown(kind, object))
        } else {
            selector.matches(&object.value)
        }
}
