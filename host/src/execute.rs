//! Sends the engine's requests to API servers, and answers with what they reply. It decides nothing.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kube::api::{ApiResource, DeleteParams, Patch, Preconditions, PropagationPolicy};
use pilothouse_core::failures::{Cause, NOT_REGISTERED, NOT_SERVED};
use pilothouse_core::work::Request;
use pilothouse_core::{Object, ObjectKey, Resource};
use serde_json::Value;

use crate::answer::Failed;
use crate::api::{Api, within};
use crate::contexts::Contexts;
use crate::contract::context_name;
use crate::events::Recorder;

/// How long an API server may take for a write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);

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
                let (api, patch) = (self.api(resource, key)?, Patch::Merge(patch));
                let patched = answered(api.patch(&key.name, None, &patch)).await;
                patched.map(Some)
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
                let patched = answered(api.patch(&key.name, Some("status"), &patch)).await;
                patched.map(Some)
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
        answered(self.api(resource, key)?.create(object.to_string())).await
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
        answered(self.api(resource, key)?.delete(&key.name, &params)).await
    }

    async fn read(&self, resource: &Resource, key: &ObjectKey) -> Result<Option<Object>, Cause> {
        answered(self.api(resource, key)?.get(&key.name)).await
    }

    fn api(&self, resource: &Resource, key: &ObjectKey) -> Result<Api, Cause> {
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
                Ok(Api::new(client.clone(), &named, Some(namespace)))
            }
            None if is_namespaced => Err(Cause::because(
                "Invalid",
                &format!("{} {key} names no namespace", resource.gvk),
            )),
            _ => Ok(Api::new(client.clone(), &named, None)),
        }
    }
}

async fn answered<T>(request: impl Future<Output = Result<T, Failed>>) -> Result<T, Cause> {
    let answer = within(WRITE_TIMEOUT, request).await;
    answer.map_err(|failed| failed.cause)
}
