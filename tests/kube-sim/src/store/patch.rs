//! Patches. What comes in is a patch and the object as its client sees it, what goes out is the patched object, still
//! unchecked. Whether the result may be kept is decided where whole objects are replaced.

use serde_json::Value;

use super::{failure::Failure, kind::Kind};

/// A patch, by its media type.
#[derive(Clone, Debug)]
pub enum Patch {
    /// RFC 7396.
    Merge(Value),
    /// RFC 6902.
    Json(json_patch::Patch),
}

impl Patch {
    /// Reads a patch of an object of `kind`.
    pub(crate) fn parse(kind: &Kind, media_type: &str, body: &[u8]) -> Result<Self, Failure> {
        let read = match media_type {
            "application/merge-patch+json" => serde_json::from_slice(body).map(Self::Merge),
            "application/json-patch+json" => serde_json::from_slice(body).map(Self::Json),
            "application/apply-patch+yaml" => {
                return Err(Failure::not_simulated("server-side apply"));
            }
            "application/strategic-merge-patch+json" if !kind.custom => {
                return Err(Failure::not_simulated("a strategic merge patch"));
            }
            _ => {
                return Err(Failure::unsupported_media_type(
                    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                ));
            }
        };
        read.map_err(|why| Failure::bad_request(format!("error decoding patch: {why}")))
    }

    /// Changes `object` by it.
    pub(crate) fn apply(&self, object: &mut Value) -> Result<(), Failure> {
        match self {
            Self::Merge(patch) => json_patch::merge(object, patch),
            // A failed `test` and a path to nowhere are the same to the API server.
            Self::Json(patch) => {
                json_patch::patch(object, patch).map_err(|_| Failure::unprocessable())?
            }
        }
        Ok(())
    }
}
