//! How each datacenter stands: done, failed, cancelled, or what it waits for, and when that will have to be said otherwise although
//! nothing changes.

use super::deletion;
use super::pods::{self, Pods, WITHOUT_PODS, command};
use super::sequence::{self, Step};
use super::waiting::{DEADLINE_SECONDS, Waiting};
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};

/// How long it may take without any sign of life, in seconds.
const DAY_SECONDS: i64 = 86_400;

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
    match step {
        // One that was refused before is not known to have been created this time.
        Step::Create(place) => Standing::Waiting(match sequence::refused(observation, place) {
            Some(refused) => refused,
            None => created(
                observation,
                scheduled_by_template(observation),
                Some(observation.now),
            ),
        }),
        Step::Wait(waiting) => Standing::Waiting(waiting.clone()),
        Step::Cancel => match &target.found {
            Found::Unavailable(why) if !target.is_confirmed_empty() => {
                Standing::Waiting(Waiting::Cancelled { why: why.clone() })
            }
            _ => match sequence::conflict(observation, target) {
                Some(conflict) => Standing::Waiting(conflict),
                None => Standing::Cancelled,
            },
        },
        Step::None => of_started(observation, target).unwrap_or(Standing::Done),
    }
}

/// How one stands that was started; `None` if nothing is to be said of it.
pub fn of_started(observation: &Observation<'_>, datacenter: &Datacenter) -> Option<Standing> {
    match datacenter.state {
        State::Pending => None,
        State::Done if !datacenter.is_settled() => {
            Some(Standing::Waiting(match &datacenter.found {
                Found::Unavailable(why) => Waiting::NotConfirmed { why: why.clone() },
                _ => Waiting::NotComplete {
                    since: datacenter.progress.end,
                },
            }))
        }
        State::Done => Some(Standing::Done),
        State::Failed | State::Lost => Some(Standing::Failed),
        State::Running | State::Failing => Some(Standing::Waiting(match &datacenter.found {
            Found::Child(child) => at_work(observation, datacenter, child),
            Found::Unavailable(why) | Found::Abandoned(why) => Waiting::LastSeen {
                has_started: datacenter.progress.has_started,
                why: why.clone(),
            },
            Found::Foreign(object) => Waiting::Foreign {
                object: deletion::named(object),
                has_ended: object.progress.has_ended,
                has_started: datacenter.progress.has_started,
                is_former: datacenter.is_former,
            },
            // What has started and is absent is lost.
            Found::Absent => return Some(Standing::Failed),
        })),
    }
}

fn at_work(
    observation: &Observation<'_>,
    datacenter: &Datacenter,
    child: &CassandraTask,
) -> Waiting {
    let (progress, now) = (&datacenter.progress, observation.now);
    if child.is_being_deleted() {
        return Waiting::Terminating {
            since: child.deleted(),
        };
    }
    if !progress.has_started {
        return not_started(observation, datacenter, child);
    }
    let place = datacenter.place.clone();
    let is_long_ago =
        |time: Option<Time>| time.is_some_and(|time| time.plus_seconds(DEADLINE_SECONDS) <= now);
    match place {
        Some(place) if stuck_at(datacenter, child).is_some_and(|time| time <= now) => {
            let is_former = datacenter.is_former;
            Waiting::Stuck { place, is_former }
        }
        _ => {
            let lists_pods = !WITHOUT_PODS.contains(&command(child));
            let has_no_pods =
                progress.pods.is_empty() && progress.counts.iter().skip(1).all(|count| *count == 0);
            let is_silent = lists_pods && has_no_pods && !progress.is_running;
            Waiting::Running {
                is_running: progress.is_running,
                pods: if lists_pods {
                    pods::pods(datacenter, child)
                } else {
                    Pods::default()
                },
                since: progress.start,
                no_pod_since: progress
                    .latest
                    .filter(|latest| is_silent && is_long_ago(Some(*latest))),
            }
        }
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

fn not_started(
    observation: &Observation<'_>,
    datacenter: &Datacenter,
    child: &CassandraTask,
) -> Waiting {
    let waiting = created(observation, child.scheduled(), child.due());
    let since = due(observation, child);
    match (waiting, since, &datacenter.place) {
        (Waiting::NotStarted { .. }, Some(since), Some(place))
            if since.plus_seconds(DEADLINE_SECONDS) <= observation.now =>
        {
            Waiting::NotPickedUp {
                place: place.clone(),
                since,
            }
        }
        (waiting, ..) => waiting,
    }
}

/// Since when cass-operator could have picked one up: as its API server's clock says, but not before what is known to have come
/// earlier, so that a clock that is behind is no reason to complain at once.
fn due(observation: &Observation<'_>, child: &CassandraTask) -> Option<Time> {
    let is_sequential = observation
        .task
        .concurrency()
        .is_some_and(|it| it.max_concurrent.is_some());
    let adopted = observation
        .task
        .own_record()
        .and_then(|record| record.adopted());
    // One that has not started has no end of its own.
    let earlier = adopted.max(observation.latest_end.filter(|_| is_sequential));
    child.due().map(|due| due.max(earlier.unwrap_or(due)))
}

/// As true when a CassandraTask is about to be created as when it is there.
fn created(observation: &Observation<'_>, scheduled: Option<Time>, since: Option<Time>) -> Waiting {
    match scheduled {
        Some(at) if at > observation.now => Waiting::Scheduled { at },
        _ => Waiting::NotStarted { since },
    }
}

fn scheduled_by_template(observation: &Observation<'_>) -> Option<Time> {
    let spec = observation.task.spec.as_ref().ok()?;
    spec.template
        .get("scheduledTime")?
        .as_str()
        .and_then(Time::parse)
}

/// Whether a datacenter was done without processing a pod, of a command that reports pods.
pub fn is_done_without_pods(observation: &Observation<'_>, datacenter: &Datacenter) -> bool {
    let command = observation
        .task
        .spec
        .as_ref()
        .map_or("", |spec| spec.command());
    datacenter.state == State::Done
        && !WITHOUT_PODS.contains(&command)
        && !datacenter.progress.has_processed_pods()
}

/// When the next sentence has to be said otherwise, although nothing changes.
pub fn deadline(
    observation: &Observation<'_>,
    datacenter: &Datacenter,
    waiting: &Waiting,
) -> Option<Time> {
    let later = |time: Option<Time>| time.map(|time| time.plus_seconds(DEADLINE_SECONDS));
    let deadline = match waiting {
        Waiting::Scheduled { at } => Some(*at),
        Waiting::CreateRefused { retry, .. } => Some(*retry),
        Waiting::NotStarted { since } => {
            let due = datacenter.child().and_then(|child| due(observation, child));
            later(due.or(*since))
        }
        Waiting::Running {
            no_pod_since: None,
            is_running,
            ..
        } => {
            let child = datacenter.child();
            let lists_pods = child.is_some_and(|child| !WITHOUT_PODS.contains(&command(child)));
            let is_silent = lists_pods && !is_running && datacenter.progress.pods.is_empty();
            let silent = later(datacenter.progress.latest).filter(|_| is_silent);
            let stuck = child.and_then(|child| stuck_at(datacenter, child));
            let deadlines = silent.into_iter().chain(stuck);
            deadlines.filter(|it| *it > observation.now).min()
        }
        _ => waiting.stalls().map(|(from, _)| from),
    };
    deadline.filter(|deadline| *deadline > observation.now)
}
