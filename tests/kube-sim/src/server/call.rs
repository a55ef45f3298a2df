//! One HTTP request, read: what comes in are its head and body, what goes out is what it asks for, in Kubernetes'
//! terms. Whether that can be had is decided elsewhere.

use bytes::Bytes;
use http::{Method, header, request::Parts};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    log::{Request, Verb},
    path::{Path, Query, verb},
    view::Shape,
};
use crate::store::Failure;

/// A request.
pub(crate) struct Call {
    /// As it is written down.
    pub request: Request,
    pub path: Path,
    /// Whether the API knows such a method there.
    pub method_known: bool,
    pub query: Query,
    pub shape: Result<Shape, Failure>,
    /// Of the body, without parameters.
    pub media_type: String,
    pub body: Bytes,
    pub at: Timestamp,
}

impl Call {
    pub fn read(parts: &Parts, body: Bytes, at: Timestamp) -> Self {
        let path = Path::parse(parts.uri.path());
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let (target, verb) = match &path {
            Path::Resource(target) => (target.clone(), verb(&parts.method, target, &query)),
            Path::Other(_) => Default::default(),
        };
        let other = matches!(path, Path::Other(_)) && parts.method == Method::GET;
        let name_in_body = if verb == Some(Verb::Create) {
            name_in(&body)
        } else {
            None
        };
        let request = Request {
            at,
            user_agent: text(parts, header::USER_AGENT).to_owned(),
            verb: verb.unwrap_or(Verb::Discover),
            group: target.group,
            resource: target.plural,
            subresource: target.subresource,
            namespace: target.namespace,
            name: target.name.or(name_in_body),
            carried_out: None,
            answered: None,
        };
        let media_type = text(parts, header::CONTENT_TYPE)
            .split(';')
            .next()
            .unwrap_or_default();
        Self {
            request,
            method_known: verb.is_some() || other,
            shape: Shape::parse(text(parts, header::ACCEPT)),
            media_type: media_type.trim().to_owned(),
            path,
            query,
            body,
            at,
        }
    }
}

/// A header; empty where there is none.
fn text(parts: &Parts, name: header::HeaderName) -> &str {
    parts
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The name of the object in the body of a creation.
fn name_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        name: Option<String>,
    }
    serde_json::from_slice::<Named>(body).ok()?.metadata.name
}
