//! The sentences for people: each datacenter and its move in, the messages of the conditions out.
//!
//! A message holds moments, never durations: it must not change by itself, or every look would be a write.

use crate::cassandra_task::CassandraTask;
use crate::patience::{self, Silence};
use crate::readiness;
use crate::sequence::Move;
use crate::situation::Situation;
use crate::status::CANCELLED;
use crate::targets::{Datacenter, Sight, Stage};
use crate::time::Time;

/// What is said of a datacenter.
enum Phrase {
    /// What several can share: for one, and for more.
    Common(&'static str, &'static str),
    /// What is said of this one alone, its name included.
    Own(String),
}

/// How all datacenters stand: "dc1 is running (2 of 3 pods); dc2, dc3 wait".
pub fn standing(situation: &Situation<'_>, moves: &[Move]) -> String {
    let targets = situation.targets.iter().zip(moves);
    let targets = targets.map(|(target, step)| {
        let phrase = phrase(situation, target, step);
        match readiness::unready(situation, target, step) {
            Some(unready) => {
                let said = joined([(target, phrase)].into_iter());
                (target, Phrase::Own(format!("{said}; {unready}")))
            }
            None => (target, phrase),
        }
    });
    let leftovers = situation.leftovers.iter();
    let leftovers =
        leftovers.filter_map(|leftover| Some((leftover, leftover_phrase(situation, leftover)?)));
    joined(targets.chain(leftovers))
}

/// How it ended: only the targets count for that, and a failure anywhere.
pub fn end(situation: &Situation<'_>, moves: &[Move]) -> String {
    let targets = situation.targets.iter().zip(moves);
    let targets = targets.map(|(target, step)| (target, phrase(situation, target, step)));
    let failed = situation
        .leftovers
        .iter()
        .filter(|leftover| leftover.has_failed());
    joined(targets.chain(failed.map(|leftover| (leftover, Phrase::Common("failed", "failed")))))
}

/// What failed, and what is cancelled for it: "dc1 failed: 1 pods failed during processing; dc2, dc3 cancelled". Where no
/// datacenter says so any more, what was recorded of it.
pub fn failures(situation: &Situation<'_>, moves: &[Move]) -> String {
    let failed = situation
        .datacenters()
        .filter(|datacenter| datacenter.has_failed());
    let failed = joined(failed.map(|datacenter| (datacenter, Phrase::Own(failure(datacenter)))));
    let recorded = &situation.task.recorded;
    let (failed, is_told) = match recorded.condition("Failed") {
        Some(known) if failed.is_empty() => {
            let message = known["message"].as_str().unwrap_or_default();
            (message.to_owned(), known["reason"] == CANCELLED)
        }
        _ => (failed, false),
    };
    let cancelled = situation
        .targets
        .iter()
        .zip(moves)
        .filter(|(_, step)| **step == Move::Cancelled && !is_told);
    let cancelled =
        joined(cancelled.map(|(target, _)| (target, Phrase::Common("cancelled", "cancelled"))));
    let said: Vec<String> = [failed, cancelled]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    said.join("; ")
}

fn failure(datacenter: &Datacenter<'_>) -> String {
    let name = &datacenter.name;
    if let Some(Stage::Lost(place)) = &datacenter.stage {
        return format!("{name} failed: CassandraTask {place} was deleted before it completed");
    }
    let errors = errors(datacenter);
    match datacenter.progress.failure.as_deref() {
        None | Some("") => format!("{name} failed{errors}"),
        Some(message) => format!("{name} failed: {message}{errors}"),
    }
}

/// What the first pods that failed say: there may be hundreds.
fn errors(datacenter: &Datacenter<'_>) -> String {
    let errors = datacenter.progress.errors.iter().take(3);
    let errors: Vec<String> = errors.map(|(pod, why)| format!("{pod}: {why}")).collect();
    if errors.is_empty() {
        String::new()
    } else {
        format!(" ({})", errors.join(", "))
    }
}

/// The datacenters in their order; those next to each other of whom the same can be said share it.
fn joined<'a>(phrases: impl Iterator<Item = (&'a Datacenter<'a>, Phrase)>) -> String {
    let mut parts: Vec<(Vec<&str>, Phrase)> = Vec::new();
    for (datacenter, phrase) in phrases {
        match (&phrase, parts.last_mut()) {
            (Phrase::Common(one, _), Some((names, Phrase::Common(last, _)))) if one == last => {
                names.push(&datacenter.name);
            }
            _ => parts.push((vec![&datacenter.name], phrase)),
        }
    }
    let said: Vec<String> = parts
        .into_iter()
        .map(|(names, phrase)| match phrase {
            Phrase::Common(one, _) if names.len() == 1 => format!("{} {one}", names.join(", ")),
            Phrase::Common(_, more) => format!("{} {more}", names.join(", ")),
            Phrase::Own(text) => text,
        })
        .collect();
    said.join("; ")
}

fn phrase(situation: &Situation<'_>, target: &Datacenter<'_>, step: &Move) -> Phrase {
    let name = &target.name;
    match step {
        Move::Create(_) => created(name, template_schedule(situation)),
        Move::Cancelled => Phrase::Common("cancelled", "cancelled"),
        Move::Unseen(blind) => Phrase::Own(format!("{name} waits: {}", blind.text())),
        Move::Wait => Phrase::Common("waits", "wait"),
        Move::Begun(stage) => begun(situation, target, stage),
    }
}

fn leftover_phrase(situation: &Situation<'_>, leftover: &Datacenter<'_>) -> Option<Phrase> {
    match leftover.stage.as_ref()? {
        // The targets are what counts; one that is over and no target says nothing new.
        Stage::Done if situation.is_resolved => None,
        stage => Some(begun(situation, leftover, stage)),
    }
}

fn begun(situation: &Situation<'_>, datacenter: &Datacenter<'_>, stage: &Stage) -> Phrase {
    match (stage, &datacenter.sight) {
        (Stage::Done, _) => Phrase::Common("is done", "are done"),
        (Stage::Failed | Stage::Lost(_), _) => Phrase::Common("failed", "failed"),
        (Stage::Running | Stage::Failing, Sight::Found(child)) => {
            at_work(situation, datacenter, child)
        }
        (Stage::Running | Stage::Failing, _) => Phrase::Own(last_seen(datacenter)),
    }
}

fn at_work(
    situation: &Situation<'_>,
    datacenter: &Datacenter<'_>,
    child: &CassandraTask,
) -> Phrase {
    let name = &datacenter.name;
    if child.is_being_deleted() {
        let since = child
            .deleted()
            .map_or_else(String::new, |time| format!(" since {time}"));
        return Phrase::Own(format!("{name} is being deleted{since}"));
    }
    match patience::silence(datacenter, situation.now) {
        Some(Silence::Stuck(since)) => Phrase::Own(format!(
            "{name}: CassandraTask {} has had no status since {since}: is cass-operator running there, or does another \
             task hold the datacenter?",
            child.place(name)
        )),
        Some(Silence::Patient(_)) => created(name, child.scheduled()),
        None => Phrase::Own(format!("{name} is running{}", pods(datacenter))),
    }
}

fn last_seen(datacenter: &Datacenter<'_>) -> String {
    let (name, known) = (&datacenter.name, unseen(datacenter));
    match &datacenter.sight {
        Sight::Blind(blind) => format!("{name} {known}: {}", blind.text()),
        _ => format!("{name} {known}"),
    }
}

/// What is known of one that counts as at work, and is not seen.
pub fn unseen(datacenter: &Datacenter<'_>) -> &'static str {
    if datacenter.progress.has_begun {
        "was last seen running"
    } else {
        // Recorded before it was created.
        "may have been created"
    }
}

/// As true when its CassandraTask is about to be created as when it is there.
fn created(name: &str, scheduled: Option<Time>) -> Phrase {
    match scheduled {
        Some(time) => Phrase::Own(format!("{name} is scheduled for {time}")),
        None => Phrase::Common("has not started", "have not started"),
    }
}

fn pods(datacenter: &Datacenter<'_>) -> String {
    let [_, succeeded, _] = datacenter.progress.counts;
    match datacenter.progress.pods {
        Some((done, all)) => format!(" ({done} of {all} pods)"),
        None if succeeded > 0 => format!(" ({succeeded} pods done)"),
        None => String::new(),
    }
}

fn template_schedule(situation: &Situation<'_>) -> Option<Time> {
    let spec = situation.task.spec.as_ref().ok()?;
    spec.template()
        .get("scheduledTime")?
        .as_str()
        .and_then(Time::parse)
}
