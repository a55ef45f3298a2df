//! Which datacenter is next: the concurrency policy and the states in, one step a target out.
//!
//! cluster-tasks, "Datacenter concurrency".

use std::rc::Rc;

use super::deletion;
use super::waiting::{Refusal, Waiting};
use crate::contract::{Failure, FailureClass, Operation};
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::Place;

/// How long a refused create is not tried again, in seconds.
const RETRY_SECONDS: i64 = 5;

/// What is done about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it was started.
    None,
    /// Its CassandraTask is created there.
    Create(Place),
    /// It is not created yet.
    Wait(Waiting),
    /// It will not run, since another one failed.
    Cancel,
}

/// A target, and what is done about it.
#[derive(Debug)]
pub struct Target<'a> {
    /// The datacenter.
    pub datacenter: &'a Datacenter,
    /// What is done.
    pub step: Step,
}

/// Whether a failure cancels what was not started. That it did so is final.
pub fn is_stopped(observation: &Observation<'_>) -> bool {
    let concurrency = observation.task.concurrency();
    let cancels = concurrency.is_some_and(|it| it.failure_cancels);
    observation.task.recorded.is_cancelled() || (cancels && observation.has_failed())
}

/// The steps, one a target. Nothing is created without a valid policy, or where the whole task waits.
pub fn targets<'a>(
    observation: &'a Observation<'_>,
    may_create: bool,
    is_stopped: bool,
) -> Vec<Target<'a>> {
    let concurrency = observation.task.concurrency();
    let most = concurrency.map_or(0, |it| it.max_concurrent.unwrap_or(usize::MAX));
    // Those that take a slot, so that the next ones wait for them.
    let mut taken = at_work(observation);
    let mut behind: Option<Rc<[String]>> = None;
    let conflicting = only_conflicting(observation);
    let step = |datacenter: &'a Datacenter| {
        let step = match datacenter.state {
            State::Pending if is_stopped => Step::Cancel,
            State::Pending if !may_create => Step::Wait(Waiting::Turn {
                behind: Rc::default(),
            }),
            State::Pending if conflict(observation, datacenter).is_some() => {
                next(observation, datacenter)
            }
            State::Pending if taken.len() >= most => {
                // No more slots are taken from here on.
                let turn = || Waiting::Turn {
                    behind: Rc::clone(behind.get_or_insert_with(|| taken.as_slice().into())),
                };
                Step::Wait(conflicting.clone().unwrap_or_else(turn))
            }
            State::Pending => {
                taken.push(datacenter.name.clone());
                next(observation, datacenter)
            }
            _ => Step::None,
        };
        Target { datacenter, step }
    };
    observation.targets().map(step).collect()
}

/// The datacenters where something is, or may be, at work: former targets, and those of a second controller, too.
fn at_work(observation: &Observation<'_>) -> Vec<String> {
    let active = observation
        .datacenters
        .iter()
        .filter(|it| it.is_active())
        .map(|it| it.name.clone());
    let conflicting = observation
        .conflicting
        .iter()
        .filter(|it| !it.progress.has_ended);
    let conflicting =
        conflicting.map(|it| it.datacenter(&observation.task.metadata.name).to_owned());
    let mut names: Vec<String> = active.collect();
    for name in conflicting {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// That nothing is at work but what a second controller has created.
fn only_conflicting(observation: &Observation<'_>) -> Option<Waiting> {
    if observation.datacenters.iter().any(Datacenter::is_active) {
        return None;
    }
    let mut conflicting = observation.conflicting.iter();
    let object = conflicting.find(|it| !it.progress.has_ended)?;
    Some(Waiting::Conflict {
        object: deletion::named(object),
    })
}

/// That a second controller is at work there.
pub fn conflict(observation: &Observation<'_>, target: &Datacenter) -> Option<Waiting> {
    let (Found::Foreign(object), Some(place)) = (&target.found, &target.place) else {
        return None;
    };
    let object_is_at_work = observation.is_conflict_at_work(object);
    object_is_at_work.then(|| Waiting::Conflict {
        object: place.to_string(),
    })
}

/// What is done about a target whose turn it is.
fn next(observation: &Observation<'_>, target: &Datacenter) -> Step {
    if let Some(conflict) = conflict(observation, target) {
        return Step::Wait(conflict);
    }
    match (&target.found, &target.place) {
        (Found::Absent, Some(place)) => match refused(observation, place) {
            Some(waiting) if was_just_refused(observation, place) => Step::Wait(waiting),
            _ => Step::Create(place.clone()),
        },
        (Found::Unavailable(why) | Found::Abandoned(why), _) => {
            Step::Wait(Waiting::Context(why.clone()))
        }
        _ => Step::Wait(Waiting::Turn {
            behind: Rc::default(),
        }),
    }
}

/// That the last create there was refused, so that nothing was created. It is tried again whenever the policy is called, but not
/// before [`RETRY_SECONDS`] have passed; and the policy asks to be called ever more slowly.
pub fn refused(observation: &Observation<'_>, place: &Place) -> Option<Waiting> {
    let failure = refusal(observation, place)?;
    Some(Waiting::CreateRefused {
        place: place.clone(),
        failure: Refusal::of(failure),
        retry: Time::from_millis(failure.last).plus_seconds(delay_seconds(failure.attempts)),
    })
}

fn was_just_refused(observation: &Observation<'_>, place: &Place) -> bool {
    let last = refusal(observation, place).map(|failure| Time::from_millis(failure.last));
    last.is_some_and(|last| observation.now < last.plus_seconds(RETRY_SECONDS))
}

fn refusal<'a>(observation: &Observation<'a>, place: &Place) -> Option<&'a Failure> {
    let failure = observation.failure(Operation::Create, &place.reference());
    failure.filter(|it| matches!(it.class, FailureClass::Refused | FailureClass::Denied))
}

/// Twice as long after each further refusal, and at most 5 min.
fn delay_seconds(attempts: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(6);
    (RETRY_SECONDS << doublings).min(300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_creates_are_tried_again_ever_more_slowly() {
        let delays: Vec<i64> = [0, 1, 2, 3, 6, 7, 8, u32::MAX].map(delay_seconds).into();
        assert_eq!(delays, [5, 5, 10, 20, 160, 300, 300, 300]);
    }
}
