//! Checks a policy's plan before any of it is carried out: may it, and is it well formed? Pure.
//!
//! Comes in: the manifest, the primary and the plan. Goes out: steps that the executor can carry out without another
//! question, or what is wrong with which action. A plan with one wrong action is refused as a whole.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cache::Place;
use crate::contract::{
    Action, Context, Creation, Deletion, Event, Gvk, Manifest, ObjectRef, Plan, Verb, context_name,
    qualified,
};
use crate::object::{Object, ObjectKey};

/// The annotation that says for which primary, by uid, an object was created: a create whose answer was lost is known
/// again by it.
pub const CREATED_FOR: &str = "pilothouse.dev/created-for";
/// The most that one plan may do.
const MOST_ACTIONS: usize = 1_000;
/// What events.k8s.io takes.
const LONGEST_REASON: usize = 128;
const LONGEST_NOTE: usize = 1_024;
/// A delay longer than this is this long: the world is looked at once a day in any case.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An action that may be carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Create this object.
    Create {
        /// Where, and of which kind.
        place: Place,
        /// Under which name.
        key: ObjectKey,
        /// The whole of it.
        object: Value,
    },
    /// Delete the object of this name if it has this uid.
    Delete {
        /// Where, and of which kind.
        place: Place,
        /// Under which name.
        key: ObjectKey,
        /// Which one.
        uid: String,
    },
    /// Merge this into the primary's metadata.
    PatchMetadata(Map<String, Value>),
    /// Replace the primary's status.
    SetStatus(Map<String, Value>),
    /// Tell people.
    RecordEvent(Event),
}

/// Why a plan is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The action that is wrong.
    pub action: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Checks every action of a plan.
pub fn check(manifest: &Manifest, primary: &Object, plan: &Plan) -> Result<Vec<Step>, Denied> {
    if plan.actions.len() > MOST_ACTIONS {
        let message = format!(
            "{} actions in one plan, {MOST_ACTIONS} are allowed",
            plan.actions.len()
        );
        return Err(Denied {
            action: MOST_ACTIONS,
            message,
        });
    }
    let checked = plan.actions.iter().enumerate().map(|(index, action)| {
        check_action(manifest, primary, action).map_err(|message| Denied {
            action: index,
            message,
        })
    });
    checked.collect()
}

/// When the plan wants the primary to be reconciled again.
pub fn requeue_after(plan: &Plan) -> Option<Duration> {
    plan.requeue_after
        .map(|span| Duration::from_millis(span).min(LONGEST_DELAY))
}

fn check_action(manifest: &Manifest, primary: &Object, action: &Action) -> Result<Step, String> {
    match action {
        Action::Create(creation) => check_creation(manifest, primary, creation),
        Action::Delete(deletion) => check_deletion(manifest, deletion),
        Action::PatchMetadata(patch) => check_metadata(manifest, primary, patch),
        Action::SetStatus(status) => object_of(status, "the status").map(Step::SetStatus),
        Action::RecordEvent(event) => check_event(event).map(Step::RecordEvent),
    }
}

fn check_creation(
    manifest: &Manifest,
    primary: &Object,
    creation: &Creation,
) -> Result<Step, String> {
    let mut object = object_of(&creation.object, "the object to create")?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let gvk = Gvk::new(&text(object.get("apiVersion")), &text(object.get("kind")));
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return Err("the object to create has no metadata".into());
    };
    let name = text(metadata.get("name"));
    if name.is_empty() {
        return Err("the object to create has no metadata.name".into());
    }
    let namespace = Some(text(metadata.get("namespace"))).filter(|namespace| !namespace.is_empty());
    may(
        manifest,
        Verb::Create,
        &creation.context,
        &gvk,
        &qualified(namespace.as_deref(), &name),
    )?;
    let annotations = metadata
        .entry("annotations")
        .or_insert_with(|| Value::Object(Map::new()));
    let Some(annotations) = annotations.as_object_mut() else {
        return Err("the object to create has metadata.annotations that are not an object".into());
    };
    annotations.insert(
        CREATED_FOR.to_owned(),
        Value::String(primary.uid().to_owned()),
    );
    let place = Place {
        context: creation.context.clone(),
        gvk,
    };
    Ok(Step::Create {
        place,
        key: ObjectKey { namespace, name },
        object: Value::Object(object),
    })
}

fn check_deletion(manifest: &Manifest, deletion: &Deletion) -> Result<Step, String> {
    let ObjectRef {
        context,
        gvk,
        namespace,
        name,
    } = deletion.object.clone();
    let shown = qualified(namespace.as_deref(), &name);
    may(manifest, Verb::Delete, &context, &gvk, &shown)?;
    if deletion.uid.is_empty() {
        return Err(format!("the deletion of {gvk} {shown} names no uid"));
    }
    let (place, key) = (Place { context, gvk }, ObjectKey { namespace, name });
    Ok(Step::Delete {
        place,
        key,
        uid: deletion.uid.clone(),
    })
}

/// What the manifest does not declare is not done.
fn may(
    manifest: &Manifest,
    verb: Verb,
    context: &Context,
    gvk: &Gvk,
    name: &str,
) -> Result<(), String> {
    let declared = manifest.interests.iter().any(|interest| {
        interest.gvk == *gvk && interest.scope.includes(context) && interest.may.contains(&verb)
    });
    if declared {
        return Ok(());
    }
    let verb = match verb {
        Verb::Create => "create",
        Verb::Delete => "delete",
    };
    Err(format!(
        "the policy's manifest does not let it {verb} {gvk} {name} in {}",
        context_name(context)
    ))
}

fn check_metadata(manifest: &Manifest, primary: &Object, patch: &str) -> Result<Step, String> {
    const MAY_CHANGE: [&str; 4] = ["annotations", "finalizers", "labels", "ownerReferences"];
    let patch = object_of(patch, "the metadata patch")?;
    if let Some(field) = patch
        .keys()
        .find(|field| !MAY_CHANGE.contains(&field.as_str()))
    {
        return Err(format!(
            "a policy may not change metadata.{field}, only {}",
            MAY_CHANGE.join(", ")
        ));
    }
    if let Some(finalizers) = patch.get("finalizers") {
        check_finalizers(manifest, primary, finalizers)?;
    }
    Ok(Step::PatchMetadata(patch))
}

/// The policy's own finalizer may come and go; those of others are not its business.
fn check_finalizers(manifest: &Manifest, primary: &Object, patch: &Value) -> Result<(), String> {
    let names = match patch {
        Value::Null => Vec::new(),
        Value::Array(names) => names
            .iter()
            .map(Value::as_str)
            .collect::<Option<Vec<_>>>()
            .ok_or("finalizers are text")?,
        _ => return Err("metadata.finalizers is not a list".into()),
    };
    let after: BTreeSet<&str> = names.into_iter().collect();
    let before: BTreeSet<&str> = primary
        .metadata
        .finalizers
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    match before
        .symmetric_difference(&after)
        .find(|name| manifest.finalizer.as_deref() != Some(**name))
    {
        None => Ok(()),
        Some(name) => Err(format!(
            "finalizer {name} is not the policy's to add or remove"
        )),
    }
}

fn check_event(event: &Event) -> Result<Event, String> {
    if event.reason.is_empty() || event.reason.len() > LONGEST_REASON {
        return Err(format!(
            "an event's reason has 1 to {LONGEST_REASON} characters, not {}",
            event.reason.len()
        ));
    }
    let mut event = event.clone();
    shorten(&mut event.message);
    Ok(event)
}

/// Cuts an event's message to what events.k8s.io takes, at a character.
pub fn shorten(message: &mut String) {
    if message.len() > LONGEST_NOTE {
        message.truncate(message.floor_char_boundary(LONGEST_NOTE - '…'.len_utf8()));
        message.push('…');
    }
}

fn object_of(text: &str, what: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("{what} is not a JSON object: {error}"))
}

#[cfg(test)]
mod tests;
