//! The aggregated status: an observation and a decision in, the whole status out (cluster-tasks, Monitoring).
//!
//! It is built on the recorded one, so that what is not ours stays, and the laws hold: startTime never moves later, the record of
//! a datacenter is never dropped, and the same observation gives the same status, so that nothing is written when nothing
//! changed.

use serde_json::{Map, Value, json};

use super::conditions::{self, AGGREGATED, Condition, Stamp};
use super::messages::{self, Line};
use crate::decision::sequence::{Step, Target};
use crate::decision::standing::Standing;
use crate::decision::waiting::Waiting;
use crate::decision::{Decision, Validity};
use crate::documents::cassandra_task::{COUNTS, DELETED, has_content};
use crate::documents::status::{CANCELLED, FINISHED, Recorded, stalled};
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};

/// The reason of a True `Invalid`, and of its event.
pub const INVALID_SPEC: &str = "InvalidSpec";

/// The whole status.
pub fn status(observation: &Observation<'_>, decision: &Decision<'_>) -> Recorded {
    let recorded = &observation.task.recorded;
    let lines = messages::lines(observation, decision);
    let copies = copies(observation, decision);
    let mut fields = recorded.fields_without(&["conditions", "datacenters"]);
    let is_complete = is_complete(observation);
    let is_bare = copies.is_empty()
        && !AGGREGATED
            .iter()
            .any(|kind| recorded.condition(kind).is_some());
    let mut conditions = Vec::new();
    // Where nothing ever ran, there is nothing to say but what is invalid (cluster-tasks, Invalid specification).
    if !(is_bare && matches!(decision.validity, Validity::Invalid(_))) {
        conditions.push(running(observation, decision, &lines));
        conditions.push(failed(observation, decision));
        conditions.push(complete(observation, is_complete));
    }
    conditions.extend(
        invalid(decision).filter(|it| it.is_true || recorded.condition("Invalid").is_some()),
    );
    let waiting = lines
        .iter()
        .filter_map(|line| Some((Some(line), waiting(line)?)));
    let of_task = decision.waiting.iter().chain(&decision.refused);
    let waiting = of_task.map(|waiting| (None, waiting)).chain(waiting);
    conditions.extend(stalled(
        observation,
        waiting,
        decision.creates().next().is_some(),
    ));
    fields.insert(
        "conditions".into(),
        conditions::merged(recorded, &stamp(observation), &conditions),
    );
    times(observation, is_complete, &mut fields);
    if !copies.is_empty() {
        counts(observation, &mut fields);
        fields.insert("datacenters".into(), Value::Object(copies));
    }
    Recorded::read(Value::Object(fields))
}

/// The status of a task that has finished, or is being deleted: as it is, but for `Stalled`.
pub fn stalled_only<'w>(
    observation: &Observation<'_>,
    waiting: impl Iterator<Item = &'w Waiting>,
) -> Recorded {
    let recorded = &observation.task.recorded;
    let conditions: Vec<Condition> = stalled(observation, waiting.map(|it| (None, it)), false)
        .into_iter()
        .collect();
    if conditions.is_empty() {
        return recorded.clone();
    }
    let mut fields = recorded.fields_without(&["conditions"]);
    fields.insert(
        "conditions".into(),
        conditions::merged(recorded, &stamp(observation), &conditions),
    );
    Recorded::read(Value::Object(fields))
}

fn stamp(observation: &Observation<'_>) -> Stamp {
    Stamp {
        now: observation.now,
        generation: observation.task.metadata.generation,
    }
}

fn waiting<'l>(line: &'l Line<'_>) -> Option<&'l Waiting> {
    match &line.standing {
        Standing::Waiting(waiting) => Some(waiting),
        _ => None,
    }
}

/// `datacenters`: the copy of each CassandraTask's status; an empty one for those that are about to be created, and none for
/// those whose create was refused.
fn copies(observation: &Observation<'_>, decision: &Decision<'_>) -> Map<String, Value> {
    let refused = decision.refused();
    let known = observation.datacenters.iter().filter_map(|datacenter| {
        let copy = copy(observation, datacenter)?;
        let is_refused = !has_content(&copy) && refused.contains(datacenter.name.as_str());
        (!is_refused).then(|| (datacenter.name.clone(), copy))
    });
    // Where the record is refused, nothing is created by this plan.
    let created = decision
        .creates()
        .filter(|_| decision.refused.is_none())
        .map(|Target { datacenter, .. }| (datacenter.name.clone(), json!({})));
    known.chain(created).collect()
}

/// The copy of a datacenter's CassandraTask; that of one that is lost says so, so that it stays lost.
fn copy(observation: &Observation<'_>, datacenter: &Datacenter) -> Option<Value> {
    let mut copy = datacenter.copy.clone()?;
    if datacenter.state != State::Lost || datacenter.progress.is_lost {
        return Some(copy);
    }
    let failed = json!({
        "type": "Failed",
        "status": "True",
        "reason": DELETED,
        "message": messages::lost(datacenter),
        "lastTransitionTime": observation.now.to_string(),
    });
    let conditions = copy["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["type"] != "Failed")
        .cloned();
    copy["conditions"] = conditions.chain([failed]).collect();
    Some(copy)
}

/// `startTime`, the earliest, and `completionTime`, the latest once all have completed.
fn times(observation: &Observation<'_>, is_complete: bool, fields: &mut Map<String, Value>) {
    let starts = observation
        .datacenters
        .iter()
        .filter_map(|datacenter| datacenter.progress.start);
    let start = starts.chain(observation.task.recorded.start()).min();
    let ends = observation
        .targets()
        .filter_map(|target| target.progress.end);
    let completion = is_complete.then(|| ends.max()).flatten();
    for (name, time) in [("startTime", start), ("completionTime", completion)] {
        match time {
            Some(time) => fields.insert(name.into(), json!(time.to_string())),
            None => fields.remove(name),
        };
    }
}

/// `active`, `succeeded` and `failed`: the sums; `active` only of CassandraTasks that exist.
fn counts(observation: &Observation<'_>, fields: &mut Map<String, Value>) {
    let exists = |datacenter: &Datacenter| {
        datacenter.state != State::Lost
            && !matches!(
                datacenter.found,
                Found::Absent | Found::Abandoned(_) | Found::Foreign(_)
            )
    };
    for (at, name) in COUNTS.into_iter().enumerate() {
        let counted = observation
            .datacenters
            .iter()
            .filter(|it| name != "active" || exists(it));
        let counts = counted.filter_map(|datacenter| datacenter.progress.counts.get(at));
        let sum = counts.fold(0_i64, |sum, count| sum.saturating_add(*count));
        fields.insert(name.into(), json!(sum));
    }
}

/// "Complete: set to true if all the CassandraTasks have started, and the condition is true for all of them." A task is not
/// complete while one of a former target is at work: a complete one is never looked at again, and its TTL deletes them all.
fn is_complete(observation: &Observation<'_>) -> bool {
    observation.targets.are_certain()
        && observation.targets().all(Datacenter::is_complete)
        && !observation.datacenters.iter().any(Datacenter::is_active)
}

/// "Running: set to true if it is true for any CassandraTask".
fn running(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> Condition {
    let is_running =
        |datacenter: &Datacenter| datacenter.is_active() && datacenter.progress.is_running;
    let is_true = !decision.is_finished && observation.datacenters.iter().any(is_running);
    let reason = if is_true {
        "Running"
    } else {
        running_reason(decision, lines)
    };
    Condition {
        kind: "Running",
        is_true,
        reason,
        message: messages::running(observation, decision, lines),
    }
}

/// Why nothing runs: the first of these that is so.
fn running_reason(decision: &Decision<'_>, lines: &[Line<'_>]) -> &'static str {
    if decision.is_finished {
        return FINISHED;
    }
    if let Some(waiting) = decision.waiting.as_ref().or(decision.refused.as_ref()) {
        return waiting.code();
    }
    let codes: Vec<&str> = lines
        .iter()
        .filter_map(waiting)
        .map(Waiting::code)
        .collect();
    let first = |reasons: &[&'static str]| {
        reasons
            .iter()
            .copied()
            .find(|reason| codes.contains(reason))
    };
    let troubles = [
        stalled::CREATE_REFUSED,
        stalled::NAME_CONFLICT,
        stalled::NOT_PROGRESSING,
        stalled::NOT_PICKED_UP,
        stalled::CONTEXT_UNAVAILABLE,
        "ConflictingController",
    ];
    let unready = || messages::is_unready(lines).then_some("DatacenterNotReady");
    let normal = || {
        first(&[
            "Started",
            "Terminating",
            "Created",
            "Scheduled",
            "NotComplete",
        ])
    };
    // cass-operator never says Running of a restart or a refresh: then it is "Started".
    first(&troubles)
        .or_else(unready)
        .or_else(normal)
        .unwrap_or("Waiting")
}

/// "Failed: set to true if it is true for any CassandraTask", or one is lost. It stays so.
fn failed(observation: &Observation<'_>, decision: &Decision<'_>) -> Condition {
    let is_true = observation.has_failed();
    let is_cancelled = observation.task.recorded.is_cancelled()
        || decision.targets.iter().any(|it| it.step == Step::Cancel);
    let (reason, message) = match is_true {
        true if is_cancelled => (CANCELLED, messages::failures(observation, decision)),
        true => (
            "DatacenterFailed",
            messages::failures(observation, decision),
        ),
        false => ("NoFailure", "no datacenter has failed".to_owned()),
    };
    Condition {
        kind: "Failed",
        is_true,
        reason,
        message,
    }
}

fn complete(observation: &Observation<'_>, is_true: bool) -> Condition {
    Condition {
        kind: "Complete",
        is_true,
        reason: if is_true {
            "AllComplete"
        } else {
            "NotComplete"
        },
        message: messages::complete(observation),
    }
}

fn invalid(decision: &Decision<'_>) -> Option<Condition> {
    let (is_true, reason, message) = match &decision.validity {
        Validity::Invalid(problems) => (true, INVALID_SPEC, problems.clone()),
        Validity::Valid => (false, "ValidSpec", "the specification is valid".to_owned()),
        Validity::Unknown => return None,
    };
    Some(Condition {
        kind: "Invalid",
        is_true,
        reason,
        message,
    })
}

/// `Stalled`: that something needs somebody. It is not set before there was reason to.
fn stalled<'w>(
    observation: &Observation<'_>,
    waiting: impl Iterator<Item = (Option<&'w Line<'w>>, &'w Waiting)>,
    has_creates: bool,
) -> Option<Condition> {
    let recorded = &observation.task.recorded;
    let stalling: Vec<_> = waiting
        .filter_map(|(line, waiting)| {
            let (from, reason) = waiting.stalls()?;
            (from <= observation.now).then_some((line, waiting, reason))
        })
        .collect();
    if let Some((_, _, reason)) = stalling.first() {
        let messages = stalling.iter().map(|(line, waiting, _)| {
            let name = line.map(|line| line.datacenter.name.as_str());
            let sentence =
                name.map_or_else(|| waiting.to_string(), |name| format!("{name} {waiting}"));
            let advice = waiting
                .advice(observation, name)
                .map(|advice| format!("; {advice}"));
            format!("{sentence}{}", advice.unwrap_or_default())
        });
        return Some(Condition {
            kind: "Stalled",
            is_true: true,
            reason,
            message: messages.collect::<Vec<_>>().join("; "),
        });
    }
    // What was refused is only known not to be once it has succeeded: a host that was started anew knows of no failure.
    let refusals = [stalled::CREATE_REFUSED, stalled::RECORD_REFUSED];
    let is_refused = |reason: &str| refusals.contains(&reason);
    let is_retried = has_creates && recorded.true_reason("Stalled").is_some_and(is_refused);
    (recorded.condition("Stalled").is_some() && !is_retried).then(|| Condition {
        kind: "Stalled",
        is_true: false,
        reason: "NotStalled",
        message: "nothing needs attention".to_owned(),
    })
}
