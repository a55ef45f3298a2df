//! A plan that has passed the engine's check, as steps that the world of the model can carry out.
//!
//! Comes in: a checked step. Goes out: what it does in this world, or that the model cannot show it. Nothing is carried out here.

use pilothouse_core::plan::Step as Checked;
use pilothouse_core::{ObjectKey, Resource};
use serde_json::{Map, Value};

use crate::render::{self, FINALIZER, RECORD};
use crate::state::Task;
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
    /// The steps, as the engine and as the model have them.
    pub steps: Vec<(Checked, Step)>,
    /// Which K8ssandraTask it was made for.
    pub incarnation: u8,
    /// Whether that said Forbid.
    pub forbid: bool,
}

impl Plan {
    /// Whether it was made for that K8ssandraTask.
    pub fn is_for(&self, task: Option<Task>) -> bool {
        task.is_some_and(|task| task.incarnation == self.incarnation)
    }
}

/// What a step does in this world; `None` for an event.
pub fn step(
    statuses: &Table<String>,
    records: &Table<String>,
    checked: &Checked,
) -> Result<Option<Step>, String> {
    let step = match checked {
        Checked::RecordEvent(_) => return Ok(None),
        Checked::SetStatus(status) => {
            let text = Value::Object(status.clone()).to_string();
            Some(Step::Status(statuses.number(text)))
        }
        Checked::PatchMetadata(patch) => metadata(records, patch),
        Checked::Create { resource, key, .. } => child(resource, key).map(Step::Create),
        Checked::Delete { resource, key, uid } if *resource == render::tasks() => {
            let incarnation = render::number(uid, "task-");
            incarnation
                .filter(|_| *key == render::key(render::TASK))
                .map(Step::DeleteTask)
        }
        Checked::Delete { resource, key, uid } => {
            let (dc, birth) = (child(resource, key), render::number(uid, "child-"));
            dc.zip(birth)
                .map(|(dc, birth)| Step::DeleteChild(dc, birth))
        }
    };
    let step = step.ok_or_else(|| format!("the model cannot show that step: {checked:?}"))?;
    Ok(Some(step))
}

/// Whose CassandraTask has that name in that place.
fn child(resource: &Resource, key: &ObjectKey) -> Option<usize> {
    let dc = render::dc_of(&key.name, &format!("{}-dc", render::TASK))?;
    (*resource == render::children(Some(dc)) && *key == render::key(&key.name)).then_some(dc)
}

fn metadata(records: &Table<String>, patch: &Map<String, Value>) -> Option<Step> {
    let (mut finalizer, mut owner, mut record) = (None, None, None);
    for (field, value) in patch {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        match (field.as_str(), items) {
            ("finalizers", []) => finalizer = Some(false),
            ("finalizers", [name]) if name == FINALIZER => finalizer = Some(true),
            ("ownerReferences", []) => owner = Some(0),
            ("ownerReferences", [it]) => {
                owner = Some(render::number(it["uid"].as_str()?, "cluster-")?);
            }
            ("annotations", []) => {
                let annotations = value.as_object()?;
                let text = annotations.get(RECORD).filter(|_| annotations.len() == 1);
                record = Some(records.number(text?.as_str()?.to_owned()));
            }
            _ => return None,
        }
    }
    Some(Step::Metadata(finalizer, owner, record))
}
