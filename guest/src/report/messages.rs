//! The sentences for people: how each datacenter stands in, the messages of the conditions and a plan's reasons out.
//!
//! A message holds points in time, never durations: it must not change by itself, or every call would be a write.

use crate::contract::{Failure, Operation, Reason};
use crate::decision::sequence::{Step, Target};
use crate::decision::standing::{self, Standing};
use crate::decision::waiting::{Refusal, Waiting, is_refused};
use crate::decision::{Decision, Validity};
use crate::documents::cluster::Unready;
use crate::documents::names;
use crate::observation::Observation;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::Place;

/// The reason of a True `Invalid`, of its event, and of a plan.
pub const INVALID_SPEC: &str = "InvalidSpec";

/// A datacenter, and how it stands.
#[derive(Debug)]
pub struct Line<'a> {
    pub datacenter: &'a Datacenter,
    /// That it is not ready, where its CassandraTask is created, or at work and observed.
    pub unready: Option<String>,
    standing: Standing,
}

/// How all datacenters stand: the targets in their order, then those former ones of which there is something to say.
pub fn lines<'a>(observation: &'a Observation<'_>, decision: &Decision<'a>) -> Vec<Line<'a>> {
    let targets = decision.targets.iter().map(|Target { datacenter, step }| {
        let is_at_work = datacenter.is_active() && datacenter.child().is_some();
        let is_concerned = is_at_work || *step == Step::Create;
        Line {
            datacenter,
            unready: unready(datacenter).filter(|_| is_concerned),
            standing: standing::of_target(observation, datacenter, step),
        }
    });
    let former = observation.datacenters.iter().skip(decision.targets.len());
    let former = former.filter_map(|datacenter| {
        let standing = standing::of_started(observation, datacenter)?;
        // One that is over and no target says nothing new.
        let is_news = standing != Standing::Done || !datacenter.is_former;
        is_news.then_some(Line {
            datacenter,
            unready: None,
            standing,
        })
    });
    targets.chain(former).collect()
}

impl Line<'_> {
    /// What it waits for, if it does.
    pub fn waiting(&self) -> Option<&Waiting> {
        match &self.standing {
            Standing::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }

    /// What is said of it, after its name.
    fn predicate(&self, because: &str) -> String {
        match (&self.standing, &self.unready) {
            (Standing::Done, _) => "is done".to_owned(),
            (Standing::Failed, _) => "failed".to_owned(),
            (Standing::Cancelled, _) => format!("cancelled{because}"),
            (Standing::Waiting(waiting), Some(unready)) => format!("{waiting}; {unready}"),
            (Standing::Waiting(waiting), None) => waiting.to_string(),
        }
    }
}

/// That a datacenter is not ready, as the cluster's status says: that may be why nothing moves, and the copy may be old.
fn unready(datacenter: &Datacenter) -> Option<String> {
    let declared = datacenter.declared.as_ref()?;
    let name = &declared.name;
    if declared.is_stopped {
        return Some(format!("{name} is stopped, so the job will find no pods"));
    }
    let since = match declared.unready? {
        Unready::Since(Some(since)) => format!(" since {since}"),
        Unready::Since(None) => String::new(),
        Unready::Yet => " yet".to_owned(),
    };
    Some(format!(
        "{name} is not Ready{since} (K8ssandraCluster status)"
    ))
}

/// The message of `Running`: the cause first, then how all datacenters stand. Those next to each other of whom the same can be said
/// share it.
pub fn running(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> String {
    let cause = decision.causes().next();
    let failed = observation.datacenters.iter().filter(|it| it.has_failed());
    let because = names(failed).map(|failed| format!(" because {failed} failed"));
    let because = because.unwrap_or_default();
    let said: Vec<(&Datacenter, String)> = lines
        .iter()
        .map(|line| (line.datacenter, line.predicate(&because)))
        .collect();
    let stand = said
        .chunk_by(|(_, one), (_, next)| one == next)
        .filter_map(|group| {
            let (_, text) = group.first()?;
            let names = names(group.iter().map(|(datacenter, _)| *datacenter))?;
            let text = if group.len() > 1 {
                plural(text)
            } else {
                text.clone()
            };
            Some(format!("{names} {text}"))
        });
    let parts = cause.map(Waiting::to_string).into_iter().chain(stand);
    parts.collect::<Vec<_>>().join("; ")
}

/// The same of several datacenters.
fn plural(text: &str) -> String {
    let verbs = [("waits", "wait"), ("has ", "have "), ("is ", "are ")];
    let plural = verbs.iter().find_map(|(one, many)| {
        let rest = text.strip_prefix(one)?;
        Some(format!("{many}{rest}"))
    });
    plural.unwrap_or_else(|| text.to_owned())
}

/// The names of datacenters, separated by commas; `None` if there are none.
fn names<'d>(datacenters: impl Iterator<Item = &'d Datacenter>) -> Option<String> {
    let names: Vec<&str> = datacenters.map(|it| it.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The message of a True `Failed`: what failed and why, and what is cancelled. Where no datacenter says so any more, what was
/// recorded of it.
pub fn failures(observation: &Observation<'_>, decision: &Decision<'_>) -> String {
    let failed = observation.datacenters.iter().filter(|it| it.has_failed());
    let mut parts: Vec<String> = failed.map(failure).collect();
    if parts.is_empty() {
        let recorded = observation.task.recorded.condition("Failed");
        let message = recorded.and_then(|condition| condition["message"].as_str());
        return message.unwrap_or_default().to_owned();
    }
    let cancelled = decision.targets.iter().filter(|it| it.step == Step::Cancel);
    let cancelled = names(cancelled.map(|target| target.datacenter));
    parts.extend(cancelled.map(|names| format!("{names} cancelled")));
    parts.join("; ")
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
    let progress = &datacenter.progress;
    if let Some(recorded) = progress.failure.as_ref().filter(|_| progress.is_lost) {
        return recorded.clone();
    }
    let what = match &datacenter.found {
        Found::Abandoned(_) => &format!("was given up ({})", names::ABANDON),
        _ if progress.has_started => "was deleted before it completed",
        _ => "is gone, and may have run while its context was unavailable",
    };
    match &datacenter.place {
        Some(place) => format!("CassandraTask {place} {what}"),
        None => format!("its CassandraTask {what}"),
    }
}

pub fn complete(observation: &Observation<'_>) -> String {
    if !observation.targets.are_certain() {
        return "target datacenters cannot be determined".to_owned();
    }
    let count = |is: fn(&Datacenter) -> bool| observation.targets().filter(|it| is(it)).count();
    let all = observation.targets.places.len();
    let done = count(|it| it.state == State::Done && it.progress.is_complete);
    let failed = count(Datacenter::has_failed);
    let failed = (failed > 0).then(|| format!(", {failed} failed"));
    let is_at_work = |it: &&Datacenter| it.is_former && it.is_active();
    let former = names(observation.datacenters.iter().filter(is_at_work))
        .filter(|_| done == all)
        .map(|names| format!("; not complete before {names} ends"));
    let is_empty = |it: &&Datacenter| standing::is_done_without_pods(observation, it);
    let empty = names(observation.targets().filter(is_empty))
        .map(|names| format!("; no pods were processed in {names}"));
    let plural = if all == 1 { "" } else { "s" };
    let notes: String = [failed, former, empty].into_iter().flatten().collect();
    format!("{done} of {all} datacenter{plural} complete{notes}")
}

/// The reasons of a plan: what the whole task waits for, then what each datacenter does; and what has failed in passing.
pub fn reasons(
    observation: &Observation<'_>,
    decision: &Decision<'_>,
    lines: &[Line<'_>],
) -> Vec<Reason> {
    let invalid = match &decision.validity {
        Validity::Invalid(problems) => Some(note(INVALID_SPEC, problems.clone())),
        _ => None,
    };
    let datacenters = lines.iter().filter_map(|line| {
        let (datacenter, waiting) = (line.datacenter, line.waiting()?);
        Some(Reason {
            about: datacenter.place.as_ref().map(Place::reference),
            message: format!("{} {waiting}", datacenter.name),
            ..of_task(waiting)
        })
    });
    let reasons = invalid.into_iter().chain(decision.causes().map(of_task));
    let reasons = reasons.chain(datacenters).chain(passing(observation));
    reasons.collect()
}

/// What has failed and is not reported otherwise: it passes by itself, or there is no status to report it in.
pub fn passing(observation: &Observation<'_>) -> impl Iterator<Item = Reason> {
    let is_reported = |it: &Failure| it.object.gvk == names::cassandra_task() && is_refused(it);
    let failures = observation.failures.iter();
    failures.filter(move |it| !is_reported(it)).map(|failure| {
        let verb = match failure.operation {
            Operation::Create => "create",
            Operation::Delete => "delete",
            Operation::PatchMetadata => "patch the metadata of",
            Operation::SetStatus => "set the status of",
        };
        let object = &failure.object;
        let (kind, name) = (&object.gvk.kind, &object.name);
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let refusal = Refusal::of(failure);
        Reason {
            about: Some(object.clone()),
            code: failure.reason.clone(),
            message: format!("failed to {verb} {kind} {namespace}.{name}: {refusal}"),
            since: Some(failure.first),
        }
    })
}

/// What the whole task waits for.
pub fn of_task(waiting: &Waiting) -> Reason {
    Reason {
        since: waiting.since().map(|since| since.millis()),
        ..note(waiting.code(), waiting.to_string())
    }
}

/// Something that is said of the task itself.
pub fn note(code: &str, message: String) -> Reason {
    Reason {
        about: None,
        code: code.to_owned(),
        message,
        since: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::time::Time;

    #[test]
    fn a_reason_says_since_when_in_milliseconds() {
        let ended = Some(Time::from_millis(1_500));
        let reason = of_task(&Waiting::NotComplete { ended });
        assert_eq!(
            (reason.code.as_str(), reason.since),
            ("NotComplete", Some(1_500))
        );
    }
}
