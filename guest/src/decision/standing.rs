//! How each datacenter stands: done, failed, cancelled, or what it waits for, and when that will have to be said otherwise although
//! nothing changes.

use serde_json::Value;

use super::sentences::named;
use super::sequence::{self, Step};
use super::waiting::{DEADLINE_SECONDS, Unknown, Waiting, late};
use crate::documents::cassandra_task::{CassandraTask, Pod, PodState, Progress};
use crate::documents::spec::Concurrency;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};

/// How long it may take without any sign of life, in seconds.
const DAY_SECONDS: i64 = 86_400;

/// How many pods that failed are named: there may be hundreds.
const MAX_PODS_NAMED: usize = 3;

/// The commands that report no pods: cass-operator's `succeeded` of a restart counts what the StatefulSets say.
const WITHOUT_PODS: [&str; 2] = ["restart", "refresh"];

/// How a datacenter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its CassandraTask completed without failure.
    Done,
    /// It failed, and is not at work any more.
    Failed,
    /// It will not run.
    Cancelled,
    /// It is at work, or comes later.
    Waiting(Waiting),
}

/// How a target stands.
pub fn of_target(observation: &Observation<'_>, target: &Datacenter, step: &Step) -> Standing {
    let waiting = match step {
        // One that was refused before is not known to have been created this time.
        Step::Create => sequence::refused(observation, target).or_else(|| {
            let spec = observation.task.spec.as_ref().ok();
            let scheduled = spec.and_then(|spec| spec.template.get("scheduledTime"));
            let scheduled = scheduled.and_then(Time::read);
            Some(created(observation, scheduled, Some(observation.now)))
        }),
        Step::Wait(waiting) => Some(waiting.clone()),
        Step::Cancel => match &target.found {
            Found::Unavailable(why) if !target.is_confirmed_empty() => {
                Some(Waiting::context(Unknown::Cancellation, why))
            }
            _ => sequence::conflict(observation, target),
        },
        Step::None => return of_started(observation, target).unwrap_or(Standing::Done),
    };
    waiting.map_or(Standing::Cancelled, Standing::Waiting)
}

/// How one stands that was started; `None` if nothing is to be said of it.
pub fn of_started(observation: &Observation<'_>, datacenter: &Datacenter) -> Option<Standing> {
    let progress = &datacenter.progress;
    let has_started = progress.has_started;
    let is_over = matches!(datacenter.state, State::Done | State::Failed | State::Lost);
    if let (true, Some(other)) = (is_over, &datacenter.active_namesake) {
        return Some(Standing::Waiting(Waiting::Namesake {
            object: named(other),
            since: other.progress.start,
            has_failed: datacenter.state != State::Done,
        }));
    }
    let waiting = match (datacenter.state, &datacenter.found) {
        (State::Pending, _) => return None,
        (State::Done, _) if datacenter.is_settled() => return Some(Standing::Done),
        (State::Done, Found::Unavailable(why)) => Waiting::context(Unknown::Completion, why),
        (State::Done, _) => Waiting::NotComplete {
            ended: progress.end,
        },
        // What has started and is absent is lost.
        (State::Failed | State::Lost, _) | (_, Found::Absent) => return Some(Standing::Failed),
        (_, Found::Child(child)) => at_work(observation, datacenter, child),
        (_, Found::Unavailable(why) | Found::Abandoned(why)) => {
            Waiting::context(Unknown::Progress { has_started }, why)
        }
        (_, Found::Foreign(object)) => Waiting::Foreign {
            object: named(object),
            has_ended: object.progress.has_ended,
            has_started,
            is_former: datacenter.is_former,
        },
    };
    Some(Standing::Waiting(waiting))
}

fn at_work(
    observation: &Observation<'_>,
    datacenter: &Datacenter,
    child: &CassandraTask,
) -> Waiting {
    let (progress, place) = (&datacenter.progress, datacenter.place.clone());
    let has_come = |time: Time| time <= observation.now;
    if child.is_being_deleted() {
        let since = child.deleted();
        return Waiting::Terminating { since };
    }
    if !progress.has_started {
        let overdue = due(observation, child).filter(|since| has_come(late(*since)));
        return match overdue.zip(place) {
            Some((since, place)) => Waiting::NotPickedUp { place, since },
            None => created(observation, child.scheduled(), child.due()),
        };
    }
    let is_stuck = stuck_at(datacenter, child).is_some_and(has_come);
    if let Some(place) = place.filter(|_| is_stuck) {
        let is_former = datacenter.is_former;
        return Waiting::Stuck { place, is_former };
    }
    let is_silent = silent_at(datacenter, child).is_some_and(has_come);
    Waiting::Running {
        is_running: progress.is_running,
        pods: pods(datacenter, child),
        since: progress.start,
        no_pod_since: progress.latest.filter(|_| is_silent),
    }
}

/// When a CassandraTask that is labelled completed, and whose status does not say so, counts as stuck: some time after its last pod,
/// or a day after its start where the times of its pods are not known, so that one that is just ending does not.
fn stuck_at(datacenter: &Datacenter, child: &CassandraTask) -> Option<Time> {
    let progress = &datacenter.progress;
    let patience = if progress.has_pod_times {
        DEADLINE_SECONDS
    } else {
        DAY_SECONDS
    };
    let latest = progress.latest.filter(|_| child.is_labelled_completed())?;
    Some(latest.plus_seconds(patience))
}

/// When one that has begun no pod, and is not said to run, counts as silent.
fn silent_at(datacenter: &Datacenter, child: &CassandraTask) -> Option<Time> {
    let progress = &datacenter.progress;
    let has_begun = progress.is_running || progress.has_processed_pods();
    let is_silent = lists_pods(command(child)) && !has_begun;
    progress.latest.filter(|_| is_silent).map(late)
}

/// Since when cass-operator could have picked one up: as its API server's clock says, but not before what is known to have come
/// earlier, so that a clock that is behind is no reason to complain at once.
fn due(observation: &Observation<'_>, child: &CassandraTask) -> Option<Time> {
    let task = observation.task;
    let is_sequential = |it: Concurrency| it.max_concurrent.is_some();
    let is_sequential = task.concurrency().is_some_and(is_sequential);
    // One that has not started has no end of its own.
    let earlier = task
        .adopted()
        .max(observation.latest_end.filter(|_| is_sequential));
    child.due().map(|due| due.max(earlier.unwrap_or(due)))
}

/// As true when a CassandraTask is about to be created as when it is there.
fn created(observation: &Observation<'_>, scheduled: Option<Time>, since: Option<Time>) -> Waiting {
    match scheduled {
        Some(at) if at > observation.now => Waiting::Scheduled { at },
        _ => Waiting::NotStarted { since },
    }
}

/// When the sentence may have to be said otherwise, although nothing changes; times that are past among them.
pub fn deadlines(
    observation: &Observation<'_>,
    datacenter: &Datacenter,
    waiting: &Waiting,
) -> impl Iterator<Item = Time> {
    let child = datacenter.child();
    let deadlines = match waiting {
        Waiting::Scheduled { at } => [Some(*at), None],
        Waiting::CreateRefused { retry, .. } => [Some(*retry), None],
        Waiting::NotStarted { since } => {
            let since = child.map_or(*since, |child| due(observation, child));
            [since.map(late), None]
        }
        Waiting::Running { .. } => [silent_at, stuck_at].map(|at| at(datacenter, child?)),
        _ => [waiting.stalls_at(), None],
    };
    deadlines.into_iter().flatten()
}

/// Whether a datacenter was done without processing a pod, of a command that reports pods.
pub fn is_done_without_pods(observation: &Observation<'_>, datacenter: &Datacenter) -> bool {
    let spec = observation.task.spec.as_ref();
    datacenter.state == State::Done
        && lists_pods(spec.map_or("", |spec| spec.command()))
        && !datacenter.progress.has_processed_pods()
}

fn lists_pods(command: &str) -> bool {
    !WITHOUT_PODS.contains(&command)
}

/// The job of a CassandraTask; null if it has none.
fn job(child: &CassandraTask) -> &Value {
    let jobs = child.spec().and_then(|spec| spec.get("jobs"));
    jobs.and_then(|jobs| jobs.get(0)).unwrap_or(&Value::Null)
}

fn command(child: &CassandraTask) -> &str {
    job(child)["command"].as_str().unwrap_or_default()
}

/// How many pods there are to process: the size of the datacenter, unless the job is for some of them.
fn all_pods(datacenter: &Datacenter, child: &CassandraTask) -> Option<usize> {
    let has_rack = job(child)["args"]["rack"].is_string();
    let is_partial = has_rack || ["replacenode", "move"].contains(&command(child));
    let size = datacenter.declared.as_ref()?.size.filter(|_| !is_partial);
    // A cluster that was scaled down meanwhile says nothing of those before.
    size.filter(|size| *size >= datacenter.progress.pods.len())
}

/// What is said of the pods of a CassandraTask that is at work, as far as cass-operator lists them.
fn pods(datacenter: &Datacenter, child: &CassandraTask) -> String {
    if !lists_pods(command(child)) {
        return String::new();
    }
    let progress = &datacenter.progress;
    let count = |state| progress.pods_in(state).count();
    let [_, succeeded, _] = progress.counts;
    // An older cass-operator lists no pods.
    let done = match progress.pods.is_empty() {
        true => usize::try_from(succeeded).unwrap_or(0),
        false => count(PodState::Completed),
    };
    let (running, failed) = (count(PodState::Running), count(PodState::Failed));
    let failed = (failed > 0).then(|| {
        let names = failed_pods(progress);
        format!("{failed} {} failed: {names}", noun(failed))
    });
    counted(all_pods(datacenter, child), done, running, failed)
}

fn noun(count: usize) -> &'static str {
    if count == 1 { "pod" } else { "pods" }
}

/// Nothing where nothing is known.
fn counted(all: Option<usize>, done: usize, running: usize, failed: Option<String>) -> String {
    let done = match all {
        Some(all) if done + running > 0 => Some(format!("{done} of {all} {} done", noun(all))),
        _ => (done > 0).then(|| format!("{done} {} done", noun(done))),
    };
    let running = (running > 0 && all.is_none()).then(|| format!("{running} in progress"));
    let parts: Vec<String> = [done, running, failed].into_iter().flatten().collect();
    match parts.join("; ").as_str() {
        "" => String::new(),
        parts => format!(" ({parts})"),
    }
}

/// The first of the pods that failed for good, and why, where that is said.
pub fn failed_pods(progress: &Progress) -> String {
    let failed = progress.pods_in(PodState::Failed).take(MAX_PODS_NAMED);
    let failed = failed.map(|Pod { name, error, .. }| match error.as_str() {
        "" => name.clone(),
        error => format!("{name}: {error}"),
    });
    failed.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_counted_of_all_once_one_was_begun() {
        assert_eq!(counted(Some(3), 0, 1, None), " (0 of 3 pods done)");
        assert_eq!(counted(Some(3), 0, 0, None), "");
    }
}
