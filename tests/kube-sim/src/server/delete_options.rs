//! What a deletion asks for besides: comes in the body of the request, goes out the one condition that is simulated.

use serde::Deserialize;

use crate::store::Failure;

/// Kubernetes' `DeleteOptions`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeleteOptions {
    preconditions: Preconditions,
    propagation_policy: Option<String>,
    orphan_dependents: Option<bool>,
    dry_run: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl DeleteOptions {
    /// From a body, which may be empty.
    pub fn read(body: &[u8]) -> Result<Self, Failure> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(body)
            .map_err(|why| Failure::bad_request(format!("error decoding delete options: {why}")))
    }

    /// The uid that the object must have. What else is asked for is refused.
    pub fn uid(self) -> Result<Option<String>, Failure> {
        let policy = self.propagation_policy.as_deref();
        let unheard_of = [
            (
                !matches!(policy, None | Some("Background")),
                "propagationPolicy",
            ),
            (self.orphan_dependents.is_some(), "orphanDependents"),
            (!self.dry_run.is_empty(), "dryRun"),
            (
                self.preconditions.resource_version.is_some(),
                "preconditions.resourceVersion",
            ),
        ];
        match unheard_of
            .into_iter()
            .find(|(is_asked_for, _)| *is_asked_for)
        {
            Some((_, option)) => Err(Failure::not_simulated(format!("deletions with {option}"))),
            None => Ok(self.preconditions.uid),
        }
    }
}
