//! Checks a policy's plan before any of it is carried out: may it, and is it well formed? Pure.
//!
//! Comes in: the manifest, the primary, what was observed and the plan. Goes out: steps that can be carried out without
//! another question, or what is wrong with which action. A plan with one invalid action is denied as a whole.

mod step;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use pilothouse_contract::{
    Action, Creation, Deletion, Event, Gvk, Manifest, ObjectRef, Operation, Plan, Requeue,
    Selector, Verb, context_name,
};
use serde_json::{Map, Value};

use crate::names::{check_name, check_namespace};
use crate::object::{ObjectKey, Primary, Resource};
pub use step::Step;

/// The annotation that says for which primary, by uid, an object was created: a create whose reply was lost is
/// recognized by it.
pub const CREATED_FOR: &str = "pilothouse.dev/created-for";
/// The most that one plan may do.
pub(crate) const MAX_ACTIONS: usize = 1_000;
/// What events.k8s.io takes.
const MAX_REASON: usize = 128;
const MAX_NOTE: usize = 1_024;
/// A longer delay is cut short to this: every primary is reconciled once a day.
const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon a plan that does nothing is made again that wants it at once.
const IDLE_DELAY: Duration = Duration::from_secs(1);

/// Why a plan is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The action that is invalid; none if it is the plan as a whole.
    pub action: Option<usize>,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Some(action) => write!(f, "action {action}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Checks a plan that was made for the primary from what was observed.
pub fn check(
    manifest: &Manifest,
    primary: &Primary,
    observed: &[Selector],
    plan: &Plan,
) -> Result<Vec<Step>, Denied> {
    check_whole(observed, plan).map_err(|message| Denied {
        action: None,
        message,
    })?;
    let checked = plan.actions.iter().enumerate().map(|(index, action)| {
        check_action(manifest, primary, action).map_err(|message| Denied {
            action: Some(index),
            message,
        })
    });
    checked.collect()
}

fn check_whole(observed: &[Selector], plan: &Plan) -> Result<(), String> {
    let count = plan.actions.len();
    if count > MAX_ACTIONS {
        return Err(format!(
            "{count} actions in one plan, {MAX_ACTIONS} are allowed"
        ));
    }
    let known: BTreeSet<&Selector> = observed.iter().collect();
    match plan.observes.iter().find(|it| !known.contains(it)) {
        Some(unknown) => Err(format!(
            "the plan depends on {} that it has not observed",
            unknown.gvk()
        )),
        None => Ok(()),
    }
}

/// When the plan wants the primary to be reconciled again, if it does not only want it on changes; zero is at once. What a plan
/// deletes may be gone or may wait for finalizers, so that it is always followed by another call.
pub fn requeue_after(plan: &Plan) -> Option<Duration> {
    let is_deletion = |action: &Action| matches!(action, Action::Delete(_));
    if plan.actions.iter().any(is_deletion) {
        return Some(Duration::ZERO);
    }
    let after = match plan.requeue {
        Requeue::OnChange => return None,
        Requeue::After(duration) => Duration::from_millis(duration),
        Requeue::AtOnce => Duration::ZERO,
    };
    // One that does nothing would be asked again and again.
    let least = match plan.actions.is_empty() {
        true => IDLE_DELAY,
        false => Duration::ZERO,
    };
    Some(after.clamp(least, MAX_DELAY))
}

/// The object and the operation of an action that was denied, as far as it says which; otherwise the primary's status.
pub fn denied_target(action: Option<&Action>, primary: &ObjectRef) -> (ObjectRef, Operation) {
    match action {
        Some(Action::Create(creation)) => {
            let object: Value = serde_json::from_str(&creation.object).unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let metadata = &object["metadata"];
            let object = ObjectRef {
                context: creation.context.clone(),
                gvk: Gvk::new(&text(&object["apiVersion"]), &text(&object["kind"])),
                namespace: metadata["namespace"].as_str().map(str::to_owned),
                name: text(&metadata["name"]),
            };
            (object, Operation::Create)
        }
        Some(Action::Delete(deletion)) => (deletion.object.clone(), Operation::Delete),
        Some(Action::PatchMetadata(_)) => (primary.clone(), Operation::PatchMetadata),
        _ => (primary.clone(), Operation::SetStatus),
    }
}

fn check_action(manifest: &Manifest, primary: &Primary, action: &Action) -> Result<Step, String> {
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
    primary: &Primary,
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
    let resource = Resource {
        context: creation.context.clone(),
        gvk,
    };
    let key = ObjectKey { namespace, name };
    may(manifest, Verb::Create, &resource, &key)?;
    check_key(&key)?;
    let annotations = metadata
        .entry("annotations")
        .or_insert_with(|| Value::Object(Map::new()));
    let Some(annotations) = annotations.as_object_mut() else {
        return Err("the object to create has metadata.annotations that are not an object".into());
    };
    annotations.insert(CREATED_FOR.to_owned(), Value::String(primary.uid.clone()));
    Ok(Step::Create {
        resource,
        key,
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
    let (resource, key) = (Resource { context, gvk }, ObjectKey { namespace, name });
    may(manifest, Verb::Delete, &resource, &key)?;
    check_key(&key)?;
    if deletion.uid.is_empty() {
        let gvk = &resource.gvk;
        return Err(format!("the deletion of {gvk} {key} names no uid"));
    }
    Ok(Step::Delete {
        resource,
        key,
        uid: deletion.uid.clone(),
    })
}

/// Both become part of a URL path.
fn check_key(key: &ObjectKey) -> Result<(), String> {
    check_name(&key.name)?;
    key.namespace.as_deref().map_or(Ok(()), check_namespace)
}

/// What the manifest does not declare is not done.
fn may(
    manifest: &Manifest,
    verb: Verb,
    Resource { context, gvk }: &Resource,
    key: &ObjectKey,
) -> Result<(), String> {
    let declared = manifest.interests.iter().any(|interest| {
        interest.gvk == *gvk && interest.scope.includes(context) && interest.verbs.contains(&verb)
    });
    if declared {
        return Ok(());
    }
    let verb = match verb {
        Verb::Create => "create",
        Verb::Delete => "delete",
    };
    Err(format!(
        "the policy's manifest does not let it {verb} {gvk} {key} in {}",
        context_name(context)
    ))
}

fn check_metadata(manifest: &Manifest, primary: &Primary, patch: &str) -> Result<Step, String> {
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
fn check_finalizers(manifest: &Manifest, primary: &Primary, patch: &Value) -> Result<(), String> {
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
    let before: BTreeSet<&str> = primary.finalizers.iter().map(String::as_str).collect();
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
    if event.reason.is_empty() || event.reason.len() > MAX_REASON {
        return Err(format!(
            "an event's reason has 1 to {MAX_REASON} characters, not {}",
            event.reason.len()
        ));
    }
    let mut event = event.clone();
    shorten(&mut event.message);
    Ok(event)
}

/// Cuts an event's message to what events.k8s.io takes, at a character.
pub fn shorten(message: &mut String) {
    if message.len() > MAX_NOTE {
        message.truncate(message.floor_char_boundary(MAX_NOTE - '…'.len_utf8()));
        message.push('…');
    }
}

fn object_of(text: &str, what: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("{what} is not a JSON object: {error}"))
}

#[cfg(test)]
mod tests;
