//! Why a plan does what it does, or nothing: what is waited for, as the contract has it.

use super::messages::Line;
use super::status::INVALID_SPEC;
use crate::contract::{Failure, FailureClass, ObjectRef, Operation, Reason};
use crate::decision::standing::Standing;
use crate::decision::waiting::{Refusal, Waiting};
use crate::decision::{Decision, Validity};
use crate::documents::names;
use crate::observation::Observation;
use crate::observation::targets::Place;

/// What is waited for: by the whole task, then by each datacenter; and what has failed in passing.
pub fn reasons(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> Vec<Reason> {
    let datacenters = lines.iter().filter_map(|line| match &line.standing {
        Standing::Waiting(waiting) => Some(Reason {
            about: line.datacenter.place.as_ref().map(Place::reference),
            code: waiting.code().to_owned(),
            message: format!("{} {waiting}", line.datacenter.name),
            since: waiting.since().map(|since| since.millis()),
        }),
        _ => None,
    });
    let invalid = match &decision.validity {
        Validity::Invalid(problems) => Some(note(INVALID_SPEC, problems.clone())),
        _ => None,
    };
    let task = decision
        .waiting
        .iter()
        .chain(&decision.refused)
        .map(of_task);
    invalid
        .into_iter()
        .chain(task)
        .chain(datacenters)
        .chain(failures(observation))
        .collect()
}

/// What has failed and is not reported otherwise: it passes by itself, or there is no status to report it in.
pub fn failures<'a>(observation: &'a Observation<'_>) -> impl Iterator<Item = Reason> + 'a {
    let is_reported = |failure: &Failure| {
        failure.object.gvk == names::cassandra_task()
            && matches!(failure.class, FailureClass::Refused | FailureClass::Denied)
    };
    observation
        .failures
        .iter()
        .filter(move |failure| !is_reported(failure))
        .map(|failure| {
            let verb = match failure.operation {
                Operation::Create => "create",
                Operation::Delete => "delete",
                Operation::PatchMetadata => "patch the metadata of",
                Operation::SetStatus => "set the status of",
            };
            let ObjectRef {
                gvk,
                namespace,
                name,
                ..
            } = &failure.object;
            let namespace = namespace.as_deref().unwrap_or_default();
            let refusal = Refusal::of(failure);
            Reason {
                about: Some(failure.object.clone()),
                code: failure.reason.clone(),
                message: format!(
                    "failed to {verb} {} {namespace}.{name}: {refusal}",
                    gvk.kind
                ),
                since: Some(failure.first),
            }
        })
}

/// What the whole task waits for.
pub fn of_task(waiting: &Waiting) -> Reason {
    Reason {
        about: None,
        code: waiting.code().to_owned(),
        message: waiting.to_string(),
        since: waiting.since().map(|since| since.millis()),
    }
}

/// Something that is said of the task itself.
pub fn note(code: &str, message: String) -> Reason {
    Reason {
        about: None,
        code: code.to_owned(),
        message,
        since: None,
    }
}
