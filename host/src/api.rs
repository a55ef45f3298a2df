//! Requests for the objects of one kind in one context: what kube's `Api` does, but objects stay text.
//!
//! So no object is nested too deep to be read, one that cannot be read does not hide the others, none is ever logged, and a
//! failure keeps the HTTP status and the Retry-After of the API server.

use std::borrow::Cow;
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
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::warn;

use crate::contract::Gvk;

/// The objects of one kind, in one namespace or in all.
pub struct Api {
    client: Client,
    requests: Requests,
}

/// Why there is no good answer.
#[derive(Debug)]
pub struct Failed {
    /// The HTTP status, if there was an answer.
    pub code: Option<u16>,
    /// How long the API server wants to be left alone.
    pub retry_after: Option<Duration>,
    /// What the answer says.
    pub cause: Cause,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    /// The resourceVersion of the list.
    pub version: String,
    /// What to ask for the next page with; none on the last one.
    pub more: Option<String>,
    /// The objects.
    pub objects: Vec<Object>,
}

/// What a watch tells.
#[derive(Debug)]
pub enum Event {
    /// An object was created or changed.
    Changed(Object),
    /// An object is gone: its last state.
    Gone(Object),
    /// Everything up to this resourceVersion was told.
    Bookmark(String),
}

impl Api {
    /// None is all namespaces, or a cluster-scoped kind.
    pub fn new(client: Client, named: &ApiResource, namespace: Option<&str>) -> Self {
        let requests = Requests::new(DynamicObject::url_path(named, namespace));
        Self { client, requests }
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
        let text = self.text(self.requests.delete(name, params)).await?;
        match read::<Kind<'_>>(&text)?.kind.as_deref() {
            Some("Status") => Ok(None),
            _ => read_object(&text).map(Some),
        }
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
        let text = self.text(self.requests.list(params)).await?;
        let list: List<'_> = read(&text)?;
        let items = list.items.unwrap_or_default();
        Ok(Page {
            version: list.metadata.resource_version.unwrap_or_default(),
            more: list.metadata.more.filter(|more| !more.is_empty()),
            objects: items.into_iter().filter_map(readable).collect(),
        })
    }

    /// What happens after a resourceVersion. The outer result is there as soon as the API server has begun to answer.
    pub async fn watch(
        &self,
        params: &WatchParams,
        version: &str,
    ) -> Result<impl Stream<Item = Result<Event, Failed>> + use<>, Failed> {
        let mut request = self.requests.watch(params, version).map_err(not_made)?;
        // Newer API servers compress each event by itself, which the client's decompression takes for one text.
        let identity = header::HeaderValue::from_static("identity");
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, identity);
        let body = self.send(request).await?.into_body().into_data_stream();
        let lines = body
            .map_err(std::io::Error::other)
            .into_async_read()
            .lines();
        let events = lines.filter_map(async |line| match line {
            Ok(line) => event(&line).transpose(),
            Err(error) => Some(Err(no_answer(error.into()))),
        });
        Ok(events)
    }

    async fn object<E: Into<Error>>(
        &self,
        request: Result<Request<Vec<u8>>, E>,
    ) -> Result<Object, Failed> {
        read_object(&self.text(request).await?)
    }

    async fn text<E: Into<Error>>(
        &self,
        request: Result<Request<Vec<u8>>, E>,
    ) -> Result<String, Failed> {
        let answer = self.send(request.map_err(not_made)?).await?;
        let body = answer.into_body().collect_bytes().await;
        let body = body.map_err(|error| no_answer(error.into()))?;
        String::from_utf8(body.into()).map_err(|_| Failed::foreign(None))
    }

    /// The answer, if it is a good one.
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, Failed> {
        let answer = self.client.send(request.map(Body::from)).await;
        let answer = answer.map_err(|error| no_answer(error.into()))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let code = answer.status().as_u16();
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|it| it.to_str().ok()?.parse().ok());
        let body = answer.into_body().collect().await.map(|it| it.to_bytes());
        let failed = match serde_json::from_slice::<Status>(&body.unwrap_or_default()) {
            Ok(status) if status.kind.as_deref() == Some("Status") => status.failed(code),
            _ => Failed::foreign(Some(code)),
        };
        Err(Failed {
            retry_after: retry_after.map(Duration::from_secs).or(failed.retry_after),
            ..failed
        })
    }
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

impl Failed {
    /// It is not known what the API server calls a kind.
    pub fn of_discovery(error: kube::Error, gvk: &Gvk) -> Self {
        let code = match &error {
            kube::Error::Api(status) => Some(status.code),
            kube::Error::Discovery(_) => Some(404),
            _ => None,
        };
        let error = Error::new(error);
        let message = match code {
            Some(404) => format!("the API server does not serve {gvk}; is its CRD installed?"),
            _ => format!("cannot ask the API server for {gvk}: {error:#}"),
        };
        Self {
            code,
            retry_after: None,
            cause: Cause::unknown("Unreachable", message),
        }
    }

    /// Somebody else than the API server has answered, whose words are not for people.
    fn foreign(code: Option<u16>) -> Self {
        let code_text = code.map_or(String::new(), |code| format!(" (HTTP {code})"));
        let message = format!("the reply is not of a Kubernetes API server{code_text}");
        Self {
            code,
            retry_after: None,
            cause: Cause::unknown("Unreachable", message),
        }
    }
}

/// The kind of an answer, whatever else is in it.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
}

/// A Status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    kind: Option<String>,
    code: Option<u16>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    details: Option<Details>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u64>,
}

impl Status {
    fn failed(self, code: u16) -> Failed {
        let retry_after = self.details.and_then(|it| it.retry_after_seconds);
        Failed {
            code: Some(code),
            retry_after: retry_after.map(Duration::from_secs),
            cause: Cause::answered(code, &self.reason, &self.message),
        }
    }
}

#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMeta,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    more: Option<String>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// What a line of a watch tells, if it is for us.
fn event(line: &str) -> Result<Option<Event>, Failed> {
    let line: Line<'_> = read(line)?;
    let text = line.object.get();
    match &*line.kind {
        "ADDED" | "MODIFIED" => Ok(readable(line.object).map(Event::Changed)),
        "DELETED" => Ok(readable(line.object).map(Event::Gone)),
        "BOOKMARK" => Ok(Some(Event::Bookmark(read_object(text)?.resource_version))),
        _ => {
            let status: Status = read(text)?;
            let code = status.code.unwrap_or(500);
            Err(status.failed(code))
        }
    }
}

/// An object among others: one that is none is left out.
fn readable(raw: &RawValue) -> Option<Object> {
    let object = Object::parse(raw.get())
        .ok()
        .filter(|it| !it.key.name.is_empty());
    if object.is_none() {
        warn!("an API server has answered with something that is no object: left out");
    }
    object
}

fn read_object(text: &str) -> Result<Object, Failed> {
    Object::parse(text).map_err(|_| Failed::foreign(None))
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Failed> {
    serde_json::from_str(text).map_err(|_| Failed::foreign(None))
}

fn no_answer(error: Error) -> Failed {
    Failed {
        code: None,
        retry_after: None,
        cause: Cause::unknown("Unreachable", format!("{error:#}")),
    }
}

/// A request that the client could not even build: nothing was sent.
fn not_made(error: impl Into<Error>) -> Failed {
    Failed {
        code: None,
        retry_after: None,
        cause: Cause::because("Invalid", &format!("{:#}", error.into())),
    }
}
