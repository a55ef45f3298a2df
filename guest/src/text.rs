//! The sentences for people: each datacenter and its move in, the messages of the conditions and a plan's reasons out.
//!
//! A message holds moments, never durations: it must not change by itself, or every look would be a write.

use crate::patience::{self, Silence};
use crate::sequence::Move;
use crate::situation::Situation;
use crate::targets::{Datacenter, Sight, State};
use crate::time::Time;
use crate::view::{blind_reason, blind_text};

/// What is said of a datacenter.
enum Phrase {
    /// What several can share: for one, and for more.
    Common(&'static str, &'static str),
    /// What is said of this one alone, its name included.
    Own(String),
    /// Nothing.
    Silent,
}

/// How all datacenters stand: "dc1 is running (2 of 3 pods); dc2, dc3 wait".
pub fn standing(situation: &Situation<'_>, moves: &[Move]) -> String {
    let targets = situation.targets.iter().zip(moves);
    let targets = targets.map(|(target, step)| (target, phrase(situation, target, *step)));
    let leftovers = situation.leftovers.iter();
    let leftovers = leftovers.map(|leftover| (leftover, leftover_phrase(situation, leftover)));
    joined(targets.chain(leftovers))
}

/// How it ended: only the targets count for that, and a failure anywhere.
pub fn end(situation: &Situation<'_>, moves: &[Move]) -> String {
    let targets = situation.targets.iter().zip(moves);
    let targets = targets.map(|(target, step)| (target, phrase(situation, target, *step)));
    let failed = situation
        .leftovers
        .iter()
        .filter(|leftover| leftover.state.has_failed());
    joined(targets.chain(failed.map(|leftover| (leftover, Phrase::Common("failed", "failed")))))
}

/// What failed, and what is cancelled for it: "dc1 failed: 1 pods failed during processing; dc2, dc3 cancelled".
pub fn failures(situation: &Situation<'_>, moves: &[Move]) -> String {
    let failed = situation
        .datacenters()
        .filter(|datacenter| datacenter.state.has_failed());
    let failed = failed.map(|datacenter| (datacenter, Phrase::Own(failure(datacenter))));
    let cancelled = situation
        .targets
        .iter()
        .zip(moves)
        .filter(|(_, step)| **step == Move::Cancelled);
    let cancelled = cancelled.map(|(target, _)| (target, Phrase::Common("cancelled", "cancelled")));
    joined(failed.chain(cancelled))
}

fn failure(datacenter: &Datacenter<'_>) -> String {
    let name = &datacenter.name;
    if datacenter.state == State::Lost {
        return match &datacenter.place {
            Some(place) => {
                format!("{name} failed: CassandraTask {place} was deleted before it completed")
            }
            None => format!("{name} failed: its CassandraTask was deleted before it completed"),
        };
    }
    match datacenter.progress.failure.as_deref() {
        None | Some("") => format!("{name} failed"),
        Some(message) => format!("{name} failed: {message}"),
    }
}

/// The datacenters in their order; those next to each other of whom the same can be said share it.
fn joined<'a>(phrases: impl Iterator<Item = (&'a Datacenter<'a>, Phrase)>) -> String {
    let mut parts: Vec<(Vec<&str>, Phrase)> = Vec::new();
    for (datacenter, phrase) in phrases {
        match (&phrase, parts.last_mut()) {
            (Phrase::Silent, _) => {}
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
            Phrase::Silent => String::new(),
        })
        .collect();
    said.join("; ")
}

fn phrase(situation: &Situation<'_>, target: &Datacenter<'_>, step: Move) -> Phrase {
    let name = &target.name;
    match step {
        Move::Create => Phrase::Own(created(name, template_schedule(situation))),
        Move::Cancelled => Phrase::Common("cancelled", "cancelled"),
        Move::Unseen => match &target.sight {
            Sight::Blind(context, why) => Phrase::Own(format!(
                "{name} waits: {}",
                blind_text(context.as_deref(), why)
            )),
            _ => Phrase::Common("waits", "wait"),
        },
        Move::Wait => Phrase::Common("waits", "wait"),
        Move::Begun => begun(situation, target),
    }
}

fn leftover_phrase(situation: &Situation<'_>, leftover: &Datacenter<'_>) -> Phrase {
    match leftover.state {
        // The targets are what counts; those that are over and no targets say nothing new.
        State::Gone | State::Done | State::Pending | State::Lost if situation.is_resolved => {
            Phrase::Silent
        }
        State::Gone => Phrase::Silent,
        _ => begun(situation, leftover),
    }
}

fn begun(situation: &Situation<'_>, datacenter: &Datacenter<'_>) -> Phrase {
    let name = &datacenter.name;
    match datacenter.state {
        State::Done => Phrase::Common("is done", "are done"),
        State::Failed | State::Lost => Phrase::Common("failed", "failed"),
        State::Pending => Phrase::Common("waits", "wait"),
        State::Gone => Phrase::Silent,
        State::Running | State::Failing => Phrase::Own(match &datacenter.sight {
            Sight::Found(child) => match patience::silence(datacenter, situation.now) {
                Some(Silence::Stuck(since)) => stuck(datacenter, since),
                Some(Silence::Patient(_)) => created(name, child.scheduled()),
                None => format!("{name} is running{}", pods(datacenter)),
            },
            Sight::Blind(context, why) => {
                format!(
                    "{name} was last seen running: {}",
                    blind_text(context.as_deref(), why)
                )
            }
            Sight::Stranger(_) | Sight::Unplaced | Sight::Absent => {
                format!("{name} was last seen running")
            }
        }),
    }
}

fn created(name: &str, scheduled: Option<Time>) -> String {
    match scheduled {
        Some(time) => format!("{name}: CassandraTask created, scheduled for {time}"),
        None => format!("{name}: CassandraTask created, not started"),
    }
}

fn stuck(datacenter: &Datacenter<'_>, since: Time) -> String {
    let place = datacenter
        .place
        .as_ref()
        .map(|place| format!(" {place}"))
        .unwrap_or_default();
    format!(
        "{}: CassandraTask{place} has had no status since {since}: is cass-operator running there, or does another task \
         hold the datacenter?",
        datacenter.name
    )
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
    let template = situation.task.spec.as_ref().ok()?.template()?;
    template
        .get("scheduledTime")?
        .as_str()
        .and_then(Time::parse)
}

/// What is waited for, for whom and since when, a sentence each.
pub fn reasons(situation: &Situation<'_>, moves: &[Move]) -> Vec<String> {
    let mut reasons = Vec::new();
    for (index, datacenter) in situation.datacenters().enumerate() {
        let name = &datacenter.name;
        match (moves.get(index), &datacenter.place) {
            (Some(Move::Create), Some(place)) => {
                reasons.push(format!("{name}: creates CassandraTask {place}"))
            }
            (Some(Move::Wait), _) => reasons.push(format!("{name}: waits for its turn")),
            (Some(Move::Cancelled), _) => reasons.push(format!(
                "{name}: cancelled, since another datacenter failed"
            )),
            (Some(Move::Unseen), _) => reasons.extend(blindness(datacenter)),
            _ if datacenter.state.is_active() => reasons.push(wait(datacenter)),
            _ => {}
        }
        let flaws = datacenter.progress.flaws.iter();
        reasons.extend(flaws.map(|flaw| format!("{name}: in its CassandraTask, {flaw}")));
    }
    reasons
}

fn blindness(datacenter: &Datacenter<'_>) -> Option<String> {
    match &datacenter.sight {
        Sight::Blind(context, why) => Some(format!(
            "{}: {}",
            datacenter.name,
            blind_reason(context.as_deref(), why)
        )),
        _ => None,
    }
}

fn wait(datacenter: &Datacenter<'_>) -> String {
    if let Some(reason) = blindness(datacenter) {
        return reason;
    }
    let place = datacenter
        .place
        .as_ref()
        .map(|place| format!(" {place}"))
        .unwrap_or_default();
    let due = match &datacenter.sight {
        Sight::Found(child) => child.due(),
        _ => None,
    };
    let (aim, since) = match (datacenter.progress.has_begun, datacenter.progress.start) {
        (true, start) => ("to complete", start),
        (false, _) => ("to start", due),
    };
    let since = since
        .map(|time| format!(", since {time}"))
        .unwrap_or_default();
    format!(
        "{}: waits for CassandraTask{place} {aim}{since}",
        datacenter.name
    )
}
