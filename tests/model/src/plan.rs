//! A policy's actions, checked as the host checks them, as steps that the world of the model can carry out.
//!
//! Comes in: the manifest and an action. Goes out: a step, or what is wrong with the action. Nothing is carried out here.

use k8ssandra_task_policy::contract::{Action, Creation, Manifest, ObjectRef, Verb};
use serde_json::{Map, Value};

use crate::render::{self, FINALIZER, RECORD};
use crate::tables::Table;

/// One step of a plan, as the world of the model can carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Create the CassandraTask of a datacenter.
    Create(usize),
    /// Delete the CassandraTask of a datacenter, if it is this one.
    DeleteChild(usize, u8),
    /// Delete the K8ssandraTask, if it is this one.
    DeleteTask(u8),
    /// Change finalizer, owner reference and record, where the patch names them.
    Metadata(Option<bool>, Option<u8>, Option<u32>),
    /// Replace the status.
    Status(u32),
}

/// A plan that was checked. Events are left out: nothing in the model depends on them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The steps, each with its index among the plan's actions.
    pub steps: Vec<(u32, Step)>,
    /// Which K8ssandraTask it was made for.
    pub incarnation: u8,
    /// Whether that said Forbid.
    pub forbid: bool,
}

/// The host's checks, and what the action does in this world; `None` for an event.
pub fn step(
    manifest: &Manifest,
    statuses: &Table<String>,
    records: &Table<String>,
    action: &Action,
) -> Result<Option<Step>, String> {
    match action {
        Action::RecordEvent(event) if event.reason.is_empty() || event.message.is_empty() => {
            Err("an event says nothing".into())
        }
        Action::RecordEvent(_) => Ok(None),
        Action::SetStatus(status) => {
            serde_json::from_str::<Map<String, Value>>(status)
                .map_err(|error| error.to_string())?;
            Ok(Some(Step::Status(statuses.number(status.clone()))))
        }
        Action::PatchMetadata(patch) => metadata(records, patch).map(Some),
        Action::Create(creation) => created(manifest, creation).map(Some),
        Action::Delete(it) => deleted(manifest, &it.object, &it.uid).map(Some),
    }
}

fn created(manifest: &Manifest, creation: &Creation) -> Result<Step, String> {
    let object: Value =
        serde_json::from_str(&creation.object).map_err(|error| error.to_string())?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&object["metadata"]["name"]);
    let dc = render::dc_of(&name, &format!("{}-dc", render::TASK))
        .ok_or_else(|| format!("it creates {name}"))?;
    let namespace = text(&object["metadata"]["namespace"]);
    if creation.context != Some(render::context_name(dc)) || namespace != render::NAMESPACE {
        return Err(format!("it creates {name} in the wrong place"));
    }
    let api = format!("{} {}", text(&object["apiVersion"]), text(&object["kind"]));
    may(manifest, Verb::Create, &api)?;
    Ok(Step::Create(dc))
}

fn deleted(manifest: &Manifest, object: &ObjectRef, uid: &str) -> Result<Step, String> {
    let gvk = &object.gvk;
    may(
        manifest,
        Verb::Delete,
        &format!("{}/{} {}", gvk.group, gvk.version, gvk.kind),
    )?;
    let unknown = || format!("it deletes {} with uid {uid:?}", object.name);
    if gvk.kind == "K8ssandraTask" {
        return render::number(uid, "task-")
            .map(Step::DeleteTask)
            .ok_or_else(unknown);
    }
    let dc = object
        .context
        .as_deref()
        .and_then(|context| render::dc_of(context, "kind-"));
    let birth = render::number(uid, "child-");
    let (dc, birth) = dc.zip(birth).ok_or_else(unknown)?;
    if object.name != render::child_name(dc) {
        return Err(unknown());
    }
    Ok(Step::DeleteChild(dc, birth))
}

fn may(manifest: &Manifest, verb: Verb, api: &str) -> Result<(), String> {
    let is_declared = manifest.interests.iter().any(|interest| {
        let gvk = &interest.gvk;
        format!("{}/{} {}", gvk.group, gvk.version, gvk.kind) == api
            && interest.verbs.contains(&verb)
    });
    if is_declared {
        Ok(())
    } else {
        Err(format!("the manifest does not declare {verb:?} of {api}"))
    }
}

fn metadata(records: &Table<String>, patch: &str) -> Result<Step, String> {
    let patch: Map<String, Value> =
        serde_json::from_str(patch).map_err(|error| error.to_string())?;
    if let Some(field) = patch
        .keys()
        .find(|key| !["annotations", "finalizers", "ownerReferences"].contains(&key.as_str()))
    {
        return Err(format!("it patches metadata.{field}"));
    }
    let list = |name: &str| {
        patch
            .get(name)
            .map(|value| value.as_array().cloned().unwrap_or_default())
    };
    let finalizers = list("finalizers");
    if finalizers.iter().flatten().any(|name| name != FINALIZER) {
        return Err("it patches somebody else's finalizer".into());
    }
    let owner = |references: Vec<Value>| {
        let uid = references
            .first()
            .and_then(|reference| reference["uid"].as_str());
        uid.and_then(|uid| render::number(uid, "cluster-"))
            .unwrap_or(0)
    };
    Ok(Step::Metadata(
        finalizers.map(|names| !names.is_empty()),
        list("ownerReferences").map(owner),
        record(records, &patch)?,
    ))
}

/// The record, which is the only annotation that is patched.
fn record(records: &Table<String>, patch: &Map<String, Value>) -> Result<Option<u32>, String> {
    let annotations = patch.get("annotations").and_then(Value::as_object);
    let mut number = None;
    for (name, value) in annotations.into_iter().flatten() {
        let text = value.as_str().filter(|_| name == RECORD);
        let text = text.ok_or_else(|| format!("it patches the annotation {name}"))?;
        number = Some(records.number(text.to_owned()));
    }
    Ok(number)
}
