//! The plan of rules 2 to 6: a verdict in, the actions in their order out.
//!
//! The status comes last, since it says how things are once the rest was done. Only after a failure it comes first as
//! well: the host stops at the first step that fails, so the status would never be written while one keeps failing.

use serde_json::{Map, Value};

use crate::contract::{Action, Plan};
use crate::decision::Verdict;
use crate::patience::{self, Silence};
use crate::recorded::Recorded;
use crate::resolution::Place;
use crate::sequence::{self, Move};
use crate::situation::Situation;
use crate::status::{self, Hold, Story, Validity};
use crate::{adoption, cassandra_task, events, failure, finish, reasons};

/// The plan for a verdict.
pub fn plan(situation: &Situation<'_>, verdict: &Verdict<'_>) -> Plan {
    let story = tell(situation, verdict);
    let steps = match verdict {
        Verdict::Proceed(template) => steps(situation, template, &story.moves),
        _ => Vec::new(),
    };
    let recorded = &situation.task.recorded;
    let status = status::status(situation, &story);
    let mut actions = Vec::new();
    let mut last = recorded.clone();
    if situation.failure.is_some() && !steps.is_empty() {
        let before = status::status(situation, &before(situation, &story));
        actions.extend(write(&last, &before));
        last = before;
    }
    actions.extend(steps);
    actions.extend(write(&last, &status));
    let plan = Plan {
        actions,
        requeue_after: wake(situation),
        reasons: reasons(situation, &story),
    };
    if story.is_finished {
        finish::keep(
            situation.settings,
            situation.now,
            situation.task,
            &status,
            Plan {
                requeue_after: None,
                ..plan
            },
        )
    } else {
        plan
    }
}

fn tell(situation: &Situation<'_>, verdict: &Verdict<'_>) -> Story {
    let may_create = matches!(verdict, Verdict::Proceed(_));
    let is_right = situation.template.is_ok() && situation.cluster.known().is_some();
    Story {
        moves: sequence::moves(
            situation.concurrency,
            may_create,
            &situation.targets,
            &situation.leftovers,
        ),
        is_finished: *verdict == Verdict::Finished,
        validity: match verdict {
            Verdict::Invalid(wrong) => Validity::Wrong(wrong.clone()),
            _ if is_right => Validity::Right,
            _ => Validity::Unjudged,
        },
        hold: match verdict {
            Verdict::Hold(hold) => Some(hold.clone()),
            Verdict::Invalid(_) => Some(Hold {
                reason: status::INVALID_SPEC,
                text: "nothing more is created until the specification is put right".to_owned(),
            }),
            Verdict::Finished | Verdict::Proceed(_) => None,
        },
    }
}

/// How it stands before the steps, which may fail again: nothing is created yet, and what blocks it is told.
fn before(situation: &Situation<'_>, story: &Story) -> Story {
    let moves = story.moves.iter().map(|step| match step {
        Move::Create(_) => Move::Wait,
        step => step.clone(),
    });
    let blocking = situation.failure.and_then(failure::blocking);
    Story {
        moves: moves.collect(),
        hold: blocking.map(|text| Hold {
            reason: "Blocked",
            text,
        }),
        ..story.clone()
    }
}

/// Rule 5, then the creations, each followed by its event.
fn steps(situation: &Situation<'_>, template: &Map<String, Value>, moves: &[Move]) -> Vec<Action> {
    let adoption = situation
        .cluster
        .known()
        .and_then(|cluster| adoption::patch(situation.task, cluster));
    let due = moves.iter().filter_map(|step| match step {
        Move::Create(place) => Some(place),
        _ => None,
    });
    let places: Vec<&Place> = due.collect();
    let places = failure::after_the_failed(places, situation.failure, |place| &place.name);
    let creations = places.into_iter().flat_map(|place| {
        let creation =
            cassandra_task::creation(situation.settings, situation.task, template, place);
        [Action::Create(creation), events::created(place)]
    });
    adoption
        .map(|patch| Action::PatchMetadata(patch.to_string()))
        .into_iter()
        .chain(creations)
        .collect()
}

/// The status, with the events of what it turns to before it; nothing if it is as it was.
fn write(from: &Recorded, to: &Recorded) -> Vec<Action> {
    if from.status() == to.status() {
        return Vec::new();
    }
    let mut actions = events::turns(from, to);
    actions.push(set_status(to.status()));
    actions
}

/// The whole status.
pub fn set_status(status: &Value) -> Action {
    Action::SetStatus(status.to_string())
}

/// When a text becomes due although nothing changes.
fn wake(situation: &Situation<'_>) -> Option<u64> {
    let silences = situation
        .datacenters()
        .filter_map(|datacenter| patience::silence(datacenter, situation.now));
    let moments = silences.filter_map(|silence| match silence {
        Silence::Patient(moment) => moment,
        Silence::Stuck(_) => None,
    });
    moments
        .min()
        .map(|moment| moment.millis_from(situation.now))
}

fn reasons(situation: &Situation<'_>, story: &Story) -> Vec<String> {
    let mut said: Vec<String> = situation.failure.map(failure::reason).into_iter().collect();
    if let Validity::Wrong(wrong) = &story.validity {
        said.push(format!("the specification is wrong: {wrong}"));
    }
    said.extend(story.hold.as_ref().map(|hold| hold.text.clone()));
    said.extend(reasons::reasons(situation, &story.moves));
    said
}
