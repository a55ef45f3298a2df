//! Which datacenter is next: the concurrency policy and the states in, one step a target out.
//!
//! cluster-tasks, "Datacenter concurrency".

use std::rc::Rc;

use super::sentences::named;
use super::waiting::{Refusal, Unknown, Waiting, is_refused};
use crate::contract::{Failure, Operation};
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::Place;

/// How long a refused create is not tried again, in seconds.
const RETRY_SECONDS: i64 = 5;

/// How many CassandraTasks one plan creates: the host denies a plan of more than 1,000 actions, and each create may take three.
const MAX_CREATES: usize = 200;

/// What is done about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it was started.
    None,
    /// Its CassandraTask is created.
    Create,
    /// It is not created yet.
    Wait(Waiting),
    /// It will not run, since another one failed.
    Cancel,
}

/// A target, and what is done about it.
#[derive(Debug)]
pub struct Target<'a> {
    pub datacenter: &'a Datacenter,
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
    let (mut taken, only_conflicting) = at_work(observation);
    // Those that take a slot, for all that wait for one: no more are taken then.
    let mut behind: Option<Rc<[String]>> = None;
    let step = |datacenter: &'a Datacenter| {
        let step = match datacenter.state {
            State::Pending if is_stopped => Step::Cancel,
            State::Pending if !may_create => turn(Rc::default()),
            State::Pending => match conflict(observation, datacenter) {
                Some(conflict) => Step::Wait(conflict),
                None if taken.len() < most => {
                    taken.push(datacenter.name.clone());
                    next(observation, datacenter)
                }
                None => match &only_conflicting {
                    Some(conflict) => Step::Wait(conflict.clone()),
                    None => turn(
                        behind
                            .get_or_insert_with(|| taken.as_slice().into())
                            .clone(),
                    ),
                },
            },
            _ => Step::None,
        };
        Target { datacenter, step }
    };
    let mut targets: Vec<Target<'_>> = observation.targets().map(step).collect();
    leave_to_the_next_plan(observation, &mut targets);
    targets
}

/// Leaves the creates beyond [`MAX_CREATES`] to a later plan.
fn leave_to_the_next_plan(observation: &Observation<'_>, targets: &mut [Target<'_>]) {
    let creates = targets.iter_mut().filter(|it| it.step == Step::Create);
    let mut creates: Vec<_> = creates.collect();
    creates.sort_by_cached_key(|it| last_failure(observation, it.datacenter));
    for target in creates.into_iter().skip(MAX_CREATES) {
        let refused = refused(observation, target.datacenter);
        target.step = refused.map_or_else(|| turn(Rc::default()), Step::Wait);
    }
}

/// The datacenters that take a slot, since something is, or may be, at work there: former targets, and those of a second controller,
/// too; and the second controller's CassandraTask, if nothing else is at work.
fn at_work(observation: &Observation<'_>) -> (Vec<String>, Option<Waiting>) {
    let active = observation.datacenters.iter().filter(|it| it.is_active());
    let mut names: Vec<String> = active.map(|it| it.name.clone()).collect();
    let conflicting = observation.conflicting.iter();
    let mut conflicting = conflicting.filter(|it| !it.progress.has_ended).peekable();
    let first = conflicting.peek().filter(|_| names.is_empty());
    let conflict = first.map(|child| Waiting::Conflict {
        object: named(child),
    });
    for child in conflicting {
        let name = child.datacenter(&observation.task.metadata.name);
        if !names.iter().any(|it| it == name) {
            names.push(name.to_owned());
        }
    }
    (names, conflict)
}

fn turn(behind: Rc<[String]>) -> Step {
    Step::Wait(Waiting::Turn { behind })
}

/// That a second controller is at work there.
pub fn conflict(observation: &Observation<'_>, target: &Datacenter) -> Option<Waiting> {
    let (Found::Foreign(object), Some(place)) = (&target.found, &target.place) else {
        return None;
    };
    let is_at_work = observation.is_conflict_at_work(object);
    let object = place.to_string();
    is_at_work.then_some(Waiting::Conflict { object })
}

/// What is done about a target whose turn it is.
fn next(observation: &Observation<'_>, target: &Datacenter) -> Step {
    match &target.found {
        Found::Absent => match refusal(observation, target) {
            Some((place, failure)) if observation.now < retry(failure, RETRY_SECONDS) => {
                Step::Wait(create_refused(place, failure))
            }
            _ => Step::Create,
        },
        Found::Unavailable(why) | Found::Abandoned(why) => {
            Step::Wait(Waiting::context(Unknown::Existence, why))
        }
        _ => turn(Rc::default()),
    }
}

/// That the last create there was refused, so that nothing was created. It is tried again whenever the policy is called, but not
/// before [`RETRY_SECONDS`] have passed; and the policy asks to be called ever more slowly.
pub fn refused(observation: &Observation<'_>, target: &Datacenter) -> Option<Waiting> {
    refusal(observation, target).map(|(place, failure)| create_refused(place, failure))
}

fn refusal<'a>(
    observation: &Observation<'a>,
    target: &'a Datacenter,
) -> Option<(&'a Place, &'a Failure)> {
    let place = target.place.as_ref()?;
    let failure = observation.failure(Operation::Create, &place.reference())?;
    is_refused(failure).then_some((place, failure))
}

/// When the create of a target has failed last. Creates are tried in this order: what has never failed first, then what failed the
/// longest ago, so that none keeps the others from being tried.
pub fn last_failure(observation: &Observation<'_>, target: &Datacenter) -> Option<u64> {
    let place = target.place.as_ref()?.reference();
    let failure = observation.failure(Operation::Create, &place)?;
    Some(failure.last)
}

fn create_refused(place: &Place, failure: &Failure) -> Waiting {
    Waiting::CreateRefused {
        place: place.clone(),
        failure: Refusal::of(failure),
        retry: retry(failure, delay_seconds(failure.attempts)),
    }
}

fn retry(failure: &Failure, seconds: i64) -> Time {
    Time::from_millis(failure.last).plus_seconds(seconds)
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
