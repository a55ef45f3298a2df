//! The plan of rules 2 to 6: a verdict in, the actions in their order out.
//!
//! The status comes first, so that it says what is about to be begun: after a crash between it and a create, with the
//! context out of reach by then, what may have been begun is still known. It is also refused if the task has changed
//! since, and then nothing is created for a specification that is no longer so. It must be as true after the steps as
//! before, for nothing more is written once they are done.

use serde_json::{Map, Value};

use crate::contract::{Action, Plan};
use crate::decision::Verdict;
use crate::patience::{self, Silence};
use crate::progress::{is_true, transition};
use crate::recorded::Recorded;
use crate::resolution::Place;
use crate::sequence::{self, Move};
use crate::situation::Situation;
use crate::status::{self, Hold, Story, Validity};
use crate::{adoption, cassandra_task, events, failure, finish, reasons, whereabouts};

/// The plan for a verdict.
pub fn plan(situation: &Situation<'_>, verdict: &Verdict<'_>) -> Plan {
    let story = tell(situation, verdict);
    let steps = match verdict {
        Verdict::Proceed(template) => steps(situation, template, &story.moves),
        // The cluster owns all of its tasks, the wrong ones, too (cluster-tasks, Ownerships and cascade deletion).
        Verdict::Invalid(_) => adopt(situation, situation.task.recorded.has_begun(), &[]).collect(),
        _ => Vec::new(),
    };
    let reasons = reasons(situation, &story);
    let blocked = blocked(situation, &story.moves).filter(|_| !steps.is_empty());
    let hold = story.hold.clone().or(blocked);
    let status = status::status(situation, &Story { hold, ..story });
    let mut actions = write(&situation.task.recorded, &status);
    actions.extend(steps);
    let mut plan = Plan {
        actions,
        requeue_after: None,
        reasons,
    };
    if *verdict == Verdict::Finished {
        let Situation {
            settings,
            now,
            task,
            ..
        } = situation;
        return finish::keep(settings, *now, task, &status, plan);
    }
    plan.requeue_after = wake(situation);
    plan
}

fn tell(situation: &Situation<'_>, verdict: &Verdict<'_>) -> Story {
    let may_create = matches!(verdict, Verdict::Proceed(_));
    let is_right = situation.template.is_ok() && situation.cluster.known().is_some();
    Story {
        moves: sequence::moves(
            situation.concurrency,
            may_create,
            situation.is_stopped(),
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
                text: if situation.is_stopped() {
                    "nothing more is created".to_owned()
                } else {
                    "nothing more is created until the specification is put right".to_owned()
                },
            }),
            Verdict::Finished | Verdict::Proceed(_) => None,
        },
    }
}

/// What is told while the steps are tried again that failed the last time.
fn blocked(situation: &Situation<'_>, moves: &[Move]) -> Option<Hold> {
    let recorded = &situation.task.recorded;
    let told = recorded.message_because("Running", status::BLOCKED);
    let to_do = due(moves).map(|place| place.name.as_str());
    Some(Hold {
        reason: status::BLOCKED,
        text: failure::blocking(situation.failure, told, to_do)?,
    })
}

/// Rule 5, then the creations, each followed by its event.
fn steps(situation: &Situation<'_>, template: &Map<String, Value>, moves: &[Move]) -> Vec<Action> {
    let places =
        failure::after_the_failed(due(moves).collect(), situation.failure, |place| &place.name);
    let creations = places.into_iter().flat_map(|place| {
        let creation =
            cassandra_task::creation(situation.settings, situation.task, template, place);
        [Action::Create(creation), events::created(place)]
    });
    adopt(situation, true, moves).chain(creations).collect()
}

/// Rule 5, unless the cluster is about to go; with where it is that something is created.
fn adopt(
    situation: &Situation<'_>,
    has_children: bool,
    moves: &[Move],
) -> impl Iterator<Item = Action> {
    let cluster = situation.cluster.known();
    let cluster = cluster.filter(|cluster| cluster.deleted.is_none());
    let mut patch = cluster.map_or_else(Map::new, |cluster| {
        adoption::patch(situation.task, cluster, has_children)
    });
    let annotations = whereabouts::annotations(situation, moves);
    patch.extend(annotations.map(|annotations| ("annotations".to_owned(), annotations)));
    let is_due = !patch.is_empty();
    is_due
        .then(|| Action::PatchMetadata(Value::Object(patch).to_string()))
        .into_iter()
}

/// Where something is to be created.
fn due(moves: &[Move]) -> impl Iterator<Item = &Place> {
    moves.iter().filter_map(|step| match step {
        Move::Create(place) => Some(place),
        _ => None,
    })
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
        let recorded = situation.task.recorded.condition("Invalid");
        let turned = recorded.filter(|it| is_true(it)).and_then(transition);
        let since = turned.unwrap_or(situation.now);
        said.push(format!("the specification is wrong since {since}: {wrong}"));
    }
    said.extend(story.hold.as_ref().map(|hold| hold.text.clone()));
    said.extend(reasons::reasons(
        situation,
        &story.moves,
        story.hold.as_ref(),
    ));
    said
}
