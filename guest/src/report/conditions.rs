//! The conditions: each says one thing in a status, reason and message, as the definition of a K8ssandraTask demands them.
//!
//! `lastTransitionTime` moves only with `status`. Conditions of other types stay, after ours.

use serde_json::{Value, json};

use super::messages::{self, INVALID_SPEC, Line};
use crate::decision::sequence::Step;
use crate::decision::waiting::Waiting;
use crate::decision::{Decision, Validity};
use crate::documents::json;
use crate::documents::status::{self, CANCELLED, FINISHED, Recorded, stalled};
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::datacenter::Datacenter;

/// The types that are ours, in the order in which they are written.
const ORDER: [&str; 5] = ["Running", "Failed", "Complete", "Invalid", "Stalled"];

/// Those that say how the CassandraTasks are.
const AGGREGATED: [&str; 3] = ["Running", "Failed", "Complete"];

/// The reasons of a False `Running` where something is waited for: the first of these that is so.
const RUNNING_REASONS: [&str; 12] = [
    stalled::CREATE_REFUSED,
    stalled::NAME_CONFLICT,
    stalled::NOT_PROGRESSING,
    stalled::NOT_PICKED_UP,
    stalled::CONTEXT_UNAVAILABLE,
    "ConflictingController",
    NOT_READY,
    // cass-operator never says Running of a restart or a refresh.
    "Started",
    "Terminating",
    "Created",
    "Scheduled",
    "NotComplete",
];

const NOT_READY: &str = "DatacenterNotReady";

/// The definition allows 32,768 characters; nobody reads that many.
const MAX_MESSAGE: usize = 4_096;

/// All conditions of a task that is at work, or has just finished.
pub fn conditions(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
    has_copies: bool,
) -> Value {
    let recorded = &observation.task.recorded;
    let is_recorded = |kind: &&str| recorded.condition(kind).is_some();
    let has_run = has_copies || AGGREGATED.iter().any(is_recorded);
    let mut conditions = Vec::new();
    // Where nothing ever ran, there is nothing to say but what is invalid (cluster-tasks, Invalid specification).
    if has_run || !matches!(decision.validity, Validity::Invalid(_)) {
        conditions.push(running(observation, decision, lines));
        conditions.push(failed(observation, decision));
        conditions.push(complete(observation));
    }
    conditions.extend(invalid(observation, decision));
    let datacenters = lines.iter().filter_map(|line| {
        let name = line.datacenter.name.as_str();
        Some((Some(name), line.waiting()?))
    });
    let task = decision.causes().map(|waiting| (None, waiting));
    let waiting = task.chain(datacenters);
    let has_creates = decision.creates().next().is_some();
    conditions.extend(stalled(observation, waiting, has_creates));
    merged(observation, &conditions)
}

/// The recorded conditions of a task whose status stays otherwise as it is, with `Stalled`; `None` if that was never set.
pub fn with_stalled<'w>(
    observation: &Observation<'_>,
    waiting: impl Iterator<Item = &'w Waiting>,
) -> Option<Value> {
    let stalled = stalled(observation, waiting.map(|it| (None, it)), false)?;
    Some(merged(observation, &[stalled]))
}

/// "Running: set to true if it is true for any CassandraTask".
fn running(observation: &Observation<'_>, decision: &Decision<'_>, lines: &[Line<'_>]) -> Value {
    let is_running = |it: &Datacenter| it.is_active() && it.progress.is_running;
    let is_true = !decision.is_finished && observation.datacenters.iter().any(is_running);
    let reason = match decision.causes().next() {
        _ if is_true => "Running",
        _ if decision.is_finished => FINISHED,
        Some(waiting) => waiting.code(),
        None => running_reason(lines),
    };
    let message = messages::running(observation, decision, lines);
    condition(observation, "Running", is_true, reason, &message)
}

fn running_reason(lines: &[Line<'_>]) -> &'static str {
    let unready = lines.iter().any(|line| line.unready.is_some());
    let codes = lines.iter().filter_map(|line| Some(line.waiting()?.code()));
    let codes: Vec<&str> = codes.chain(unready.then_some(NOT_READY)).collect();
    let mut reasons = RUNNING_REASONS.into_iter();
    reasons
        .find(|reason| codes.contains(reason))
        .unwrap_or("Waiting")
}

/// "Failed: set to true if it is true for any CassandraTask", or one is lost. It stays so.
fn failed(observation: &Observation<'_>, decision: &Decision<'_>) -> Value {
    if !observation.has_failed() {
        let message = "no datacenter has failed";
        return condition(observation, "Failed", false, "NoFailure", message);
    }
    let is_cancelled = observation.task.recorded.is_cancelled()
        || decision.targets.iter().any(|it| it.step == Step::Cancel);
    let reason = if is_cancelled {
        CANCELLED
    } else {
        "DatacenterFailed"
    };
    let message = messages::failures(observation, decision);
    condition(observation, "Failed", true, reason, &message)
}

fn complete(observation: &Observation<'_>) -> Value {
    let message = messages::complete(observation);
    let set = |is_true, reason| condition(observation, "Complete", is_true, reason, &message);
    if is_complete(observation) {
        set(true, "AllComplete")
    } else {
        set(false, "NotComplete")
    }
}

/// "Complete: set to true if all the CassandraTasks have started, and the condition is true for all of them." A task is not
/// complete while one of a former target is at work: a complete one is never looked at again, and its TTL deletes them all.
pub fn is_complete(observation: &Observation<'_>) -> bool {
    observation.targets.are_certain()
        && observation.targets().all(Datacenter::is_complete)
        && !observation.datacenters.iter().any(Datacenter::is_active)
}

/// `Invalid`. It is not set before there was reason to.
fn invalid(observation: &Observation<'_>, decision: &Decision<'_>) -> Option<Value> {
    let set = |is_true, reason, message: &str| {
        condition(observation, "Invalid", is_true, reason, message)
    };
    match &decision.validity {
        Validity::Invalid(problems) => Some(set(true, INVALID_SPEC, problems)),
        Validity::Valid => {
            observation.task.recorded.condition("Invalid")?;
            Some(set(false, "ValidSpec", "the specification is valid"))
        }
        Validity::Unknown => None,
    }
}

/// `Stalled`: that something needs somebody. It is not set before there was reason to.
fn stalled<'w>(
    observation: &Observation<'_>,
    waiting: impl Iterator<Item = (Option<&'w str>, &'w Waiting)>,
    has_creates: bool,
) -> Option<Value> {
    let recorded = &observation.task.recorded;
    let stalling = waiting.filter_map(|(datacenter, waiting)| {
        let (from, reason) = waiting.stalls()?;
        let is_due = from <= observation.now;
        is_due.then(|| (reason, sentence(observation, datacenter, waiting)))
    });
    let (reasons, sentences): (Vec<&str>, Vec<String>) = stalling.unzip();
    if let Some(reason) = reasons.first() {
        let message = sentences.join("; ");
        return Some(condition(observation, "Stalled", true, reason, &message));
    }
    recorded.condition("Stalled")?;
    // What was refused is only known not to be once it has succeeded: a host that was started anew knows of no failure.
    let refusals = [stalled::CREATE_REFUSED, stalled::RECORD_REFUSED];
    let is_refused = |reason: &str| refusals.contains(&reason);
    let is_retried = has_creates && recorded.true_reason("Stalled").is_some_and(is_refused);
    let message = "nothing needs attention";
    (!is_retried).then(|| condition(observation, "Stalled", false, "NotStalled", message))
}

/// What a datacenter, or the whole task, waits for, and what to do about it.
fn sentence(observation: &Observation<'_>, datacenter: Option<&str>, waiting: &Waiting) -> String {
    let name = datacenter.map_or(String::new(), |name| format!("{name} "));
    let advice = waiting.advice(observation, datacenter);
    let advice = advice.map_or(String::new(), |advice| format!("; {advice}"));
    format!("{name}{waiting}{advice}")
}

/// One condition, to be written now.
fn condition(
    observation: &Observation<'_>,
    kind: &str,
    is_true: bool,
    reason: &str,
    message: &str,
) -> Value {
    let status = if is_true { "True" } else { "False" };
    let recorded = &observation.task.recorded;
    let mut condition = json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": shortened(message),
        "lastTransitionTime": transition_time(recorded, kind, status, observation.now),
    });
    if let Some(generation) = observation.task.metadata.generation {
        condition["observedGeneration"] = json!(generation);
    }
    condition
}

/// When a condition got its status: now, unless it had it before.
fn transition_time(recorded: &Recorded, kind: &str, status: &str, now: Time) -> Value {
    let is_unchanged = |it: &&Value| it["status"] == status && json::transition(it).is_some();
    match recorded.condition(kind).filter(is_unchanged) {
        Some(condition) => condition["lastTransitionTime"].clone(),
        None => json!(now.to_string()),
    }
}

/// The recorded conditions, in which these take the place of those of their types.
fn merged(observation: &Observation<'_>, conditions: &[Value]) -> Value {
    let recorded = &observation.task.recorded;
    // Older versions of k8ssandra-operator left out what the definition demands.
    let now = json!(observation.now.to_string());
    let completed = |it: &Value| status::copied_condition(it, Some(&now));
    let ours = ORDER.iter().filter_map(|kind| {
        let set = conditions.iter().find(|it| it["type"] == *kind);
        set.cloned()
            .or_else(|| recorded.condition(kind).and_then(completed))
    });
    let known = json::items(&recorded.status()["conditions"]);
    let others = known.filter(|it| !ORDER.iter().any(|kind| it["type"] == *kind));
    ours.chain(others.filter_map(completed)).collect()
}

fn shortened(message: &str) -> String {
    let mut characters = message.chars();
    let start: String = characters.by_ref().take(MAX_MESSAGE).collect();
    match characters.next() {
        Some(_) => start + "…",
        None => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_time_that_is_none_is_replaced() {
        for (recorded, time) in [
            (json!("2022-12-15T19:43:35Z"), "2022-12-15T19:43:35Z"),
            (json!(3), "1970-01-01T00:00:00Z"),
        ] {
            let running =
                json!({"type": "Running", "status": "True", "lastTransitionTime": recorded});
            let recorded = Recorded::read(json!({"conditions": [running]}));
            assert_eq!(
                transition_time(&recorded, "Running", "True", Time::EPOCH),
                time
            );
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(5_000)).chars().count(), 4_097);
        assert_eq!(shortened("é"), "é");
    }
}
