//! Requests for the objects of one kind in one context: what kube's `Api` does, but objects stay text.
//!
//! So no object is nested too deep to be read, one that cannot be read does not hide the others, none is logged, and a failure keeps the
//! HTTP status and the Retry-After of the answer.

use std::future::Future;
use std::time::Duration;

use anyhow::Error;
use futures::{AsyncBufReadExt as _, Stream, StreamExt as _, TryStreamExt as _};
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GetParams, ListParams, Patch, PatchParams,
    PostParams, Request as Requests, Resource as _, WatchParams,
};
use kube::client::Body;
use pilothouse_core::Object;
use pilothouse_core::failures::Cause;
use serde::Serialize;

use crate::answer::{self, Event, Failed, Page};
use crate::contract::Gvk;

/// The objects of one kind, in one namespace or in all.
pub struct Api {
    client: Client,
    requests: Requests,
}

impl Api {
    /// None is all namespaces, or a cluster-scoped kind.
    pub fn new(client: Client, named: &ApiResource, namespace: Option<&str>) -> Self {
        let requests = Requests::new(DynamicObject::url_path(named, namespace));
        Self { client, requests }
    }

    /// Asks the API server what it calls a kind, and whether that is namespaced.
    pub async fn discover(client: &Client, gvk: &Gvk) -> Result<(ApiResource, bool), Failed> {
        let version = gvk.api_version();
        let root = if gvk.group.is_empty() { "api" } else { "apis" };
        let request = Request::get(format!("/{root}/{version}")).body(Vec::new());
        let named = match text(client, request).await {
            Ok(text) => answer::named(&text, gvk),
            Err(failed) => Err(failed),
        };
        named.map_err(|failed| failed.of_discovery(gvk))
    }

    /// An object; none if it does not exist.
    pub async fn get(&self, name: &str) -> Result<Option<Object>, Failed> {
        let request = self.requests.get(name, &GetParams::default());
        match self.object(request).await {
            Err(failed) if failed.cause.reason == "NotFound" => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Creates an object of its JSON.
    pub async fn create(&self, object: String) -> Result<Object, Failed> {
        let request = self.requests.create(&PostParams::default(), object.into());
        self.object(request).await
    }

    /// Deletes an object. The answer is the object, if something keeps it.
    pub async fn delete(
        &self,
        name: &str,
        params: &DeleteParams,
    ) -> Result<Option<Object>, Failed> {
        let text = text(&self.client, self.requests.delete(name, params)).await?;
        answer::left(&text)
    }

    /// Patches an object, or one of its subresources. The guard is in the patch itself.
    pub async fn patch<P: Serialize + std::fmt::Debug>(
        &self,
        name: &str,
        subresource: Option<&str>,
        patch: &Patch<P>,
    ) -> Result<Object, Failed> {
        let params = PatchParams::default();
        let request = match subresource {
            Some(subresource) => self
                .requests
                .patch_subresource(subresource, name, &params, patch),
            None => self.requests.patch(name, &params, patch),
        };
        self.object(request).await
    }

    /// One page of the list of all objects.
    pub async fn list(&self, params: &ListParams) -> Result<Page, Failed> {
        let text = text(&self.client, self.requests.list(params)).await?;
        answer::page(&text)
    }

    /// What happens after a resourceVersion. The outer result is there as soon as the API server has begun to answer.
    pub async fn watch(
        &self,
        params: &WatchParams,
        version: &str,
    ) -> Result<impl Stream<Item = Result<Event, Failed>> + use<>, Failed> {
        let mut request = self
            .requests
            .watch(params, version)
            .map_err(Failed::not_sent)?;
        // Newer API servers compress each event by itself, which the client's decompression takes for one text.
        let identity = header::HeaderValue::from_static("identity");
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, identity);
        let body = send(&self.client, request)
            .await?
            .into_body()
            .into_data_stream();
        let lines = body
            .map_err(std::io::Error::other)
            .into_async_read()
            .lines();
        let events = lines.filter_map(async |line| match line {
            Ok(line) => answer::event(&line).transpose(),
            Err(error) => Some(Err(Failed::no_answer(error))),
        });
        Ok(events)
    }

    async fn object<E: Into<Error>>(
        &self,
        request: Result<Request<Vec<u8>>, E>,
    ) -> Result<Object, Failed> {
        answer::object(&text(&self.client, request).await?)
    }
}

async fn text<E: Into<Error>>(
    client: &Client,
    request: Result<Request<Vec<u8>>, E>,
) -> Result<String, Failed> {
    let answer = send(client, request.map_err(Failed::not_sent)?).await?;
    let body = answer.into_body().collect_bytes().await;
    let body = body.map_err(Failed::no_answer)?;
    String::from_utf8(body.into()).map_err(|_| Failed::foreign(None))
}

/// The answer, if it is a good one.
async fn send(client: &Client, request: Request<Vec<u8>>) -> Result<Response<Body>, Failed> {
    let answer = client.send(request.map(Body::from)).await;
    let answer = answer.map_err(Failed::of_client)?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let code = answer.status().as_u16();
    let retry_after = answer.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|it| it.to_str().ok()?.parse().ok());
    let body = answer.into_body().collect().await.map(|it| it.to_bytes());
    let failed = Failed::answered(code, &body.unwrap_or_default());
    Err(Failed {
        retry_after: retry_after.map(Duration::from_secs).or(failed.retry_after),
        ..failed
    })
}

/// Waits so long for an answer.
pub async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let timed_out = |_| Failed {
        code: None,
        retry_after: None,
        cause: Cause::unknown("Timeout", format!("no answer within {} s", limit.as_secs())),
    };
    tokio::time::timeout(limit, answer)
        .await
        .map_err(timed_out)?
}
