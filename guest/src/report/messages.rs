//! The sentences for people: how each datacenter stands in, the messages of the conditions out.
//!
//! A message holds points in time, never durations: it must not change by itself, or every call would be a write.

use crate::decision::Decision;
use crate::decision::sequence::Step;
use crate::decision::standing::{self, Standing};
use crate::decision::waiting::Waiting;
use crate::documents::cluster::Unready;
use crate::documents::names;
use crate::documents::status::Recorded;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};

/// A datacenter, and how it stands.
#[derive(Debug)]
pub struct Line<'a> {
    /// The datacenter.
    pub datacenter: &'a Datacenter,
    /// How it stands.
    pub standing: Standing,
    /// Whether its CassandraTask is created, or at work and observed: then it matters whether it is ready.
    is_concerned: bool,
}

/// How all datacenters stand: the targets in their order, then those former ones of which there is something to say.
pub fn lines<'a>(observation: &'a Observation<'_>, decision: &Decision<'a>) -> Vec<Line<'a>> {
    let targets = decision.targets.iter().map(|target| Line {
        datacenter: target.datacenter,
        standing: standing::of_target(observation, target.datacenter, &target.step),
        is_concerned: matches!(target.step, Step::Create(_))
            || is_observed_at_work(target.datacenter),
    });
    let former = observation.datacenters.iter().skip(decision.targets.len());
    let former = former.filter_map(|datacenter| {
        // One that is over and no target says nothing new.
        let standing = standing::of_started(observation, datacenter);
        let standing = standing.filter(|it| *it != Standing::Done || !datacenter.is_former)?;
        Some(Line {
            datacenter,
            standing,
            is_concerned: false,
        })
    });
    targets.chain(former).collect()
}

fn is_observed_at_work(datacenter: &Datacenter) -> bool {
    datacenter.is_active() && datacenter.child().is_some()
}

/// The message of `Running`: the cause first, then how all datacenters stand.
pub fn running(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> String {
    let cause = decision.waiting.as_ref().or(decision.refused.as_ref());
    let cause = cause.map(Waiting::to_string);
    let cause = cause.into_iter().filter(|cause| !cause.is_empty());
    let because = because(observation);
    let stand = joined(
        lines
            .iter()
            .map(|line| (line.datacenter, phrase(&because, line))),
    );
    cause
        .chain([stand])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// A sentence, for one datacenter or several.
enum Phrase {
    /// What several can share.
    Common(String, String),
    /// What is said of this one alone.
    Own(String),
}

fn phrase(because: &str, line: &Line<'_>) -> Phrase {
    let common = |one: &str, many: &str| Phrase::Common(one.to_owned(), many.to_owned());
    match &line.standing {
        Standing::Done => common("is done", "are done"),
        Standing::Failed => common("failed", "failed"),
        Standing::Cancelled => {
            let cancelled = format!("cancelled{because}");
            common(&cancelled, &cancelled)
        }
        Standing::Waiting(waiting) => match unready(line) {
            Some(unready) => Phrase::Own(format!("{waiting}; {unready}")),
            None => Phrase::Common(waiting.to_string(), waiting.plural()),
        },
    }
}

/// Why the remaining datacenters are cancelled.
fn because(observation: &Observation<'_>) -> String {
    let failed = observation.datacenters.iter().filter(|it| it.has_failed());
    let failed: Vec<&str> = failed.map(|it| it.name.as_str()).collect();
    if failed.is_empty() {
        String::new()
    } else {
        format!(" because {} failed", failed.join(", "))
    }
}

/// That a datacenter is not ready, as the cluster's status says: that may be why nothing moves, and the copy may be old.
fn unready(line: &Line<'_>) -> Option<String> {
    let declared = line
        .datacenter
        .declared
        .as_ref()
        .filter(|_| line.is_concerned)?;
    let name = &declared.name;
    if declared.is_stopped {
        return Some(format!("{name} is stopped, so the job will find no pods"));
    }
    Some(match declared.unready? {
        Unready::Since(Some(since)) => {
            format!("{name} is not Ready since {since} (K8ssandraCluster status)")
        }
        Unready::Since(None) => format!("{name} is not Ready (K8ssandraCluster status)"),
        Unready::Yet => format!("{name} is not Ready yet (K8ssandraCluster status)"),
    })
}

/// Whether a datacenter that is not ready is all that is to be said.
pub fn is_unready(lines: &[Line<'_>]) -> bool {
    lines.iter().any(|line| unready(line).is_some())
}

/// The datacenters in their order; those next to each other of whom the same can be said share it.
fn joined<'a>(phrases: impl Iterator<Item = (&'a Datacenter, Phrase)>) -> String {
    let mut parts: Vec<(Vec<&str>, Phrase)> = Vec::new();
    for (datacenter, phrase) in phrases {
        match (&phrase, parts.last_mut()) {
            (Phrase::Common(one, _), Some((names, Phrase::Common(last, _)))) if one == last => {
                names.push(&datacenter.name)
            }
            _ => parts.push((vec![&datacenter.name], phrase)),
        }
    }
    let said = parts.into_iter().map(|(names, phrase)| {
        let text = match phrase {
            Phrase::Common(_, many) if names.len() > 1 => many,
            Phrase::Common(text, _) | Phrase::Own(text) => text,
        };
        format!("{} {text}", names.join(", "))
    });
    said.collect::<Vec<_>>().join("; ")
}

/// The message of a True `Failed`: what failed and why, and what is cancelled. Where no datacenter says so any more, what was
/// recorded of it.
pub fn failures(observation: &Observation<'_>, decision: &Decision<'_>) -> String {
    let failed = observation
        .datacenters
        .iter()
        .filter(|datacenter| datacenter.has_failed());
    let failed: Vec<String> = failed.map(failure).collect();
    let recorded: &Recorded = &observation.task.recorded;
    if failed.is_empty() {
        let message = recorded
            .condition("Failed")
            .and_then(|it| it["message"].as_str());
        return message.unwrap_or_default().to_owned();
    }
    let cancelled = decision
        .targets
        .iter()
        .filter(|target| target.step == Step::Cancel);
    let cancelled: Vec<&str> = cancelled
        .map(|target| target.datacenter.name.as_str())
        .collect();
    let cancelled = (!cancelled.is_empty()).then(|| format!("{} cancelled", cancelled.join(", ")));
    failed
        .into_iter()
        .chain(cancelled)
        .collect::<Vec<_>>()
        .join("; ")
}

fn failure(datacenter: &Datacenter) -> String {
    let (name, progress) = (&datacenter.name, &datacenter.progress);
    if datacenter.state == State::Lost {
        return format!("{name} failed: {}", lost(datacenter));
    }
    let pods = match standing::failed_pods(progress).as_str() {
        "" => String::new(),
        pods => format!(" ({pods})"),
    };
    match progress.failure.as_deref() {
        None | Some("") => format!("{name} failed{pods}"),
        Some(message) => format!("{name} failed: {message}{pods}"),
    }
}

/// What is said of a CassandraTask that was deleted, or given up, before it completed.
pub fn lost(datacenter: &Datacenter) -> String {
    let recorded = datacenter
        .progress
        .failure
        .clone()
        .filter(|_| datacenter.progress.is_lost);
    let place = datacenter
        .place
        .as_ref()
        .map(|place| match &datacenter.found {
            Found::Abandoned(_) => {
                format!("CassandraTask {place} was given up ({})", names::ABANDON)
            }
            _ if !datacenter.progress.has_started => format!(
                "CassandraTask {place} is gone, and may have run while its context was unavailable"
            ),
            _ => format!("CassandraTask {place} was deleted before it completed"),
        });
    recorded
        .or(place)
        .unwrap_or_else(|| "its CassandraTask was deleted before it completed".to_owned())
}

/// The message of `Complete`.
pub fn complete(observation: &Observation<'_>) -> String {
    if !observation.targets.are_certain() {
        return "target datacenters cannot be determined".to_owned();
    }
    let count = |is: fn(&Datacenter) -> bool| observation.targets().filter(|it| is(it)).count();
    let (all, done, failed) = (
        count(|_| true),
        count(|it| it.state == State::Done && it.progress.is_complete),
        count(Datacenter::has_failed),
    );
    let plural = if all == 1 { "" } else { "s" };
    let mut message = format!("{done} of {all} datacenter{plural} complete");
    if failed > 0 {
        message.push_str(&format!(", {failed} failed"));
    }
    let former = observation
        .datacenters
        .iter()
        .filter(|it| it.is_former && it.is_active());
    let former: Vec<&str> = former.map(|it| it.name.as_str()).collect();
    if all > 0 && done == all && !former.is_empty() {
        message.push_str(&format!("; not complete before {} ends", former.join(", ")));
    }
    let empty = observation
        .targets()
        .filter(|it| standing::is_done_without_pods(observation, it));
    let empty: Vec<&str> = empty.map(|it| it.name.as_str()).collect();
    if !empty.is_empty() {
        message.push_str(&format!("; no pods were processed in {}", empty.join(", ")));
    }
    message
}
