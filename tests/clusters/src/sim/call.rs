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

/// A request.
pub(crate) struct Call {
    /// As it is written down.
    pub request: Request,
    pub path: Path,
    /// Whether the API knows such a method there.
    pub method_known: bool,
    pub query: Query,
    pub shape: Shape,
    /// Of the body, without parameters.
    pub media_type: String,
    pub body: Bytes,
    pub at: Timestamp,
}

impl Call {
    pub fn read(parts: &Parts, body: Bytes, at: Timestamp) -> Self {
        let text = |name: header::HeaderName| {
            let value = parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (path, query) = (
            Path::parse(parts.uri.path()),
            Query::parse(parts.uri.query().unwrap_or_default()),
        );
        let (target, verb) = match &path {
            Path::Resource(target) => (target.clone(), verb(&parts.method, target, &query)),
            Path::Other(_) => Default::default(),
        };
        let method_known =
            verb.is_some() || (matches!(path, Path::Other(_)) && parts.method == Method::GET);
        let named_in_body = || {
            (verb == Some(Verb::Create))
                .then(|| name_in(&body))
                .flatten()
        };
        let request = Request {
            at,
            user_agent: text(header::USER_AGENT),
            verb: verb.unwrap_or(Verb::Discover),
            group: target.group,
            resource: target.plural,
            subresource: target.subresource,
            namespace: target.namespace,
            name: target.name.or_else(named_in_body),
            carried_out: None,
            answered: None,
        };
        let media_type = text(header::CONTENT_TYPE);
        Self {
            request,
            path,
            method_known,
            shape: Shape::parse(&text(header::ACCEPT), query.get("includeObject")),
            query,
            media_type: media_type
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned(),
            body,
            at,
        }
    }
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
