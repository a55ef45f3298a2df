//! The plan of rules 2 to 6: a verdict in, the actions in their order out.
//!
//! The status comes last, since it says how things are once the rest was done. Only after a failure it comes first as
//! well: the host stops at the first step that fails, so the status would never be written while one keeps failing.

use serde_json::Value;

use crate::contract::{Action, Plan};
use crate::decision::{Verdict, blank};
use crate::patience::{self, Silence};
use crate::recorded::Recorded;
use crate::resolution::Place;
use crate::sequence::{self, Move};
use crate::situation::Situation;
use crate::status::{self, Hold, Story, Validity};
use crate::{adoption, cassandra_task, events, failure, finish, text};

/// The plan for a verdict.
pub fn plan(situation: &Situation<'_>, verdict: &Verdict) -> Plan {
    let story = tell(situation, verdict);
    let steps = if *verdict == Verdict::Proceed {
        steps(situation, &story.moves)
    } else {
        Vec::new()
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

fn tell(situation: &Situation<'_>, verdict: &Verdict) -> Story {
    let may_create = *verdict == Verdict::Proceed;
    let is_right = situation.problems.is_empty() && situation.cluster.known().is_some();
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
            Verdict::Finished | Verdict::Proceed => None,
        },
    }
}

/// How it stands before the steps, which may fail again: nothing is created yet, and what blocks it is told.
fn before(situation: &Situation<'_>, story: &Story) -> Story {
    let moves = story.moves.iter().map(|step| {
        if *step == Move::Create {
            Move::Wait
        } else {
            *step
        }
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
fn steps(situation: &Situation<'_>, moves: &[Move]) -> Vec<Action> {
    let adoption = situation
        .cluster
        .known()
        .and_then(|cluster| adoption::patch(situation.task, cluster));
    let due = situation
        .targets
        .iter()
        .zip(moves)
        .filter(|(_, step)| **step == Move::Create);
    let places: Vec<&Place> = due
        .filter_map(|(target, _)| target.place.as_ref())
        .collect();
    let places = failure::after_the_failed(places, situation.failure, |place| &place.name);
    let template = situation
        .task
        .spec
        .as_ref()
        .ok()
        .and_then(|spec| spec.template());
    let creations = template.into_iter().flat_map(|template| {
        places.iter().flat_map(move |place| {
            let creation =
                cassandra_task::creation(situation.settings, situation.task, template, place);
            [Action::Create(creation), events::created(place)]
        })
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
    let mut reasons = blank().reasons;
    reasons.extend(situation.failure.map(failure::reason));
    if let Validity::Wrong(wrong) = &story.validity {
        reasons.push(format!("the specification is wrong: {wrong}"));
    }
    reasons.extend(story.hold.as_ref().map(|hold| hold.text.clone()));
    reasons.extend(text::reasons(situation, &story.moves));
    reasons
}
