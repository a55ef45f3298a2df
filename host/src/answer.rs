//! What API servers answer: a text in, an object, a page of a list, an event of a watch or a failure out. Objects stay text.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::Error;
use kube::api::ApiResource;
use kube::core::GroupVersionKind;
use pilothouse_core::Object;
use pilothouse_core::failures::{Cause, NOT_CONNECTED};
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::warn;

use crate::contexts::NotConnected;
use crate::contract::{FailureClass, Gvk};

/// The reason of a request without an answer of an API server.
const UNREACHABLE: &str = "Unreachable";
/// What an API server says, without a Status, where it serves nothing.
const NOTHING_HERE: &[u8] = b"404 page not found";

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

impl Failed {
    /// It is not known what the API server calls a kind.
    pub fn of_discovery(mut self, gvk: &Gvk) -> Self {
        let Cause {
            reason, message, ..
        } = &mut self.cause;
        *message = match (self.code, reason.as_str()) {
            (_, NOT_CONNECTED) => return self,
            (Some(404), reason) if reason != UNREACHABLE => {
                format!("the API server does not serve {gvk}; is its CRD installed?")
            }
            _ => format!("cannot ask the API server for {gvk}: {message}"),
        };
        self
    }

    /// An answer that is no good one: its HTTP status and its body.
    pub fn answered(code: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<Status>(body) {
            Ok(status) if status.kind.as_deref() == Some("Status") => status.failed(code),
            _ if body.trim_ascii() == NOTHING_HERE => Self::nothing_here(),
            _ => Self::foreign(Some(code)),
        }
    }

    /// There was no answer; where there is not even a client for the context, nothing was sent.
    pub fn of_client(error: kube::Error) -> Self {
        match not_connected(&error) {
            Some(why) => Self::not_connected(why),
            None => Self::no_answer(error),
        }
    }

    fn not_connected(why: &NotConnected) -> Self {
        Self {
            code: None,
            retry_after: None,
            // It can be sent later.
            cause: Cause {
                class: FailureClass::Throttled,
                reason: NOT_CONNECTED.to_owned(),
                message: why.to_string(),
            },
        }
    }

    /// There was no answer, or not all of it.
    pub fn no_answer(error: impl Into<Error>) -> Self {
        Self {
            code: None,
            retry_after: None,
            cause: Cause::unknown(UNREACHABLE, format!("{:#}", error.into())),
        }
    }

    /// The client could not even build the request: nothing was sent.
    pub fn not_sent(error: impl Into<Error>) -> Self {
        Self {
            code: None,
            retry_after: None,
            cause: Cause::because("Invalid", &format!("{:#}", error.into())),
        }
    }

    /// The API server serves nothing under a path: nothing is known of the objects that may once have been there.
    fn nothing_here() -> Self {
        Self {
            code: Some(404),
            retry_after: None,
            cause: Cause::unknown("HTTP404", "the API server does not know this path"),
        }
    }

    /// Whether there is no answer of the API server itself.
    pub fn is_unreachable(&self) -> bool {
        self.cause.reason == UNREACHABLE
    }

    /// Somebody else than the API server has answered, whose words are not for people.
    pub fn foreign(code: Option<u16>) -> Self {
        let code_text = code.map_or(String::new(), |code| format!(" (HTTP {code})"));
        let message = format!("the reply is not of a Kubernetes API server{code_text}");
        Self {
            code,
            retry_after: None,
            cause: Cause::unknown(UNREACHABLE, message),
        }
    }
}

fn not_connected(error: &kube::Error) -> Option<&NotConnected> {
    match error {
        kube::Error::Service(error) => error.downcast_ref(),
        _ => None,
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

/// The kinds of a group and version.
#[derive(Deserialize)]
struct Kinds {
    resources: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    kind: String,
    namespaced: bool,
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

/// How a kind is named among those of its group and version, and whether it is namespaced.
pub fn named(text: &str, gvk: &Gvk) -> Result<(ApiResource, bool), Failed> {
    let kinds = read::<Kinds>(text)?.resources.into_iter();
    // Subresources are named with a slash.
    let mut named = kinds.filter(|it| it.kind == gvk.kind && !it.name.contains('/'));
    let Named {
        name, namespaced, ..
    } = named.next().ok_or_else(Failed::nothing_here)?;
    let gvk = GroupVersionKind::gvk(&gvk.group, &gvk.version, &gvk.kind);
    let named = ApiResource::from_gvk_with_plural(&gvk, &name);
    Ok((named, namespaced))
}

/// What a line of a watch tells; none of an object that cannot be read.
pub fn event(line: &str) -> Result<Option<Event>, Failed> {
    let line: Line<'_> = read(line)?;
    let text = line.object.get();
    match &*line.kind {
        "ADDED" | "MODIFIED" => Ok(readable(line.object).map(Event::Changed)),
        "DELETED" => Ok(readable(line.object).map(Event::Gone)),
        "BOOKMARK" => Ok(Some(Event::Bookmark(object(text)?.resource_version))),
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

/// One page of a list.
pub fn page(text: &str) -> Result<Page, Failed> {
    let list: List<'_> = read(text)?;
    let items = list.items.unwrap_or_default();
    Ok(Page {
        version: list.metadata.resource_version.unwrap_or_default(),
        more: list.metadata.more.filter(|more| !more.is_empty()),
        objects: items.into_iter().filter_map(readable).collect(),
    })
}

/// What a deletion has left: the object, where something keeps it.
pub fn left(text: &str) -> Result<Option<Object>, Failed> {
    match read::<Kind<'_>>(text)?.kind.as_deref() {
        Some("Status") => Ok(None),
        _ => object(text).map(Some),
    }
}

/// An object.
pub fn object(text: &str) -> Result<Object, Failed> {
    Object::parse(text).map_err(|_| Failed::foreign(None))
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Failed> {
    serde_json::from_str(text).map_err(|_| Failed::foreign(None))
}
