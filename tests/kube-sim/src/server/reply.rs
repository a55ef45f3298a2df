//! Answers on their way to the client: what comes in is what the cluster has to say, what goes out is an HTTP response.

use axum::body::Body;
use futures::stream;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use tower::BoxError;

use super::watch::Watch;
use crate::store::failure::Failure;

/// One answer.
pub(crate) struct Reply {
    pub code: u16,
    media_type: &'static str,
    body: Body,
}

impl Reply {
    pub fn json(code: u16, value: &Value) -> Self {
        Self {
            code,
            media_type: "application/json",
            body: value.to_string().into(),
        }
    }

    /// What the API server says where nothing is served.
    pub fn nothing_here() -> Self {
        Self {
            code: 404,
            media_type: "text/plain; charset=utf-8",
            body: "404 page not found\n".into(),
        }
    }

    pub fn failure(failure: &Failure) -> Self {
        Self::json(failure.code, &failure.to_value())
    }

    pub fn watch(watch: Watch) -> Self {
        let next = async |mut watch: Box<Watch>| {
            let lines = watch.next().await?;
            Some((lines, watch))
        };
        Self {
            code: 200,
            media_type: "application/json",
            body: Body::from_stream(stream::unfold(Box::new(watch), next)),
        }
    }

    pub fn into_response(self) -> Result<Response<Body>, BoxError> {
        let mut response = Response::new(self.body);
        *response.status_mut() = StatusCode::from_u16(self.code)?;
        let media_type = HeaderValue::from_static(self.media_type);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        Ok(response)
    }
}
