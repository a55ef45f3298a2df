//! Why a plan is what it is, for people: what is waited for, for whom and since when, a sentence each.

use crate::sequence::Move;
use crate::situation::Situation;
use crate::targets::{Datacenter, Sight};

/// The sentences on the datacenters.
pub fn reasons(situation: &Situation<'_>, moves: &[Move]) -> Vec<String> {
    let targets = situation.targets.iter().zip(moves);
    let targets = targets.map(|(target, step)| (target, reason(target, step)));
    let leftovers = situation.leftovers.iter();
    let leftovers = leftovers.map(|leftover| (leftover, wait(leftover)));
    targets
        .chain(leftovers)
        .flat_map(|(datacenter, said)| said.into_iter().chain(flaws(datacenter)))
        .collect()
}

fn reason(target: &Datacenter<'_>, step: &Move) -> Option<String> {
    let name = &target.name;
    match step {
        Move::Create(place) => Some(format!("{name}: creates CassandraTask {place}")),
        Move::Wait => Some(format!("{name}: waits for its turn")),
        Move::Cancelled => Some(format!(
            "{name}: cancelled, since another datacenter failed"
        )),
        Move::Unseen(blind) => Some(format!("{name}: {}", blind.reason())),
        Move::Begun(_) => wait(target),
    }
}

fn flaws<'a>(datacenter: &'a Datacenter<'_>) -> impl Iterator<Item = String> + 'a {
    let name = &datacenter.name;
    let flaws = datacenter.progress.flaws.iter();
    flaws.map(move |flaw| format!("{name}: in its CassandraTask, {flaw}"))
}

fn wait(datacenter: &Datacenter<'_>) -> Option<String> {
    if !datacenter.is_active() {
        return None;
    }
    let name = &datacenter.name;
    let child = match &datacenter.sight {
        Sight::Blind(blind) => return Some(format!("{name}: {}", blind.reason())),
        Sight::Found(child) => Some(child),
        _ => None,
    };
    let place = child.map_or_else(String::new, |child| format!(" {}", child.place(name)));
    let (aim, since) = match (datacenter.progress.has_begun, datacenter.progress.start) {
        (true, start) => ("to complete", start),
        (false, _) => ("to start", child.and_then(|child| child.due())),
    };
    let since = since.map_or_else(String::new, |time| format!(", since {time}"));
    Some(format!(
        "{name}: waits for CassandraTask{place} {aim}{since}"
    ))
}
