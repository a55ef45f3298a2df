//! The API servers: a request of the engine in, their reply out, with what the model says there is afterwards.

use pilothouse_core::failures::Cause;
use pilothouse_core::plan::Step as Checked;
use pilothouse_core::work::Request;
use pilothouse_core::{Object, Resource};
use policy_model::act::Fault;
use policy_model::render;
use policy_model::state::State;
use serde_json::{Value, json};

use crate::player::{CHILDREN, Player, no_answer};
use crate::served::{model_uid, plain};

type Reply = Result<Option<Object>, Cause>;

impl Player<'_> {
    /// What became of a write.
    pub fn read(&self, resource: &Resource, state: &State, is_lost: bool) -> Reply {
        let at = self.at(resource);
        match is_lost {
            true => Err(no_answer()),
            false => self
                .reach(at, state)
                .map(|()| self.served[at].object.clone()),
        }
    }

    /// Whether the request is what the model's plan has as its next step.
    pub fn is_next_step(&self, before: &State, request: &Request) {
        let (plan, next) = match (before.host.plan, self.decision(before)) {
            (Some(exec), _) => (self.world.policy.plans.get(exec.plan), exec.next),
            (None, Some(decision)) => (decision.steps.clone(), 0),
            (None, None) => panic!("the model has no plan, and the engine asks: {request:?}"),
        };
        let (checked, _) = &plan.steps[usize::from(next)];
        let target = checked.target(&render::reference()).unwrap();
        assert_eq!(request.object(), target.0, "the model's next step");
        match (request, checked) {
            (Request::Create { object: asked, .. }, Checked::Create { object, .. }) => {
                assert_eq!(asked, object);
            }
            (Request::Delete { uid: asked, .. }, Checked::Delete { uid, .. }) => {
                assert_eq!(model_uid(asked), uid);
            }
            (Request::Patch { patch, .. }, Checked::PatchMetadata(fields)) => {
                let mut asked = patch["metadata"].as_object().cloned().unwrap();
                asked.remove("resourceVersion");
                assert_eq!(asked, *fields);
            }
            (Request::PatchStatus { patch, .. }, Checked::SetStatus(status)) => {
                assert_eq!(patch[1]["value"].as_object(), Some(status));
            }
            other => panic!("not the model's next step: {other:?}"),
        }
    }

    /// Carries a write out as an API server does, with that fault. The model says what there is afterwards.
    pub fn carry_out(
        &mut self,
        request: &Request,
        before: &State,
        fault: Fault,
        after: &State,
    ) -> Reply {
        let (resource, _) = Resource::and_key(&request.object());
        let at = self.at(&resource);
        let is_done = self
            .reach(at, before)
            .and_then(|()| guard(request, self.served[at].object.as_ref()));
        let expected = patched(request, self.served[at].object.as_ref());
        self.becomes(after);
        let object = self.served[at].object.clone();
        match fault {
            Fault::RequestLost | Fault::ReplyLost => return Err(no_answer()),
            Fault::Forbidden => return Err(Cause::because("Forbidden", "it is forbidden")),
            Fault::None | Fault::ReadLost => is_done?,
        }
        match (request, object, expected) {
            (Request::Create { object: asked, .. }, Some(created), _) => {
                is_created(asked, &plain(&created));
                Ok(Some(created))
            }
            (_, Some(object), Some(expected)) => {
                assert_eq!(plain(&expected), plain(&object), "the patch is the model's");
                Ok(Some(object))
            }
            // The last finalizer of one that is being deleted.
            (_, None, Some(mut expected)) => {
                expected.resource_version = self.versions.to_string();
                Ok(Some(expected))
            }
            (_, object, None) => Ok(object),
        }
    }

    fn at(&self, resource: &Resource) -> usize {
        let at = self.served.iter().position(|it| it.resource == *resource);
        at.unwrap()
    }

    /// The control plane always answers.
    fn reach(&self, at: usize, state: &State) -> Result<(), Cause> {
        let dc = at.checked_sub(CHILDREN).map(|dc| &state.dcs[dc]);
        match dc.is_none_or(|dc| dc.registered && dc.link) {
            true => Ok(()),
            false => Err(Cause::unknown("Unreachable", "connection refused")),
        }
    }
}

/// Whether a write is carried out on what is there.
fn guard(request: &Request, there: Option<&Object>) -> Result<(), Cause> {
    let version = match request {
        Request::Patch { patch, .. } => patch["metadata"]["resourceVersion"].as_str(),
        Request::PatchStatus { patch, .. } => patch[0]["value"].as_str(),
        _ => None,
    };
    match (request, there) {
        (Request::Create { .. }, Some(_)) => {
            Err(Cause::because("AlreadyExists", "it already exists"))
        }
        (Request::Create { .. }, None) => Ok(()),
        (_, None) => Err(Cause::because("NotFound", "there is none")),
        (Request::Delete { uid, .. }, Some(it)) if it.uid == *uid => Ok(()),
        (_, Some(it)) if version == Some(&it.resource_version) => Ok(()),
        _ => Err(Cause::because("Conflict", "the object has been modified")),
    }
}

/// What comes of a patch.
fn patched(request: &Request, there: Option<&Object>) -> Option<Object> {
    let mut document: Value = serde_json::from_str(there?.text()).unwrap();
    match request {
        Request::Patch { patch, .. } => json_patch::merge(&mut document, patch),
        Request::PatchStatus { patch, .. } => document["status"] = patch[1]["value"].clone(),
        _ => return None,
    }
    // An empty list is no list.
    let metadata = document["metadata"].as_object_mut().unwrap();
    metadata.retain(|_, value| *value != json!([]));
    Some(Object::of(document.as_object().cloned().unwrap()))
}

/// The model has of a CassandraTask what it is known by.
fn is_created(asked: &Value, created: &Value) {
    for field in ["name", "namespace"] {
        assert_eq!(asked["metadata"][field], created["metadata"][field]);
    }
    for field in ["labels", "annotations"] {
        for (name, value) in created["metadata"][field].as_object().unwrap() {
            assert_eq!(asked["metadata"][field][name], *value, "{field}: {name}");
        }
    }
    assert_eq!(asked["kind"], created["kind"]);
}
