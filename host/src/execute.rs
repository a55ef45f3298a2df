//! Carries the steps of a checked plan out, in order, and stops at the first that fails.
//!
//! It decides nothing. Every write is guarded: a create by its name, a delete by the uid, status and metadata by the
//! resourceVersion of the primary that was decided upon. What an API server answers is laid over the caches at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use kube::core::Status;
use serde_json::{Map, Value, json};
use tracing::info;

use crate::cache::{Caches, Place};
use crate::contexts::Contexts;
use crate::contract::{Failure, Manifest, context_name};
use crate::events::Recorder;
use crate::object::{Object, ObjectKey};
use crate::plan::{CREATED_FOR, Step};
use crate::watch::Listener;

/// How long an API server may take for a write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);

/// Nothing special: the guard is in the patch itself.
const PATCH: PatchParams = PatchParams {
    dry_run: false,
    force: false,
    field_manager: None,
    field_validation: None,
};

/// Writes to API servers.
pub struct Executor {
    contexts: Contexts,
    caches: Arc<Caches>,
    listener: Arc<dyn Listener>,
    recorder: Arc<Recorder>,
}

/// Why a step was not carried out.
#[derive(Debug)]
pub enum Failed {
    /// The primary has changed since it was decided upon: decide again.
    Stale,
    /// The API server refused.
    Refused(Failure),
    /// It did not answer: nobody knows whether the step on this object was carried out.
    Unanswered(Failure, Doubt),
}

/// An object of which it is not known what became of a write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doubt {
    /// Where it is, and of which kind.
    pub place: Place,
    /// Which object.
    pub key: ObjectKey,
}

/// An answer that is no success: a Status reason and a message.
struct Refusal {
    reason: String,
    message: String,
}

impl Executor {
    /// Writes through these clients, and lays what is answered over these caches.
    pub fn new(
        contexts: Contexts,
        caches: Arc<Caches>,
        listener: Arc<dyn Listener>,
        recorder: Arc<Recorder>,
    ) -> Self {
        Self {
            contexts,
            caches,
            listener,
            recorder,
        }
    }

    /// Carries the steps out. The primary is the one that the plan was made for.
    pub async fn execute(
        &self,
        manifest: &Manifest,
        primary: &Object,
        steps: &[Step],
    ) -> Result<(), Failed> {
        let home = Place {
            context: None,
            gvk: manifest.primary.clone(),
        };
        let mut primary = primary.clone();
        for (index, step) in steps.iter().enumerate() {
            let done = match step {
                Step::Create { place, key, object } => {
                    self.create(&primary, place, key, object).await
                }
                Step::Delete { place, key, uid } => self.delete(place, key, uid).await,
                Step::PatchMetadata(patch) => self.patch_metadata(&home, &mut primary, patch).await,
                Step::SetStatus(status) => self.set_status(&home, &mut primary, status).await,
                Step::RecordEvent(event) => {
                    self.recorder
                        .record(&manifest.controller, &home.gvk, &primary, event)
                        .await;
                    Ok(())
                }
            };
            done.map_err(|refusal| failed(index, step, &home, &primary, refusal))?;
        }
        Ok(())
    }

    async fn create(
        &self,
        primary: &Object,
        place: &Place,
        key: &ObjectKey,
        object: &Value,
    ) -> Result<(), Refusal> {
        let api = self.api(place, key)?;
        let object =
            Object::parse(&object.to_string()).map_err(|error| refusal("Invalid", error))?;
        match answered(api.create(&PostParams::default(), &object)).await {
            Ok(created) => {
                info!(object = %key, kind = %place.gvk, context = context_name(&place.context), primary = %primary.key(), "created");
                self.lay_over(place, created);
                Ok(())
            }
            Err(refusal) if refusal.reason == "AlreadyExists" => {
                let existing = answered(api.get(&key.name)).await?;
                let ours = created_for(&existing, primary);
                self.lay_over(place, existing);
                // An earlier answer was lost, or a restart came between: it is what was asked for.
                if ours { Ok(()) } else { Err(refusal) }
            }
            Err(refusal) => Err(refusal),
        }
    }

    async fn delete(&self, place: &Place, key: &ObjectKey, uid: &str) -> Result<(), Refusal> {
        let api = self.api(place, key)?;
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        match answered(api.delete(&key.name, &params)).await {
            Ok(answer) => {
                info!(object = %key, kind = %place.gvk, context = context_name(&place.context), "deleted");
                match answer.left() {
                    // Its finalizers hold it.
                    Some(object)
                        if object
                            .metadata
                            .finalizers
                            .as_ref()
                            .is_some_and(|names| !names.is_empty()) =>
                    {
                        self.lay_over(place, object);
                    }
                    _ => self.lay_over_gone(place, key, uid),
                }
            }
            // Gone already, or another object has its name by now.
            Err(refusal) if matches!(refusal.reason.as_str(), "NotFound" | "Conflict") => {
                self.lay_over_gone(place, key, uid);
            }
            Err(refusal) => return Err(refusal),
        }
        Ok(())
    }

    /// Asks what became of a write that got no answer, and lays it over the caches. False while there is still no answer.
    pub async fn resolve(&self, doubt: &Doubt) -> bool {
        let Doubt { place, key } = doubt;
        let Ok(api) = self.api(place, key) else {
            // Nobody can write there any more, and nobody will see it either.
            return true;
        };
        match answered(api.get_opt(&key.name)).await {
            Ok(Some(object)) => self.lay_over(place, object),
            Ok(None) => {
                if let Some(known) = self.caches.get(place, key) {
                    self.lay_over_gone(place, key, known.uid());
                }
            }
            Err(refusal) => return !is_silence(&refusal.reason),
        }
        true
    }

    async fn patch_metadata(
        &self,
        home: &Place,
        primary: &mut Object,
        patch: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let mut metadata = patch.clone();
        metadata.insert(
            "resourceVersion".into(),
            json!(primary.metadata.resource_version),
        );
        let patch: Patch<Value> = Patch::Merge(json!({ "metadata": metadata }));
        let (api, key) = (self.api(home, &primary.key())?, primary.key());
        let request = api.patch(&key.name, &PATCH, &patch);
        self.advance(home, primary, answered(request).await?);
        Ok(())
    }

    async fn set_status(
        &self,
        home: &Place,
        primary: &mut Object,
        status: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        // Replacing the resourceVersion by the one that was decided upon makes another one a conflict, and `add`
        // replaces the whole status, whether there was one or not.
        let operations = json!([
            { "op": "replace", "path": "/metadata/resourceVersion", "value": primary.metadata.resource_version },
            { "op": "add", "path": "/status", "value": status },
        ]);
        let operations =
            serde_json::from_value(operations).map_err(|error| refusal("Invalid", error))?;
        let patch: Patch<Value> = Patch::Json(operations);
        let (api, key) = (self.api(home, &primary.key())?, primary.key());
        let request = api.patch_status(&key.name, &PATCH, &patch);
        self.advance(home, primary, answered(request).await?);
        Ok(())
    }

    /// The next step of the plan is guarded by the resourceVersion that this one has made.
    fn advance(&self, home: &Place, primary: &mut Object, patched: Object) {
        self.lay_over(home, patched.clone());
        *primary = patched;
    }

    fn api(&self, place: &Place, key: &ObjectKey) -> Result<Api<Object>, Refusal> {
        let context = context_name(&place.context);
        let client: &Client = self.contexts.client(&place.context).ok_or_else(|| {
            refusal(
                "Unreachable",
                format!("context {context} is not registered with this host"),
            )
        })?;
        let (resource, namespaced): (ApiResource, bool) =
            self.caches.resource(place).ok_or_else(|| {
                refusal(
                    "Unreachable",
                    format!(
                        "{} is not served by context {context} so far as is known",
                        place.gvk
                    ),
                )
            })?;
        match &key.namespace {
            Some(namespace) if namespaced => {
                Ok(Api::namespaced_with(client.clone(), namespace, &resource))
            }
            None if namespaced => Err(refusal(
                "Invalid",
                format!("{} {key} names no namespace", place.gvk),
            )),
            _ => Ok(Api::all_with(client.clone(), &resource)),
        }
    }

    fn lay_over(&self, place: &Place, object: Object) {
        let changes = self.caches.wrote(place, object);
        self.listener.changed(place, changes);
    }

    fn lay_over_gone(&self, place: &Place, key: &ObjectKey, uid: &str) {
        let changes = self.caches.wrote_gone(place, key, uid);
        self.listener.changed(place, changes);
    }
}

fn created_for(existing: &Object, primary: &Object) -> bool {
    let annotations = existing.metadata.annotations.as_ref();
    annotations
        .and_then(|annotations| annotations.get(CREATED_FOR))
        .is_some_and(|uid| uid == primary.uid())
        && existing.metadata.deletion_timestamp.is_none()
}

async fn answered<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
    match tokio::time::timeout(WRITE_TIMEOUT, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(refused(&status)),
        Ok(Err(error)) => Err(refusal(
            "Unreachable",
            format!("{:#}", anyhow::Error::new(error)),
        )),
        Err(_) => Err(refusal(
            "Timeout",
            format!("no answer within {} s", WRITE_TIMEOUT.as_secs()),
        )),
    }
}

fn refused(status: &Status) -> Refusal {
    let reason = if status.reason.is_empty() {
        format!("HTTP{}", status.code)
    } else {
        status.reason.clone()
    };
    refusal(&reason, &status.message)
}

fn refusal(reason: &str, message: impl ToString) -> Refusal {
    Refusal {
        reason: reason.to_owned(),
        message: message.to_string(),
    }
}

fn failed(index: usize, step: &Step, home: &Place, primary: &Object, refusal: Refusal) -> Failed {
    let of_primary = matches!(step, Step::PatchMetadata(_) | Step::SetStatus(_));
    if of_primary && matches!(refusal.reason.as_str(), "Conflict" | "NotFound") {
        return Failed::Stale;
    }
    let is_silent = is_silence(&refusal.reason);
    let failure = Failure {
        action: u32::try_from(index).unwrap_or(u32::MAX),
        message: format!("{}: {}", describe(step), refusal.message),
        reason: refusal.reason,
    };
    if !is_silent {
        return Failed::Refused(failure);
    }
    let (place, key) = match step {
        Step::Create { place, key, .. } | Step::Delete { place, key, .. } => {
            (place.clone(), key.clone())
        }
        _ => (home.clone(), primary.key()),
    };
    Failed::Unanswered(failure, Doubt { place, key })
}

/// Whether a reason says that there was no answer: the API server's own gateways say `Timeout`, too.
fn is_silence(reason: &str) -> bool {
    matches!(reason, "Timeout" | "Unreachable")
}

/// What a step does, for people.
fn describe(step: &Step) -> String {
    match step {
        Step::Create { place, key, .. } => {
            format!(
                "create {} {key} in {}",
                place.gvk.kind,
                context_name(&place.context)
            )
        }
        Step::Delete { place, key, .. } => {
            format!(
                "delete {} {key} in {}",
                place.gvk.kind,
                context_name(&place.context)
            )
        }
        Step::PatchMetadata(_) => "patch the metadata".into(),
        Step::SetStatus(_) => "set the status".into(),
        Step::RecordEvent(_) => "record an event".into(),
    }
}
