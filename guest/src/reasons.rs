//! Why a plan is what it is, for people: what is waited for, for whom and since when, a sentence each.
//!
//! Unlike a status, a reason may hold what changes from one look to the next.

use crate::sequence::{Concurrency, Move};
use crate::situation::Situation;
use crate::status::Hold;
use crate::targets::{Datacenter, Sight};
use crate::text;
use crate::time::Time;

/// What the sentences on all datacenters share.
struct Circumstances {
    /// Since when those that have not begun wait: ` since …`, or nothing where that is not known.
    turn: String,
    /// What those wait for whose turn has not come.
    awaited: Option<String>,
    /// Which failed.
    failed: String,
}

/// The sentences on the datacenters. The hold is what keeps any from being created.
pub fn reasons(situation: &Situation<'_>, moves: &[Move], hold: Option<&Hold>) -> Vec<String> {
    let turn = since(turn(situation));
    let awaited = match hold {
        Some(hold) => Some(format!("{turn}: {}", hold.text)),
        None => ahead(situation, moves, &turn).map(|ahead| format!(" for {ahead}")),
    };
    let all = &Circumstances {
        turn,
        awaited,
        failed: failed(situation),
    };
    let targets = situation.targets.iter().zip(moves);
    let targets = targets.map(|(target, step)| (target, reason(target, step, all)));
    let leftovers = situation.leftovers.iter();
    let leftovers = leftovers.map(|leftover| (leftover, wait(leftover, all)));
    targets
        .chain(leftovers)
        .flat_map(|(datacenter, said)| said.into_iter().chain(flaws(datacenter)))
        .collect()
}

/// When the turn came of whatever comes next: when the task was created, or under Forbid when the last one ended.
fn turn(situation: &Situation<'_>) -> Option<Time> {
    let ends = situation.datacenters().filter_map(|it| it.progress.end);
    let last = ends
        .max()
        .filter(|_| situation.concurrency == Some(Concurrency::Forbid));
    last.or(situation.task.metadata.created())
}

/// Which datacenters failed.
fn failed(situation: &Situation<'_>) -> String {
    let failed = situation.datacenters().filter(|it| it.has_failed());
    let names: Vec<&str> = failed.map(|it| it.name.as_str()).collect();
    match names[..] {
        // It was seen to before.
        [] => "another datacenter".to_owned(),
        _ => names.join(", "),
    }
}

fn reason(target: &Datacenter<'_>, step: &Move, all: &Circumstances) -> Option<String> {
    let (name, turn, failed) = (&target.name, &all.turn, &all.failed);
    match step {
        Move::Create(place) => Some(format!("{name}: creates CassandraTask {place}")),
        Move::Wait => {
            let awaited = all.awaited.as_ref();
            awaited.map(|awaited| format!("{name}: waits{awaited}"))
        }
        Move::Cancelled => Some(format!("{name}: cancelled, since {failed} failed")),
        Move::Unseen(blind) => {
            let why = blind.reason();
            Some(format!("{name}: waits to be created{turn}: {why}"))
        }
        Move::Begun(_) => wait(target, all),
    }
}

/// The datacenter whose turn it is, and how it stands: one that is at work, or else the first that is to be created.
fn ahead(situation: &Situation<'_>, moves: &[Move], turn: &str) -> Option<String> {
    let at_work = situation.datacenters().find(|it| it.is_active());
    let at_work = at_work.map(|it| format!("{}, which {}", it.name, standing(it)));
    let mut targets = situation.targets.iter().zip(moves);
    at_work.or_else(|| {
        targets.find_map(|(target, step)| match step {
            Move::Create(_) => Some(format!("{}, which is being created", target.name)),
            Move::Unseen(blind) => Some(format!(
                "{}, which waits to be created{turn}: {}",
                target.name,
                blind.reason()
            )),
            _ => None,
        })
    })
}

/// How one stands that is at work.
fn standing(datacenter: &Datacenter<'_>) -> String {
    let progress = &datacenter.progress;
    match &datacenter.sight {
        Sight::Found(child) if child.is_being_deleted() => {
            format!("is being deleted{}", since(child.deleted()))
        }
        Sight::Found(_) if progress.has_begun => format!("is running{}", since(progress.start)),
        Sight::Found(child) => match child.scheduled() {
            Some(time) => format!("is scheduled for {time}"),
            None => format!("has not started{}", since(child.due())),
        },
        Sight::Blind(blind) => format!("{}: {}", text::unseen(datacenter), blind.reason()),
        _ => text::unseen(datacenter).to_owned(),
    }
}

/// What one that is at work is waited for.
fn wait(datacenter: &Datacenter<'_>, all: &Circumstances) -> Option<String> {
    if !datacenter.is_active() {
        return None;
    }
    let name = &datacenter.name;
    let progress = &datacenter.progress;
    let aim = match progress.has_begun {
        true => format!("to complete{}", since(progress.start)),
        false => "to start".to_owned(),
    };
    Some(match &datacenter.sight {
        Sight::Found(child) => {
            let aim = match child.scheduled() {
                _ if child.is_being_deleted() => format!("to go{}", since(child.deleted())),
                _ if progress.has_begun => aim,
                Some(time) => format!("{aim} at {time}"),
                None => format!("{aim}{}", since(child.due())),
            };
            let pods: String = progress.working.iter().map(pod).collect();
            format!(
                "{name}: waits for CassandraTask {} {aim}{pods}",
                child.place(name)
            )
        }
        Sight::Blind(blind) => {
            let turn = if progress.has_begun { "" } else { &all.turn };
            let why = blind.reason();
            format!("{name}: waits for its CassandraTask {aim}{turn}: {why}")
        }
        _ => format!("{name}: waits for its CassandraTask {aim}"),
    })
}

fn pod((name, start): &(String, Option<Time>)) -> String {
    format!("; pod {name}{}", since(*start))
}

fn since(time: Option<Time>) -> String {
    time.map_or_else(String::new, |time| format!(" since {time}"))
}

fn flaws<'a>(datacenter: &'a Datacenter<'_>) -> impl Iterator<Item = String> + 'a {
    let name = &datacenter.name;
    let flaws = datacenter.progress.flaws.iter();
    flaws.map(move |flaw| format!("{name}: in its CassandraTask, {flaw}"))
}
