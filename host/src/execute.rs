//! Sends the engine's requests to API servers, and answers with what they reply. It decides nothing.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kube::api::{
    Api, ApiResource, DeleteParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use pilothouse_core::failures::{Cause, NOT_REGISTERED, NOT_SERVED};
use pilothouse_core::work::Request;
use pilothouse_core::{Object, ObjectKey, Resource};
use serde_json::Value;

use crate::contexts::Contexts;
use crate::contract::context_name;
use crate::events::Recorder;
use crate::object::Wire;

/// How long an API server may take for a write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);

/// Nothing special: the guard is in the patch itself.
const PATCH: PatchParams = PatchParams {
    dry_run: false,
    force: false,
    field_manager: None,
    field_validation: None,
};

/// How API servers name the kinds that are watched, and whether these are namespaced.
#[derive(Default)]
pub struct Kinds(Mutex<HashMap<Resource, (ApiResource, bool)>>);

impl Kinds {
    /// An API server has named a kind.
    pub fn insert(&self, resource: &Resource, named: ApiResource, is_namespaced: bool) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(resource.clone(), (named, is_namespaced));
    }

    fn get(&self, resource: &Resource) -> Option<(ApiResource, bool)> {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.get(resource).cloned()
    }
}

/// Sends requests.
pub struct Executor {
    /// The clients.
    pub contexts: Contexts,
    /// How the kinds are named.
    pub kinds: std::sync::Arc<Kinds>,
    /// Records events.
    pub recorder: Recorder,
}

impl Executor {
    /// Sends a request. The reply is the object as it is afterwards, none if it is gone.
    pub async fn send(&self, request: &Request) -> Result<Option<Object>, Cause> {
        match request {
            Request::Create {
                resource,
                key,
                object,
            } => self.create(resource, key, object).await.map(Some),
            Request::Delete { resource, key, uid } => self.delete(resource, key, uid).await,
            Request::Read { resource, key } => self.read(resource, key).await,
            Request::Patch {
                resource,
                key,
                patch,
            } => {
                let patch = Patch::Merge(patch);
                let api = self.api(resource, key)?;
                let patched = answered(api.patch(&key.name, &PATCH, &patch)).await?;
                Ok(Some(patched.object))
            }
            Request::PatchStatus {
                resource,
                key,
                patch,
            } => {
                let operations = serde_json::from_value(patch.clone())
                    .map_err(|error| Cause::because("Invalid", &error.to_string()))?;
                let patch: Patch<Value> = Patch::Json(operations);
                let api = self.api(resource, key)?;
                let patched = answered(api.patch_status(&key.name, &PATCH, &patch)).await?;
                Ok(Some(patched.object))
            }
            Request::RecordEvent {
                controller,
                gvk,
                object,
                event,
            } => {
                self.recorder.record(controller, gvk, object, event);
                Ok(None)
            }
        }
    }

    async fn create(
        &self,
        resource: &Resource,
        key: &ObjectKey,
        object: &Value,
    ) -> Result<Object, Cause> {
        let object = Object::of(object.as_object().cloned().unwrap_or_default());
        let api = self.api(resource, key)?;
        let created = answered(api.create(&PostParams::default(), &object.into())).await?;
        Ok(created.object)
    }

    async fn delete(
        &self,
        resource: &Resource,
        key: &ObjectKey,
        uid: &str,
    ) -> Result<Option<Object>, Cause> {
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        let api = self.api(resource, key)?;
        let answer = answered(api.delete(&key.name, &params)).await?;
        Ok(answer.left().map(|left| left.object))
    }

    async fn read(&self, resource: &Resource, key: &ObjectKey) -> Result<Option<Object>, Cause> {
        let api = self.api(resource, key)?;
        let found = answered(api.get_opt(&key.name)).await?;
        Ok(found.map(|found| found.object))
    }

    fn api(&self, resource: &Resource, key: &ObjectKey) -> Result<Api<Wire>, Cause> {
        let context = context_name(&resource.context);
        let client = self.contexts.client(&resource.context).ok_or_else(|| {
            let message = format!("context {context} is not registered with this host");
            Cause::because(NOT_REGISTERED, &message)
        })?;
        let (named, is_namespaced) = self.kinds.get(resource).ok_or_else(|| {
            let gvk = &resource.gvk;
            let message = format!("{gvk} is not served by context {context} so far as is known");
            Cause::because(NOT_SERVED, &message)
        })?;
        match &key.namespace {
            Some(namespace) if is_namespaced => {
                Ok(Api::namespaced_with(client.clone(), namespace, &named))
            }
            None if is_namespaced => Err(Cause::because(
                "Invalid",
                &format!("{} {key} names no namespace", resource.gvk),
            )),
            _ => Ok(Api::all_with(client.clone(), &named)),
        }
    }
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
