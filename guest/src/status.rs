//! The aggregated status: the situation and what is done about it in, the whole status out (cluster-tasks, Monitoring).
//!
//! It is built on the recorded one, so that what is not ours stays, and the laws hold: startTime never moves later, a
//! record of a datacenter is never dropped, and the same situation gives the same status, so that nothing is written
//! when nothing changed.

use serde_json::{Map, Value, json};

use crate::conditions::{self, Condition};
use crate::patience::{self, Silence};
use crate::progress::COUNTS;
use crate::readiness;
use crate::recorded::{FINISHED, Recorded};
use crate::sequence::Move;
use crate::situation::Situation;
use crate::targets::{Datacenter, Sight};
use crate::text;

/// The reason of `Failed` where the failure cancels others.
pub const CANCELLED: &str = "RemainingCancelled";
/// The reason of `Running` while steps are refused.
pub const BLOCKED: &str = "Blocked";
/// The reason of a True `Invalid`, and of its event.
pub const INVALID_SPEC: &str = "InvalidSpec";

/// Why nothing is created, or what keeps it from being created: the reason of `Running`, and an end of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// One word, in CamelCase.
    pub reason: &'static str,
    /// A sentence for people.
    pub text: String,
}

/// What the status says of the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// It is wrong, and why.
    Wrong(String),
    /// It is right.
    Right,
    /// It does not matter here: what was recorded stays.
    Unjudged,
}

/// What is done about a situation, as far as the status tells it.
#[derive(Debug, Clone)]
pub struct Story {
    /// The move of each target.
    pub moves: Vec<Move>,
    /// Whether the task has finished.
    pub is_finished: bool,
    /// Whether the specification is right.
    pub validity: Validity,
    /// What keeps the task from going on.
    pub hold: Option<Hold>,
}

/// The whole status.
pub fn status(situation: &Situation<'_>, story: &Story) -> Recorded {
    let recorded = &situation.task.recorded;
    let copies = copies(situation, story);
    let mut fields = recorded.fields_without(&["conditions", "datacenters"]);
    let is_complete = is_complete(situation);
    let is_bare = copies.is_empty()
        && !conditions::AGGREGATED
            .iter()
            .any(|kind| recorded.condition(kind).is_some());
    let conditions = if is_bare && matches!(story.validity, Validity::Wrong(_)) {
        // Nothing ever ran: there is nothing to say but what is wrong (cluster-tasks, Invalid specification).
        invalid(story).into_iter().collect()
    } else {
        let mut conditions = vec![
            running(situation, story),
            failed(situation, story),
            complete(situation, is_complete),
        ];
        conditions.extend(
            invalid(story)
                .filter(|invalid| invalid.is_true || recorded.condition("Invalid").is_some()),
        );
        conditions
    };
    fields.insert(
        "conditions".into(),
        conditions::merged(recorded, situation.now, &conditions),
    );
    times(situation, is_complete, &mut fields);
    if !copies.is_empty() {
        counts(situation, &mut fields);
        fields.insert("datacenters".into(), Value::Object(copies));
    }
    Recorded::read(Value::Object(fields))
}

/// `datacenters`: the status of each CassandraTask as it is; an empty one for those that are about to be created.
fn copies(situation: &Situation<'_>, story: &Story) -> Map<String, Value> {
    let known = situation
        .datacenters()
        .filter_map(|datacenter| Some((datacenter.name.clone(), datacenter.copy()?)));
    let created = situation
        .targets
        .iter()
        .zip(&story.moves)
        .filter(|(_, step)| matches!(step, Move::Create(_)));
    known
        .chain(created.map(|(target, _)| (target.name.clone(), json!({}))))
        .collect()
}

/// `startTime`, the earliest, and `completionTime`, the latest once all have completed.
fn times(situation: &Situation<'_>, is_complete: bool, fields: &mut Map<String, Value>) {
    let starts = situation
        .datacenters()
        .filter_map(|datacenter| datacenter.progress.start);
    let start = starts.chain(situation.task.recorded.start()).min();
    let ends = situation
        .targets
        .iter()
        .filter_map(|target| target.progress.end);
    let completion = is_complete.then(|| ends.max()).flatten();
    for (name, time) in [("startTime", start), ("completionTime", completion)] {
        match time {
            Some(time) => fields.insert(name.into(), json!(time.to_string())),
            None => fields.remove(name),
        };
    }
}

/// `active`, `succeeded` and `failed`: the sums.
fn counts(situation: &Situation<'_>, fields: &mut Map<String, Value>) {
    for (at, name) in COUNTS.into_iter().enumerate() {
        let counts = situation
            .datacenters()
            .filter_map(|datacenter| datacenter.progress.counts.get(at));
        let sum = counts.fold(0_i64, |sum, count| sum.saturating_add(*count));
        fields.insert(name.into(), json!(sum));
    }
}

/// "Complete: set to true if all the CassandraTasks have started, and the condition is true for all of them."
fn is_complete(situation: &Situation<'_>) -> bool {
    situation.is_resolved && situation.targets.iter().all(Datacenter::is_complete)
}

/// "Running: set to true if it is true for any CassandraTask".
fn running(situation: &Situation<'_>, story: &Story) -> Condition {
    let is_at_work =
        |datacenter: &Datacenter<'_>| datacenter.is_active() && datacenter.progress.is_running;
    let is_true = !story.is_finished && situation.datacenters().any(is_at_work);
    let mut message = if story.is_finished {
        text::end(situation, &story.moves)
    } else {
        text::standing(situation, &story.moves)
    };
    if let Some(hold) = &story.hold {
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(&hold.text);
    }
    Condition {
        kind: "Running",
        is_true,
        reason: running_reason(situation, story, is_true),
        message,
    }
}

fn running_reason(situation: &Situation<'_>, story: &Story, is_running: bool) -> &'static str {
    let is_stuck = |datacenter: &Datacenter<'_>| {
        matches!(
            patience::silence(datacenter, situation.now),
            Some(Silence::Stuck(_))
        )
    };
    let is_blind = |datacenter: &Datacenter<'_>| {
        datacenter.is_active() && matches!(datacenter.sight, Sight::Blind(_))
    };
    let mut targets = situation.targets.iter().zip(&story.moves);
    let has = |is: fn(&Move) -> bool| story.moves.iter().any(is);
    if story.is_finished {
        FINISHED
    } else if let Some(hold) = &story.hold {
        hold.reason
    } else if situation.datacenters().any(is_stuck) {
        "NotStarting"
    } else if has(|step| matches!(step, Move::Unseen(_))) || situation.datacenters().any(is_blind) {
        "ContextUnavailable"
    } else if targets.any(|(target, step)| readiness::unready(situation, target, step).is_some()) {
        "DatacenterNotReady"
    } else if is_running {
        "Running"
    } else if situation
        .datacenters()
        .any(|datacenter| datacenter.is_active() && datacenter.progress.has_begun)
    {
        // cass-operator never says Running of a restart or a refresh.
        "Started"
    } else if has(|step| matches!(step, Move::Create(_)))
        || situation.datacenters().any(Datacenter::is_active)
    {
        "Created"
    } else {
        "Waiting"
    }
}

/// "Failed: set to true if it is true for any CassandraTask", or one is lost. It stays so when nobody says so any more,
/// since the context of a lost one gives no answer, the cluster goes or the list is wrong.
fn failed(situation: &Situation<'_>, story: &Story) -> Condition {
    let recorded = &situation.task.recorded;
    let is_true = situation.has_failed();
    let is_cancelled =
        recorded.is_true_because("Failed", CANCELLED) || story.moves.contains(&Move::Cancelled);
    let (reason, message) = match is_true {
        true if is_cancelled => (CANCELLED, text::failures(situation, &story.moves)),
        true => ("DatacenterFailed", text::failures(situation, &story.moves)),
        false => ("NoFailure", "no datacenter has failed".to_owned()),
    };
    Condition {
        kind: "Failed",
        is_true,
        reason,
        message,
    }
}

fn complete(situation: &Situation<'_>, is_true: bool) -> Condition {
    let all = situation.targets.len();
    let done = situation
        .targets
        .iter()
        .filter(|target| target.is_complete())
        .count();
    let message = if situation.is_resolved {
        format!("{done} of {all} datacenters complete")
    } else {
        "it is not known what datacenters are to complete".to_owned()
    };
    Condition {
        kind: "Complete",
        is_true,
        reason: if is_true {
            "AllComplete"
        } else {
            "NotComplete"
        },
        message,
    }
}

fn invalid(story: &Story) -> Option<Condition> {
    let (is_true, reason, message) = match &story.validity {
        Validity::Wrong(wrong) => (true, INVALID_SPEC, wrong.clone()),
        Validity::Right => (false, "ValidSpec", "the specification is valid".to_owned()),
        Validity::Unjudged => return None,
    };
    Some(Condition {
        kind: "Invalid",
        is_true,
        reason,
        message,
    })
}
