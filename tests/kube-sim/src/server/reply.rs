//! Answers on their way to the client: what comes in is what the cluster has to say, what goes out is an HTTP response.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use tower::BoxError;

use super::watch::Watch;
use crate::store::failure::Failure;

/// The body of every response.
pub(crate) type ResponseBody = Body;

/// One answer.
pub(crate) struct Reply {
    pub code: u16,
    content: Content,
    warnings: Vec<String>,
}

enum Content {
    Json(Bytes),
    Text(&'static str),
    /// Bytes of this media type.
    Other(&'static str, &'static [u8]),
    Watch(Box<Watch>),
}

impl Reply {
    pub fn json(code: u16, text: Bytes) -> Self {
        Self {
            code,
            content: Content::Json(text),
            warnings: Vec::new(),
        }
    }

    pub fn value(value: &Value) -> Self {
        Self::json(200, value.to_string().into())
    }

    pub fn text(code: u16, text: &'static str) -> Self {
        Self {
            code,
            content: Content::Text(text),
            warnings: Vec::new(),
        }
    }

    /// Anything else.
    pub fn other(media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            code: 200,
            content: Content::Other(media_type, bytes),
            warnings: Vec::new(),
        }
    }

    /// What the API server says where nothing is served.
    pub fn nothing_here() -> Self {
        Self::text(404, "404 page not found\n")
    }

    pub fn failure(failure: &Failure) -> Self {
        Self::json(failure.code, failure.to_value().to_string().into())
    }

    pub fn watch(watch: Watch) -> Self {
        Self {
            code: 200,
            content: Content::Watch(Box::new(watch)),
            warnings: Vec::new(),
        }
    }

    /// Adds what kubectl prints as `Warning: …`.
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    pub fn into_response(self) -> Result<Response<ResponseBody>, BoxError> {
        let (media_type, body) = match self.content {
            Content::Json(text) => ("application/json", Body::from(text)),
            Content::Text(text) => ("text/plain; charset=utf-8", Body::from(text)),
            Content::Other(media_type, bytes) => (media_type, Body::from(bytes)),
            Content::Watch(watch) => (
                "application/json",
                Body::from_stream(stream::unfold(watch, next)),
            ),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.code)?;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        for warning in self.warnings {
            headers.append(
                header::WARNING,
                HeaderValue::try_from(format!("299 - {warning:?}"))?,
            );
        }
        Ok(response)
    }
}

async fn next(mut watch: Box<Watch>) -> Option<(Result<Bytes, BoxError>, Box<Watch>)> {
    let lines = watch.next().await?;
    Some((lines, watch))
}
