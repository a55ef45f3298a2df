//! Carries the steps of a checked plan out, in order, and stops at the first that fails.
//!
//! It decides nothing. Every write is guarded: a create by its name, a delete by the uid, status and metadata by the
//! resourceVersion of the primary that was decided upon. What an API server answers is overlaid on the caches at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use pilothouse_core::failures::{Cause, Failures};
use pilothouse_core::plan::{CREATED_FOR, Step};
use serde_json::{Map, Value, json};
use tracing::{debug, info, warn};

use crate::cache::{Caches, Resource};
use crate::clock::{Clock, instant};
use crate::contexts::Contexts;
use crate::contract::{FailureClass, Manifest, context_name};
use crate::events::Recorder;
use crate::object::{Object, ObjectKey};
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
    clock: Clock,
}

/// Why a plan was not carried out to its end.
#[derive(Debug)]
pub enum Failed {
    /// The primary has changed since it was decided upon: decide again.
    Stale,
    /// A step failed.
    Refused,
    /// No answer says whether the step on this object was carried out.
    Unanswered(Unconfirmed),
}

/// An object on which a write of unknown outcome was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unconfirmed {
    /// Where it is, and of which kind.
    pub resource: Resource,
    /// Which object.
    pub key: ObjectKey,
}

impl Executor {
    /// Writes through these clients, and overlays what is answered on these caches.
    pub fn new(
        contexts: Contexts,
        caches: Arc<Caches>,
        listener: Arc<dyn Listener>,
        recorder: Arc<Recorder>,
        clock: Clock,
    ) -> Self {
        Self {
            contexts,
            caches,
            listener,
            recorder,
            clock,
        }
    }

    /// Carries the steps out. The primary is the one that the plan was made for. What fails and what succeeds is noted in
    /// its failures.
    pub async fn execute(
        &self,
        manifest: &Manifest,
        primary: &Object,
        steps: &[Step],
        failures: &mut Failures,
    ) -> Result<(), Failed> {
        let home = Resource {
            context: None,
            gvk: manifest.primary.clone(),
        };
        let name = home.object(&primary.key());
        let mut primary = primary.clone();
        for step in steps {
            let done = self.carry_out(manifest, &home, &mut primary, step).await;
            let Some((object, operation)) = step.target(&name) else {
                continue;
            };
            match done {
                Ok(()) => failures.succeeded(&object, operation),
                Err(cause) => {
                    let Cause {
                        reason, message, ..
                    } = &cause;
                    let failed = failed(step, &home, &primary, &cause);
                    match failed {
                        // Nothing is wrong: it is decided anew on the newer primary.
                        Failed::Stale => debug!(primary = %primary.key(), "{step}: {message}"),
                        _ => warn!(primary = %primary.key(), reason, "{step}: {message}"),
                    }
                    failures.record(instant((self.clock)()), object, operation, cause);
                    return Err(failed);
                }
            }
        }
        Ok(())
    }

    async fn carry_out(
        &self,
        manifest: &Manifest,
        home: &Resource,
        primary: &mut Object,
        step: &Step,
    ) -> Result<(), Cause> {
        match step {
            Step::Create {
                resource,
                key,
                object,
            } => self.create(primary, resource, key, object).await,
            Step::Delete { resource, key, uid } => self.delete(resource, key, uid).await,
            Step::PatchMetadata(patch) => self.patch_metadata(home, primary, patch).await,
            Step::SetStatus(status) => self.set_status(home, primary, status).await,
            Step::RecordEvent(event) => {
                self.recorder
                    .record(&manifest.controller, &home.gvk, primary, event)
                    .await;
                Ok(())
            }
        }
    }

    async fn create(
        &self,
        primary: &Object,
        resource: &Resource,
        key: &ObjectKey,
        object: &Value,
    ) -> Result<(), Cause> {
        let api = self.api(resource, key)?;
        let object = Object::parse(&object.to_string())
            .map_err(|error| Cause::because("Invalid", &error.to_string()))?;
        match answered(api.create(&PostParams::default(), &object)).await {
            Ok(created) => {
                info!(object = %key, kind = %resource.gvk, context = context_name(&resource.context), primary = %primary.key(), "created");
                self.overlay(resource, created);
                Ok(())
            }
            Err(cause) if cause.reason == "AlreadyExists" => {
                let existing = answered(api.get(&key.name)).await?;
                let ours = created_for(&existing, primary);
                self.overlay(resource, existing);
                // An earlier answer was lost, or a restart came between: it is what was asked for.
                if ours { Ok(()) } else { Err(cause) }
            }
            Err(cause) => Err(cause),
        }
    }

    async fn delete(&self, resource: &Resource, key: &ObjectKey, uid: &str) -> Result<(), Cause> {
        let api = self.api(resource, key)?;
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
                info!(object = %key, kind = %resource.gvk, context = context_name(&resource.context), "deleted");
                match answer.left() {
                    // Its finalizers hold it.
                    Some(object)
                        if object
                            .metadata
                            .finalizers
                            .as_ref()
                            .is_some_and(|names| !names.is_empty()) =>
                    {
                        self.overlay(resource, object);
                    }
                    _ => self.overlay_gone(resource, key, uid),
                }
            }
            // Gone already, or another object has its name by now.
            Err(cause) if matches!(cause.reason.as_str(), "NotFound" | "Conflict") => {
                self.overlay_gone(resource, key, uid);
            }
            Err(cause) => return Err(cause),
        }
        Ok(())
    }

    /// Reads an object with an unconfirmed write back, and overlays it on the caches. False while that fails, too.
    pub async fn resolve(&self, write: &Unconfirmed) -> bool {
        let Unconfirmed { resource, key } = write;
        let Ok(api) = self.api(resource, key) else {
            // Nobody can write there any more, and nobody will see it either.
            return true;
        };
        match answered(api.get_opt(&key.name)).await {
            Ok(Some(object)) => self.overlay(resource, object),
            Ok(None) => {
                if let Some(known) = self.caches.get(resource, key) {
                    self.overlay_gone(resource, key, known.uid());
                }
            }
            Err(cause) => {
                return !matches!(
                    cause.class,
                    FailureClass::UnknownOutcome | FailureClass::Throttled
                );
            }
        }
        true
    }

    async fn patch_metadata(
        &self,
        home: &Resource,
        primary: &mut Object,
        patch: &Map<String, Value>,
    ) -> Result<(), Cause> {
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
        home: &Resource,
        primary: &mut Object,
        status: &Map<String, Value>,
    ) -> Result<(), Cause> {
        // Replacing the resourceVersion by the one that was decided upon makes another one a conflict, and `add`
        // replaces the whole status, whether there was one or not.
        let operations = json!([
            { "op": "replace", "path": "/metadata/resourceVersion", "value": primary.metadata.resource_version },
            { "op": "add", "path": "/status", "value": status },
        ]);
        let operations = serde_json::from_value(operations)
            .map_err(|error| Cause::because("Invalid", &error.to_string()))?;
        let patch: Patch<Value> = Patch::Json(operations);
        let (api, key) = (self.api(home, &primary.key())?, primary.key());
        let request = api.patch_status(&key.name, &PATCH, &patch);
        self.advance(home, primary, answered(request).await?);
        Ok(())
    }

    /// The next step of the plan is guarded by the resourceVersion that this one has made.
    fn advance(&self, home: &Resource, primary: &mut Object, patched: Object) {
        self.overlay(home, patched.clone());
        *primary = patched;
    }

    fn api(&self, resource: &Resource, key: &ObjectKey) -> Result<Api<Object>, Cause> {
        let context = context_name(&resource.context);
        let client: &Client = self.contexts.client(&resource.context).ok_or_else(|| {
            Cause::unknown(
                "Unreachable",
                format!("context {context} is not registered with this host"),
            )
        })?;
        let (api_resource, namespaced): (ApiResource, bool) =
            self.caches.api_resource(resource).ok_or_else(|| {
                Cause::unknown(
                    "Unreachable",
                    format!(
                        "{} is not served by context {context} so far as is known",
                        resource.gvk
                    ),
                )
            })?;
        match &key.namespace {
            Some(namespace) if namespaced => Ok(Api::namespaced_with(
                client.clone(),
                namespace,
                &api_resource,
            )),
            None if namespaced => Err(Cause::because(
                "Invalid",
                &format!("{} {key} names no namespace", resource.gvk),
            )),
            _ => Ok(Api::all_with(client.clone(), &api_resource)),
        }
    }

    fn overlay(&self, resource: &Resource, object: Object) {
        let changes = self.caches.wrote(resource, object);
        self.listener.changed(resource, changes);
    }

    fn overlay_gone(&self, resource: &Resource, key: &ObjectKey, uid: &str) {
        let changes = self.caches.wrote_gone(resource, key, uid);
        self.listener.changed(resource, changes);
    }
}

fn created_for(existing: &Object, primary: &Object) -> bool {
    let annotations = existing.metadata.annotations.as_ref();
    annotations
        .and_then(|annotations| annotations.get(CREATED_FOR))
        .is_some_and(|uid| uid == primary.uid())
        && existing.metadata.deletion_timestamp.is_none()
}

async fn answered<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Cause> {
    match tokio::time::timeout(WRITE_TIMEOUT, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(Cause::answered(
            status.code,
            &status.reason,
            &status.message,
        )),
        Ok(Err(error)) => Err(Cause::unknown(
            "Unreachable",
            format!("{:#}", anyhow::Error::new(error)),
        )),
        Err(_) => Err(Cause::unknown(
            "Timeout",
            format!("no answer within {} s", WRITE_TIMEOUT.as_secs()),
        )),
    }
}

fn failed(step: &Step, home: &Resource, primary: &Object, cause: &Cause) -> Failed {
    let of_primary = matches!(step, Step::PatchMetadata(_) | Step::SetStatus(_));
    if of_primary && matches!(cause.reason.as_str(), "Conflict" | "NotFound") {
        return Failed::Stale;
    }
    if cause.class != FailureClass::UnknownOutcome {
        return Failed::Refused;
    }
    let (resource, key) = match step {
        Step::Create { resource, key, .. } | Step::Delete { resource, key, .. } => {
            (resource.clone(), key.clone())
        }
        _ => (home.clone(), primary.key()),
    };
    Failed::Unanswered(Unconfirmed { resource, key })
}
